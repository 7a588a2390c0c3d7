//! Task queues in memory: tasks that wait for polls, and polls that wait for tasks.

use std::collections::{BTreeMap, VecDeque};

use parking_lot::Mutex;
use tokio::sync::oneshot;

/// Queues of tasks, by name.
#[derive(Debug)]
pub struct Queues<T>(Mutex<BTreeMap<String, Queue<T>>>);

#[derive(Debug)]
struct Queue<T> {
    tasks: VecDeque<T>,
    polls: VecDeque<oneshot::Sender<T>>,
}

impl<T> Default for Queues<T> {
    fn default() -> Self {
        Self(Mutex::default())
    }
}

impl<T> Default for Queue<T> {
    fn default() -> Self {
        Self { tasks: VecDeque::new(), polls: VecDeque::new() }
    }
}

impl<T> Queues<T> {
    /// Gives a task to the poll that has waited longest; without one the task waits.
    pub fn offer(&self, name: &str, task: T) {
        let mut queues = self.0.lock();
        let queue = queue(&mut queues, name);
        let mut task = task;
        while let Some(poll) = queue.polls.pop_front() {
            match poll.send(task) {
                Ok(()) => return,
                // Its caller has gone.
                Err(back) => task = back,
            }
        }
        queue.tasks.push_back(task);
    }

    /// The task that has waited longest; without one the poll waits.
    ///
    /// # Errors
    /// Where to wait.
    pub fn poll(&self, name: &str) -> Result<T, oneshot::Receiver<T>> {
        let mut queues = self.0.lock();
        let queue = queue(&mut queues, name);
        queue.tasks.pop_front().ok_or_else(|| {
            let (poll, waiting) = oneshot::channel();
            queue.polls.push_back(poll);
            waiting
        })
    }
}

/// The queue of this name. The name is copied only for a new one.
fn queue<'q, T>(queues: &'q mut BTreeMap<String, Queue<T>>, name: &str) -> &'q mut Queue<T> {
    if !queues.contains_key(name) {
        queues.insert(name.to_owned(), Queue::default());
    }
    queues.get_mut(name).expect("it was put there")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_task_goes_to_the_poll_that_waits_and_else_waits_itself() {
        let queues = Queues::default();
        let gone = queues.poll("q").expect_err("no task yet");
        let mut waiting = queues.poll("q").expect_err("no task yet");
        drop(gone);
        queues.offer("q", 1);
        assert_eq!(waiting.try_recv(), Ok(1));
        queues.offer("q", 2);
        queues.offer("other", 3);
        assert_eq!(queues.poll("q").ok(), Some(2));
    }
}
