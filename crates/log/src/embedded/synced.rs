//! Appends of a log with fsync. One thread writes those of all partitions: what came during a sync is written and synced together. So a
//! sync, which costs as much as hundreds of appends, is shared by all who wait, and no caller's thread is held by the disk.

use std::{collections::VecDeque, io, sync::Arc, thread::JoinHandle};

use klamm_supervise::{Part, Supervisor};
use parking_lot::{Condvar, Mutex};

use super::{
    core::Core,
    write::{GROUP_BYTES_MAX, Request},
};
use crate::{Appending, Error, Record, appending::Promise};

/// What one call appends.
type Append = Request<Vec<Record>>;

/// The thread, and the appends that wait for it.
pub(super) struct SyncedWriter {
    queue: Arc<Queue>,
    part: Part,
    thread: Option<JoinHandle<()>>,
}

#[derive(Default)]
struct Queue {
    waiting: Mutex<Waiting>,
    changed: Condvar,
}

#[derive(Default)]
struct Waiting {
    /// Oldest first.
    appends: VecDeque<(Append, Promise)>,
    ended: bool,
}

impl SyncedWriter {
    /// Starts the thread. It ends when this is dropped, after what waits then.
    pub(super) fn start(core: Arc<Core>, supervisor: &Supervisor) -> io::Result<Self> {
        let queue = Arc::<Queue>::default();
        let waits = queue.clone();
        let part = supervisor.part("log-writer");
        let thread = part.clone().thread(move |part| {
            while let Some((requests, promises)) = waits.take() {
                part.round();
                write(&core, requests, promises);
            }
        })?;
        Ok(Self { queue, part, thread: Some(thread) })
    }

    /// Takes records that may be appended. See [`Core::checked`].
    pub(super) fn append(&self, request: Append) -> Appending {
        let (promise, appending) = Appending::promised();
        self.queue.waiting.lock().appends.push_back((request, promise));
        self.queue.changed.notify_one();
        appending
    }
}

impl Drop for SyncedWriter {
    fn drop(&mut self) {
        self.queue.waiting.lock().ended = true;
        self.queue.changed.notify_one();
        self.part.close();
        if let Some(thread) = self.thread.take() {
            // A panic of the thread was reported when it happened.
            let _ = thread.join();
        }
    }
}

impl Queue {
    /// Waits for appends. Gives all that wait then, up to about [`GROUP_BYTES_MAX`]; `None` when there will be no more.
    fn take(&self) -> Option<(Vec<Append>, Vec<Promise>)> {
        let mut waiting = self.waiting.lock();
        while waiting.appends.is_empty() {
            if waiting.ended {
                return None;
            }
            self.changed.wait(&mut waiting);
        }
        let (mut requests, mut promises, mut bytes) = (Vec::new(), Vec::new(), 0);
        while bytes < GROUP_BYTES_MAX
            && let Some((request, promise)) = waiting.appends.pop_front()
        {
            bytes += request.records.iter().map(Record::size).sum::<usize>();
            requests.push(request);
            promises.push(promise);
        }
        Some((requests, promises))
    }
}

fn write(core: &Core, requests: Vec<Append>, promises: Vec<Promise>) {
    match core.write_all(requests) {
        Ok(appended) => {
            let mut appended = appended.into_iter();
            for promise in promises {
                promise.keep(appended.next().ok_or_else(|| Error::InDoubt { reason: "a written batch without offset".to_owned() }));
            }
        }
        Err(error) => promises.into_iter().for_each(|promise| promise.keep(Err(error.clone()))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Appended, EmbeddedLog, Log, SystemClock, TopicSpec, embedded::Settings};

    fn open(directory: &std::path::Path, supervisor: &Supervisor) -> EmbeddedLog {
        let settings = Settings { fsync: true, housekeeping_interval: None, supervisor: supervisor.clone(), ..Settings::default() };
        let log = EmbeddedLog::open(directory, Arc::new(SystemClock), settings).unwrap();
        log.ensure_topics(&[TopicSpec::kept("t", 4)]).unwrap();
        log
    }

    #[test]
    fn what_waits_is_taken_at_once_in_its_order_up_to_a_bound() {
        let directory = tempfile::tempdir().unwrap();
        let log = open(directory.path(), &Supervisor::default());
        let topic = log.core.topic("t").unwrap();
        let queue = Queue::default();
        let push = |partition, bytes: usize| {
            let request = Request { topic: topic.clone(), partition, records: vec![Record::new("k", "v".repeat(bytes))] };
            queue.waiting.lock().appends.push_back((request, Appending::promised().0));
        };
        let partitions =
            |taken: Option<(Vec<Append>, Vec<Promise>)>| -> Vec<u32> { taken.unwrap().0.iter().map(|request| request.partition).collect() };
        (0..4).rev().for_each(|partition| push(partition, 1));
        assert_eq!(partitions(queue.take()), [3, 2, 1, 0]);
        push(0, GROUP_BYTES_MAX / 2);
        push(1, GROUP_BYTES_MAX);
        push(2, 1);
        assert_eq!(partitions(queue.take()), [0, 1]);
        assert_eq!(partitions(queue.take()), [2]);
        queue.waiting.lock().ended = true;
        assert!(queue.take().is_none());
    }

    #[test]
    fn what_waits_at_the_end_is_written() {
        let directory = tempfile::tempdir().unwrap();
        let log = open(directory.path(), &Supervisor::default());
        let appending: Vec<_> = (0..200).map(|n| log.append_async("t", n % 4, Record::new("k", n.to_string()))).collect();
        drop(log);
        let offsets: Vec<_> = appending.into_iter().map(|appending| appending.wait().unwrap().first_offset).collect();
        assert_eq!(offsets, (0..200).map(|n| n / 4).collect::<Vec<_>>());
        assert_eq!(open(directory.path(), &Supervisor::default()).end_offset("t", 3), Ok(50));
    }

    #[test]
    fn it_goes_on_after_a_panic() {
        let directory = tempfile::tempdir().unwrap();
        let supervisor = Supervisor::default();
        let log = open(directory.path(), &supervisor);
        assert!(supervisor.panic_in("log-writer"));
        // The panic comes with the next round. What was taken in that round is in doubt.
        assert!(matches!(log.append("t", 0, vec![Record::new("k", "v")]), Err(Error::InDoubt { .. })));
        assert_eq!(log.append("t", 0, vec![Record::new("k", "v")]).map(|Appended { first_offset, .. }| first_offset), Ok(0));
    }
}
