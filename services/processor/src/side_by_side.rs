//! Work on several partitions at a time: on a broker each of them waits most of the time.

use std::{panic, thread};

/// What `work` gives for each item, in their order. At most `max` of them are worked on at a time, each on a thread of its own; one at a time is
/// worked on by the caller.
pub fn side_by_side<T: Sync, R: Send>(items: &[T], max: usize, work: impl Fn(&T) -> R + Sync) -> Vec<R> {
    if max <= 1 {
        return items.iter().map(work).collect();
    }
    let work = &work;
    let some = |items| {
        thread::scope(|scope| {
            let threads: Vec<_> = <[T]>::iter(items).map(|item| scope.spawn(move || work(item))).collect();
            threads.into_iter().map(thread::ScopedJoinHandle::join).collect::<Vec<_>>()
        })
    };
    items.chunks(max).flat_map(some).map(|done| done.unwrap_or_else(|panicked| panic::resume_unwind(panicked))).collect()
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
