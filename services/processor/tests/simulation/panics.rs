//! Panics that the processor has caught: there must be none.

use std::{cell::RefCell, panic, sync::Once};

thread_local! {
    static SEEN: RefCell<Vec<String>> = const { RefCell::new(Vec::new()) };
}

/// From now on panics are seen.
pub fn watch() {
    static ONCE: Once = Once::new();
    ONCE.call_once(|| {
        let others = panic::take_hook();
        panic::set_hook(Box::new(move |info| {
            SEEN.with(|seen| seen.borrow_mut().push(info.to_string()));
            others(info);
        }));
    });
    forget();
}

/// Those of this thread.
pub fn seen() -> Vec<String> {
    SEEN.with(|seen| seen.borrow().clone())
}

/// A new simulation begins on this thread.
pub fn forget() {
    SEEN.with(|seen| seen.borrow_mut().clear());
}
