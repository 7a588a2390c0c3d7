//! Callers who wait for the answers to their commands.
//!
//! An append may be in doubt: its caller gets an error, but the record may get into the log all the same. Polls that ride in such a command
//! wait until the doubt is settled, because a task that the command starts belongs to them. The doubt is settled in one of two ways. Either
//! the command is answered. Or another command is answered that was marked after the doubt arose: the records of one appender stand in the
//! order in which they were appended, so the doubtful record will never come.

use std::{
    collections::BTreeMap,
    sync::{
        Arc,
        atomic::{AtomicU64, AtomicUsize, Ordering},
    },
    time::Instant,
};

use bytes::Bytes;
use klamm_engine::partition::ANSWER_HEADER;
use klamm_log::Record;
use klamm_machine::{Outcome, Rejection};
use klamm_messages::klamm::v1::Command;
use parking_lot::Mutex;
use tokio::sync::oneshot;

use crate::{backend::Reply, clock::now, machines::Answered, task_queues::Reserved};

type Answer = Result<Outcome<Reply>, Rejection>;

/// Callers of this process that wait, and polls that ride along, by the number in the header of their command.
pub struct Answers {
    appender: String,
    next: AtomicU64,
    /// `None` once the process gives no answers any more.
    waiting: Mutex<Option<BTreeMap<u64, Waiting>>>,
    /// How many of these commands are in doubt.
    doubts: AtomicUsize,
}

/// What a command is about.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct About {
    /// The command's partition.
    pub partition: u32,
    /// The command's namespace.
    pub namespace: String,
    /// The command's workflow id.
    pub workflow_id: String,
}

/// Who waits for one command.
struct Waiting {
    partition: u32,
    /// The command, so that it need not be decoded when its record is read.
    command: Arc<Command>,
    /// The value of its record. Another program may have copied the header that tells where the answer goes. `None`: the record decodes to
    /// another command, because its encoding cuts something off.
    value: Option<Bytes>,
    /// The caller. `None` when it has given up.
    caller: Option<oneshot::Sender<Answer>>,
    /// Polls that ride in the command. They wait for its outcome, whether or not the caller still does.
    reserved: Vec<Reserved>,
    doubt: Option<Doubt>,
}

impl Waiting {
    fn about(&self) -> About {
        let Command { namespace, workflow_id, .. } = &*self.command;
        About { partition: self.partition, namespace: namespace.clone(), workflow_id: workflow_id.clone() }
    }
}

/// Nobody knows whether a command is in the log.
struct Doubt {
    since: Instant,
    /// The answer to a command with this number or a higher one settles the doubt: it was marked after the doubt arose.
    settled_by: u64,
}

impl Answers {
    /// Without anybody who waits. Commands are marked with `appender`, a name that nobody has used before.
    pub fn new(appender: String) -> Self {
        Self { appender, next: AtomicU64::new(1), waiting: Mutex::new(Some(BTreeMap::new())), doubts: AtomicUsize::new(0) }
    }

    /// Marks a command's record as one whose appender waits for the answer, and notes the polls that ride in the command. With the record goes
    /// whether it decodes to exactly this command. `None` when the process
    /// gives no answers any more; the polls then go back to their queues.
    pub fn expect(
        &self,
        partition: u32,
        command: Arc<Command>,
        (record, is_exact): (Record, bool),
        reserved: Vec<Reserved>,
    ) -> Option<(Record, Expected<'_>)> {
        let (sender, receiver) = oneshot::channel();
        let value = record.value.clone().filter(|_| is_exact);
        let entry = Waiting { partition, command, value, caller: Some(sender), reserved, doubt: None };
        let (number, refused) = {
            // The number is taken under the lock, so that a doubt knows which commands were marked before it arose.
            let mut waiting = self.waiting.lock();
            let number = self.next.fetch_add(1, Ordering::Relaxed);
            match &mut *waiting {
                Some(waiting) => (number, waiting.insert(number, entry)),
                None => (number, Some(entry)),
            }
        };
        // Dropping the polls, which go back to their queues, must not happen under the lock.
        if refused.is_some() {
            return None;
        }
        let record = record.with_header(ANSWER_HEADER, format!("{}/{number}", self.appender));
        Some((record, Expected { answers: self, number, receiver, appended: true }))
    }

    /// Gives no answers any more, neither to those who wait nor to those who come later.
    pub fn close(&self) {
        let waiting = self.waiting.lock().take();
        self.doubts.store(0, Ordering::Relaxed);
        drop(waiting);
    }

    /// Gives up all who wait for answers of this partition: it answers no more.
    pub fn end(&self, partition: u32) {
        self.drop_all(|waiting| waiting.partition == partition);
    }

    /// One doubtful command of each partition that has any whose doubt is as old as `since` or older.
    pub fn doubtful(&self, since: Instant) -> Vec<About> {
        if self.doubts.load(Ordering::Relaxed) == 0 {
            return Vec::new();
        }
        let waiting = self.waiting.lock();
        let Some(all) = &*waiting else { return Vec::new() };
        let is_old = |waiting: &&Waiting| waiting.doubt.as_ref().is_some_and(|doubt| doubt.since <= since);
        let mut doubtful: Vec<_> = all.values().filter(is_old).map(Waiting::about).collect();
        drop(waiting);
        doubtful.sort_unstable();
        doubtful.dedup_by_key(|about| about.partition);
        doubtful
    }

    /// The command of a record that somebody waits for here.
    pub fn command(&self, record: &Record) -> Option<Arc<Command>> {
        let number = self.number(record)?;
        let (command, value) = {
            let waiting = self.waiting.lock();
            let waiting = waiting.as_ref()?.get(&number)?;
            (waiting.command.clone(), waiting.value.clone()?)
        };
        (record.value.as_ref() == Some(&value)).then_some(command)
    }

    /// The number of a command that this process has marked.
    fn number(&self, record: &Record) -> Option<u64> {
        let header = std::str::from_utf8(record.header(ANSWER_HEADER)?).ok()?;
        let (appender, number) = header.rsplit_once('/')?;
        (appender == self.appender).then(|| number.parse().ok()).flatten()
    }

    /// Gives the answer to the caller that waits for it here, and the started tasks to their polls. The other polls that rode along go back
    /// to their queues.
    pub fn answer(&self, record: &Record, answer: Result<Outcome<Answered>, Rejection>) {
        let Some(number) = self.number(record) else { return };
        let Some(Waiting { partition, caller, mut reserved, .. }) = self.take(number) else { return };
        if self.doubts.load(Ordering::Relaxed) > 0 {
            // Drops doubtful commands that were marked earlier: their records would have come before this one.
            self.drop_all(|waiting| {
                waiting.partition == partition && waiting.doubt.as_ref().is_some_and(|doubt| doubt.settled_by <= number)
            });
        }
        let answer = answer.map(|outcome| match outcome {
            Outcome::Answer(Answered { reply, started, .. }) => {
                for task in started {
                    if let Some(at) = reserved.iter().position(|reserved| reserved.poll_id() == task.poll_id) {
                        reserved.swap_remove(at).deliver(task);
                    }
                }
                Outcome::Answer(reply)
            }
            Outcome::Refused(rejection) => Outcome::Refused(rejection),
        });
        drop(reserved);
        if let Some(caller) = caller {
            // A caller that has gone away needs no answer.
            let _ = caller.send(answer);
        }
    }

    /// Notes that nobody knows whether this command was appended.
    fn doubt(&self, waiting: &mut Waiting, now: Instant) {
        if waiting.doubt.is_none() {
            waiting.doubt = Some(Doubt { since: now, settled_by: self.next.load(Ordering::Relaxed) });
            self.doubts.fetch_add(1, Ordering::Relaxed);
        }
    }

    fn take(&self, number: u64) -> Option<Waiting> {
        let waiting = self.waiting.lock().as_mut()?.remove(&number)?;
        if waiting.doubt.is_some() {
            self.doubts.fetch_sub(1, Ordering::Relaxed);
        }
        Some(waiting)
    }

    /// Drops the entries that are meant, oldest first. The drop happens without the lock, because the polls that rode along then go back to
    /// their queues.
    fn drop_all(&self, is_meant: impl Fn(&Waiting) -> bool) {
        let dropped: Vec<_> = match &mut *self.waiting.lock() {
            Some(waiting) => {
                let meant: Vec<_> = waiting.iter().filter(|(_, waiting)| is_meant(waiting)).map(|(number, _)| *number).collect();
                meant.into_iter().filter_map(|number| waiting.remove(&number)).collect()
            }
            None => return,
        };
        let doubts = dropped.iter().filter(|waiting| waiting.doubt.is_some()).count();
        self.doubts.fetch_sub(doubts, Ordering::Relaxed);
        drop(dropped);
    }
}

/// An answer that is still to come. Dropping this stops waiting for it.
pub struct Expected<'a> {
    answers: &'a Answers,
    number: u64,
    receiver: oneshot::Receiver<Answer>,
    appended: bool,
}

impl Expected<'_> {
    /// Waits for the answer. `None` when it will never come.
    pub async fn wait(&mut self) -> Option<Answer> {
        (&mut self.receiver).await.ok()
    }

    /// To be called when the record was not appended, or will not be handled: there will be no answer, and the polls go back at once.
    pub fn withdraw(mut self) {
        self.appended = false;
    }

    /// To be called when nobody knows whether the record was appended.
    pub fn doubt(&self, now: Instant) {
        if let Some(waiting) = self.answers.waiting.lock().as_mut().and_then(|waiting| waiting.get_mut(&self.number)) {
            self.answers.doubt(waiting, now);
        }
    }
}

impl Drop for Expected<'_> {
    fn drop(&mut self) {
        let mut waiting = self.answers.waiting.lock();
        let Some(entry) = waiting.as_mut().and_then(|waiting| waiting.get_mut(&self.number)) else { return };
        if self.appended && !entry.reserved.is_empty() {
            // The append may go on, and a task that the command starts belongs to a poll that rides in it. The caller has gone, so nobody
            // will tell the outcome of the append: it counts as in doubt.
            entry.caller = None;
            self.answers.doubt(entry, now());
            return;
        }
        drop(waiting);
        drop(self.answers.take(self.number));
    }
}

#[cfg(test)]
mod tests;
