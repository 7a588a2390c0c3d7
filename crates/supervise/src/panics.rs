//! Panics that are caught. Each is logged in one line.

use std::{
    any::Any,
    cell::{Cell, RefCell},
    fmt,
    panic::{AssertUnwindSafe, catch_unwind},
};

thread_local! {
    /// How many scopes this thread is in whose panics are caught and told by the scope.
    static SCOPES: Cell<u32> = const { Cell::new(0) };
    /// Where the last panic of this thread came from.
    static PLACE: RefCell<Option<String>> = const { RefCell::new(None) };
}

/// What a panic said.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Panicked {
    /// The panic's message.
    pub text: String,
    /// File and line of the panic; known only after [`install_hook`] was called.
    pub place: Option<String>,
}

impl fmt::Display for Panicked {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.place {
            Some(place) => write!(formatter, "{} (at {place})", self.text),
            None => formatter.write_str(&self.text),
        }
    }
}

/// From now on panics are log lines, not texts on standard error. A panic that a part catches is logged once, by the part, with its name.
pub fn install_hook() {
    std::panic::set_hook(Box::new(|info| {
        let place = info.location().map(ToString::to_string).unwrap_or_default();
        PLACE.with_borrow_mut(|last| *last = Some(place.clone()));
        if SCOPES.get() == 0 {
            tracing::error!(place, thread = std::thread::current().name(), "panicked: {}", text_of(info.payload()));
        }
    }));
}

/// Runs something. If it panics, gives what the panic said; the caller logs it.
pub(crate) fn caught<T>(run: impl FnOnce() -> T) -> Result<T, Panicked> {
    SCOPES.set(SCOPES.get() + 1);
    PLACE.with_borrow_mut(|last| *last = None);
    let result = catch_unwind(AssertUnwindSafe(run));
    SCOPES.set(SCOPES.get() - 1);
    result.map_err(|panic| match panic.downcast::<Panicked>() {
        // The panic was caught before on another thread, and goes on here.
        Ok(panicked) => *panicked,
        Err(panic) => Panicked { text: text_of(&*panic), place: PLACE.with_borrow_mut(Option::take) },
    })
}

/// The message of a panic.
fn text_of(panic: &(dyn Any + Send)) -> String {
    let text = panic.downcast_ref::<String>().cloned();
    text.or_else(|| panic.downcast_ref::<&str>().map(|text| (*text).to_owned())).unwrap_or_else(|| "no message".to_owned())
}
