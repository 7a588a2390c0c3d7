//! Work on several partitions at a time: on a broker each of them waits most of the time.

use std::{
    panic,
    sync::atomic::{AtomicUsize, Ordering},
    thread,
};

/// What `work` gives for each item, in their order. At most `max` of them are worked on at a time, each on a thread of its own; one at a time is
/// worked on by the caller.
pub fn side_by_side<T: Sync, R: Send>(items: &[T], max: usize, work: impl Fn(&T) -> R + Sync) -> Vec<R> {
    if max <= 1 {
        return items.iter().map(work).collect();
    }
    let next = AtomicUsize::new(0);
    let some = || {
        let taken = std::iter::repeat_with(|| next.fetch_add(1, Ordering::Relaxed));
        taken.map_while(|at| Some((at, work(items.get(at)?)))).collect::<Vec<_>>()
    };
    let mut done: Vec<_> = thread::scope(|scope| {
        let threads: Vec<_> = (0..max.min(items.len())).map(|_| scope.spawn(some)).collect();
        let joined = threads.into_iter().map(thread::ScopedJoinHandle::join).collect::<Vec<_>>();
        joined.into_iter().flat_map(|done| done.unwrap_or_else(|panicked| panic::resume_unwind(panicked))).collect()
    });
    done.sort_unstable_by_key(|(at, _)| *at);
    done.into_iter().map(|(_, result)| result).collect()
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicUsize, Ordering};

    use super::*;

    #[test]
    fn results_come_in_the_order_of_the_items_and_no_more_than_so_many_are_worked_on_at_a_time() {
        for max in [0, 1, 2, 100] {
            let (busy, most) = (AtomicUsize::new(0), AtomicUsize::new(0));
            let doubled = side_by_side(&[1, 2, 3, 4, 5], max, |number| {
                most.fetch_max(busy.fetch_add(1, Ordering::SeqCst) + 1, Ordering::SeqCst);
                thread::yield_now();
                busy.fetch_sub(1, Ordering::SeqCst);
                number * 2
            });
            assert_eq!(doubled, [2, 4, 6, 8, 10]);
            assert!(most.into_inner() <= max.max(1));
        }
    }
}
