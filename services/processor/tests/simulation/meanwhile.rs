//! What others do while somebody waits for the log.
//!
//! A thread of the processor that waits for the log holds up no other thread. In a simulation there is one thread, so the call itself lets some
//! others go on, at its beginning and at its end.

use std::cell::RefCell;

use crate::{executor::Executor, prng::Prng};

struct Others {
    executor: Executor,
    rng: Prng,
}

thread_local! {
    static OTHERS: RefCell<Option<Others>> = const { RefCell::new(None) };
}

/// From now on calls of the log let tasks of this executor go on, by the numbers of `seed`.
pub fn begin(executor: &Executor, seed: u64) {
    OTHERS.with(|others| *others.borrow_mut() = Some(Others { executor: executor.clone(), rng: Prng::new(seed) }));
}

/// From now on they do not.
pub fn end() {
    let others = OTHERS.with(|others| others.borrow_mut().take());
    drop(others);
}

/// Somebody waits for the log. Whoever goes on meanwhile has nobody go on in turn.
pub fn go_on() {
    let Some(mut others) = OTHERS.with(|others| others.borrow_mut().take()) else { return };
    if others.rng.chance(30) {
        for _ in 0..1 + others.rng.below(4) {
            let ready = others.executor.ready();
            if ready.is_empty() {
                break;
            }
            others.executor.poll(ready[others.rng.below(ready.len())]);
        }
    }
    OTHERS.with(|place| *place.borrow_mut() = Some(others));
}
