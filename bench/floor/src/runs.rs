//! What is known of runs: the least with which they come to their ends.

use std::collections::HashMap;

use klamm_messages::temporal::{history::v1::HistoryEvent, taskqueue::v1::TaskQueue};
use parking_lot::Mutex;
use tokio::sync::oneshot;

/// A run.
#[derive(Debug)]
pub enum Run {
    /// It goes on.
    Open {
        /// The queue that it was started on, or its worker's own one.
        queue: TaskQueue,
        /// ActivityTaskScheduled of the activity under way.
        scheduled: Option<Box<HistoryEvent>>,
        /// Those who wait for its end.
        waiting: Vec<oneshot::Sender<HistoryEvent>>,
    },
    /// It has ended with this event.
    Closed(Box<HistoryEvent>),
}

/// All runs, by run id.
#[derive(Debug, Default)]
pub struct Runs(Mutex<HashMap<String, Run>>);

impl Runs {
    /// A new run.
    pub fn start(&self, run_id: String, queue: TaskQueue) {
        self.0.lock().insert(run_id, Run::Open { queue, scheduled: None, waiting: Vec::new() });
    }

    /// Its worker has a queue of its own now, and an activity is under way.
    pub fn schedule(&self, run_id: &str, sticky: Option<TaskQueue>, event: HistoryEvent) {
        if let Some(Run::Open { queue, scheduled, .. }) = self.0.lock().get_mut(run_id) {
            *scheduled = Some(Box::new(event));
            if let Some(sticky) = sticky {
                *queue = sticky;
            }
        }
    }

    /// The activity under way has ended: its event, and the queue of the next workflow task.
    pub fn take_scheduled(&self, run_id: &str) -> Option<(HistoryEvent, TaskQueue)> {
        match self.0.lock().get_mut(run_id) {
            Some(Run::Open { queue, scheduled, .. }) => Some((*scheduled.take()?, queue.clone())),
            _ => None,
        }
    }

    /// The run has ended.
    pub fn close(&self, run_id: &str, event: HistoryEvent) {
        let replaced = self.0.lock().insert(run_id.to_owned(), Run::Closed(Box::new(event.clone())));
        if let Some(Run::Open { waiting, .. }) = replaced {
            for waiting in waiting {
                // Its caller may have gone.
                let _ = waiting.send(event.clone());
            }
        }
    }

    /// The event that has ended the run, when it has come. `None`: there is no such run.
    pub async fn end(&self, run_id: &str) -> Option<HistoryEvent> {
        let ended = match self.0.lock().get_mut(run_id)? {
            Run::Closed(event) => return Some(HistoryEvent::clone(event)),
            Run::Open { waiting, .. } => {
                let (sender, ended) = oneshot::channel();
                waiting.push(sender);
                ended
            }
        };
        ended.await.ok()
    }
}
