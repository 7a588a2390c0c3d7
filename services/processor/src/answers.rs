//! Callers who wait for the answers to their commands.

use std::{
    collections::HashMap,
    sync::atomic::{AtomicU64, Ordering},
};

use klamm_engine::partition::ANSWER_HEADER;
use klamm_log::Record;
use klamm_machine::{Outcome, Rejection};
use parking_lot::Mutex;
use tokio::sync::oneshot;

use crate::{backend::Reply, machines::Answered, task_queues::Reserved};

type Answer = Result<Outcome<Reply>, Rejection>;

/// Callers of this process who wait, and pollers who ride along, by the number in the header of their command.
pub struct Answers {
    appender: String,
    next: AtomicU64,
    waiting: Mutex<HashMap<u64, Waiting>>,
}

/// Who waits for one command.
struct Waiting {
    /// The caller; gone when it has given up, or when there never was one.
    caller: Option<oneshot::Sender<Answer>>,
    /// Pollers that ride in the command: they wait with it to its end, whether the caller does or not.
    reserved: Vec<Reserved>,
}

impl Answers {
    /// Nobody waits; commands are marked as `appender`'s, a name that nobody has used before.
    pub fn new(appender: String) -> Self {
        Self { appender, next: AtomicU64::new(1), waiting: Mutex::default() }
    }

    /// Marks a record as one whose appender waits, and with it the pollers that ride in the command.
    pub fn expect(&self, record: Record, reserved: Vec<Reserved>) -> (Record, Expected<'_>) {
        let (sender, receiver) = oneshot::channel();
        let (record, number) = self.mark(record, Waiting { caller: Some(sender), reserved });
        (record, Expected { answers: self, number, receiver, appended: true })
    }

    fn mark(&self, record: Record, waiting: Waiting) -> (Record, u64) {
        let number = self.next.fetch_add(1, Ordering::Relaxed);
        self.waiting.lock().insert(number, waiting);
        (record.with_header(ANSWER_HEADER, format!("{}/{number}", self.appender)), number)
    }

    /// Nobody gets an answer any more.
    pub fn clear(&self) {
        let waiting = std::mem::take(&mut *self.waiting.lock());
        drop(waiting);
    }

    /// Gives the answer to whoever waits for it here, and the started tasks to their pollers; other pollers that rode along go back.
    pub fn answer(&self, record: &Record, answer: Result<Outcome<Answered>, Rejection>) {
        let number = record.header(ANSWER_HEADER).and_then(|header| std::str::from_utf8(header).ok()).and_then(|header| {
            let (appender, number) = header.rsplit_once('/')?;
            (appender == self.appender).then(|| number.parse::<u64>().ok()).flatten()
        });
        let Some(Waiting { caller, mut reserved }) = number.and_then(|number| self.waiting.lock().remove(&number)) else { return };
        let answer = answer.map(|outcome| match outcome {
            Outcome::Answer(Answered { reply, started }) => {
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
}

/// An answer to come; dropping it stops waiting.
pub struct Expected<'a> {
    answers: &'a Answers,
    number: u64,
    receiver: oneshot::Receiver<Answer>,
    appended: bool,
}

impl Expected<'_> {
    /// Waits for the answer; `None` when it will never come.
    pub async fn wait(mut self) -> Option<Answer> {
        (&mut self.receiver).await.ok()
    }

    /// The record was not appended: nobody will answer, and the pollers go back at once.
    pub fn withdraw(mut self) {
        self.appended = false;
    }
}

impl Drop for Expected<'_> {
    fn drop(&mut self) {
        let mut waiting = self.answers.waiting.lock();
        let Some(entry) = waiting.get_mut(&self.number) else { return };
        if self.appended && !entry.reserved.is_empty() {
            // The command is on its way, and a task that it starts is its poller's.
            entry.caller = None;
            return;
        }
        let entry = waiting.remove(&self.number);
        drop(waiting);
        drop(entry);
    }
}
