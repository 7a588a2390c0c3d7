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

use crate::backend::Reply;

type Answer = Result<Outcome<Reply>, Rejection>;

/// Waiting callers of this process, by the number that rides in their command's header.
pub struct Answers {
    appender: String,
    next: AtomicU64,
    waiting: Mutex<HashMap<u64, oneshot::Sender<Answer>>>,
}

impl Answers {
    /// Nobody waits; commands are marked as `appender`'s, a name that nobody has used before.
    pub fn new(appender: String) -> Self {
        Self { appender, next: AtomicU64::new(1), waiting: Mutex::default() }
    }

    /// Marks a record as one whose appender waits.
    pub fn expect(&self, record: Record) -> (Record, Expected<'_>) {
        let number = self.next.fetch_add(1, Ordering::Relaxed);
        let (sender, receiver) = oneshot::channel();
        self.waiting.lock().insert(number, sender);
        (record.with_header(ANSWER_HEADER, format!("{}/{number}", self.appender)), Expected { answers: self, number, receiver })
    }

    /// Nobody gets an answer any more.
    pub fn clear(&self) {
        self.waiting.lock().clear();
    }

    /// Gives the answer to whoever waits for it here.
    pub fn answer(&self, record: &Record, answer: Answer) {
        let number = record.header(ANSWER_HEADER).and_then(|header| std::str::from_utf8(header).ok()).and_then(|header| {
            let (appender, number) = header.rsplit_once('/')?;
            (appender == self.appender).then(|| number.parse::<u64>().ok()).flatten()
        });
        if let Some(sender) = number.and_then(|number| self.waiting.lock().remove(&number)) {
            // A caller that has gone away needs no answer.
            let _ = sender.send(answer);
        }
    }
}

/// An answer to come; dropping it stops waiting.
pub struct Expected<'a> {
    answers: &'a Answers,
    number: u64,
    receiver: oneshot::Receiver<Answer>,
}

impl Expected<'_> {
    /// Waits for the answer; `None` when it will never come.
    pub async fn wait(mut self) -> Option<Answer> {
        (&mut self.receiver).await.ok()
    }
}

impl Drop for Expected<'_> {
    fn drop(&mut self) {
        self.answers.waiting.lock().remove(&self.number);
    }
}
