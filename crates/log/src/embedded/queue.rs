//! Appends that meet at one partition. One thread leads: it writes its own records and those of the appends that wait.

use std::{collections::VecDeque, sync::Arc};

use parking_lot::{Condvar, Mutex};

use crate::{Appended, Error, Record};

/// The appends that wait at a partition, oldest first.
#[derive(Default)]
pub(super) struct Queue(Mutex<Waiting>);

#[derive(Default)]
struct Waiting {
    /// Whether a thread leads. `requests` is empty while none does.
    is_led: bool,
    requests: VecDeque<(Vec<Record>, Arc<Slot>)>,
}

/// Tells a waiting append what becomes of it.
#[derive(Default)]
struct Slot {
    turn: Mutex<Option<Turn>>,
    turned: Condvar,
}

enum Turn {
    Done(Result<Appended, Error>),
    /// The request's own records come back.
    Lead(Vec<Record>),
}

impl Slot {
    fn give(&self, turn: Turn) {
        *self.turn.lock() = Some(turn);
        self.turned.notify_one();
    }
}

/// What becomes of an append that entered.
pub(super) enum Entered<'a> {
    /// Another thread has written it together with its own.
    Done(Result<Appended, Error>),
    /// The thread of this append leads now.
    Lead(Lead<'a>),
}

/// The right to write for all appends that wait. When it is dropped, the oldest of them gets it.
pub(super) struct Lead<'a> {
    queue: &'a Queue,
    /// The leader's own records, until they are taken.
    own: Vec<Record>,
}

/// The appends that a leader writes for. Those that are not answered when this is dropped (after a panic) get [`Error::InDoubt`].
pub(super) struct Followers(VecDeque<Arc<Slot>>);

impl Queue {
    /// Leads at once when no thread leads, else waits for its turn.
    pub(super) fn enter(&self, records: Vec<Record>) -> Entered<'_> {
        let slot = {
            let mut waiting = self.0.lock();
            if !waiting.is_led {
                waiting.is_led = true;
                return Entered::Lead(Lead { queue: self, own: records });
            }
            let slot = Arc::<Slot>::default();
            waiting.requests.push_back((records, slot.clone()));
            slot
        };
        let mut turn = slot.turn.lock();
        loop {
            match turn.take() {
                Some(Turn::Lead(own)) => return Entered::Lead(Lead { queue: self, own }),
                Some(Turn::Done(result)) => return Entered::Done(result),
                None => slot.turned.wait(&mut turn),
            }
        }
    }
}

impl Lead<'_> {
    /// Takes the leader's own records, then those of the others in the order in which they came, up to about `bytes_max`.
    pub(super) fn take(&mut self, bytes_max: usize) -> (Vec<Vec<Record>>, Followers) {
        let mut groups = vec![std::mem::take(&mut self.own)];
        let mut followers = VecDeque::new();
        let mut waiting = self.queue.0.lock();
        let mut bytes = 0;
        while bytes < bytes_max
            && let Some((records, slot)) = waiting.requests.pop_front()
        {
            bytes += records.iter().map(Record::size).sum::<usize>();
            groups.push(records);
            followers.push_back(slot);
        }
        (groups, Followers(followers))
    }
}

impl Drop for Lead<'_> {
    fn drop(&mut self) {
        let mut waiting = self.queue.0.lock();
        match waiting.requests.pop_front() {
            Some((records, slot)) => slot.give(Turn::Lead(records)),
            None => waiting.is_led = false,
        }
    }
}

impl Followers {
    /// Gives each append its outcome of one write. `written` begins with the leader's own outcome, which is returned.
    pub(super) fn answer(mut self, written: Result<Vec<Appended>, Error>) -> Result<Appended, Error> {
        let missing = || Error::InDoubt { reason: "a written batch without offset".to_owned() };
        let mut results = match written {
            Ok(appended) => appended.into_iter(),
            Err(error) => {
                self.0.drain(..).for_each(|slot| slot.give(Turn::Done(Err(error.clone()))));
                return Err(error);
            }
        };
        let own = results.next();
        while let Some(slot) = self.0.pop_front() {
            slot.give(Turn::Done(results.next().ok_or_else(missing)));
        }
        own.ok_or_else(missing)
    }
}

impl Drop for Followers {
    fn drop(&mut self) {
        for slot in self.0.drain(..) {
            slot.give(Turn::Done(Err(Error::InDoubt { reason: "the thread that wrote this append along died".to_owned() })));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Offset;

    fn records(count: usize) -> Vec<Record> {
        vec![Record::new("k", "v"); count]
    }

    fn appended(first_offset: Offset) -> Appended {
        Appended { first_offset, timestamp_ms: 0 }
    }

    fn lead(queue: &Queue, count: usize) -> Lead<'_> {
        match queue.enter(records(count)) {
            Entered::Lead(lead) => lead,
            Entered::Done(_) => panic!("nobody leads"),
        }
    }

    fn await_waiting(queue: &Queue, count: usize) {
        while queue.0.lock().requests.len() < count {
            std::thread::yield_now();
        }
    }

    #[test]
    fn a_leader_answers_those_it_takes_and_passes_the_lead_on() {
        let queue = Queue::default();
        let mut first = lead(&queue, 1);
        std::thread::scope(|scope| {
            let second = scope.spawn(|| match queue.enter(records(2)) {
                Entered::Done(result) => result,
                Entered::Lead(_) => panic!("was to be written along"),
            });
            await_waiting(&queue, 1);
            let (groups, followers) = first.take(usize::MAX);
            assert_eq!(groups.iter().map(Vec::len).collect::<Vec<_>>(), [1, 2]);
            let third = scope.spawn(|| {
                let mut lead = lead(&queue, 3);
                lead.take(usize::MAX).0.iter().map(Vec::len).collect::<Vec<_>>()
            });
            await_waiting(&queue, 1);
            assert_eq!(followers.answer(Ok(vec![appended(5), appended(6)])), Ok(appended(5)));
            assert_eq!(second.join().unwrap(), Ok(appended(6)));
            drop(first);
            assert_eq!(third.join().unwrap(), [3]);
        });
        assert!(!queue.0.lock().is_led);
        assert_eq!(lead(&queue, 1).take(0).0.len(), 1);
    }

    #[test]
    fn whoever_is_not_answered_is_told_so() {
        let queue = Queue::default();
        let mut first = lead(&queue, 1);
        std::thread::scope(|scope| {
            let second = scope.spawn(|| match queue.enter(records(1)) {
                Entered::Done(result) => result,
                Entered::Lead(_) => panic!("was to be written along"),
            });
            await_waiting(&queue, 1);
            drop(first.take(usize::MAX));
            assert!(matches!(second.join().unwrap(), Err(Error::InDoubt { .. })));
        });
    }
}
