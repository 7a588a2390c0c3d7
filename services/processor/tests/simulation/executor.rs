//! Polls futures in an order of the simulation's own.

use std::{
    cell::RefCell,
    collections::{BTreeMap, BTreeSet},
    future::{Future, poll_fn},
    pin::Pin,
    rc::Rc,
    sync::{Arc, Mutex},
    task::{Context, Poll, Wake, Waker},
};

/// Names a task.
pub type TaskId = u64;

/// The tasks, and those of them that have been woken. The order in which they were woken does not count. Clones are the same executor.
#[derive(Clone, Default)]
pub struct Executor {
    tasks: Rc<RefCell<Tasks>>,
    woken: Arc<Woken>,
}

#[derive(Default)]
struct Tasks {
    futures: BTreeMap<TaskId, Pin<Box<dyn Future<Output = ()>>>>,
    next: TaskId,
}

#[derive(Default)]
struct Woken {
    tasks: Mutex<BTreeSet<TaskId>>,
    /// Who waits for some.
    waiting: Mutex<Option<Waker>>,
}

struct TaskWaker {
    task: TaskId,
    woken: Arc<Woken>,
}

impl Wake for TaskWaker {
    fn wake(self: Arc<Self>) {
        self.woken.tasks.lock().expect("one thread").insert(self.task);
        let waiting = self.woken.waiting.lock().expect("one thread").take();
        waiting.into_iter().for_each(Waker::wake);
    }
}

impl Executor {
    /// A new task; it is woken.
    pub fn spawn(&self, future: impl Future<Output = ()> + 'static) -> TaskId {
        let mut tasks = self.tasks.borrow_mut();
        tasks.next += 1;
        let task = tasks.next;
        // The budget that tokio gives to a task is for one that shares its thread with others.
        tasks.futures.insert(task, Box::pin(tokio::task::unconstrained(future)));
        self.woken.tasks.lock().expect("one thread").insert(task);
        task
    }

    /// The tasks that have been woken, but for those that are being polled.
    pub fn ready(&self) -> Vec<TaskId> {
        let tasks = self.tasks.borrow();
        let woken = self.woken.tasks.lock().expect("one thread");
        woken.iter().copied().filter(|task| tasks.futures.contains_key(task)).collect()
    }

    /// Whether the task has not ended, and is not being polled.
    pub fn has(&self, task: TaskId) -> bool {
        self.tasks.borrow().futures.contains_key(&task)
    }

    /// Polls a task. It may have others polled meanwhile.
    pub fn poll(&self, task: TaskId) {
        self.woken.tasks.lock().expect("one thread").remove(&task);
        let Some(mut future) = ({ self.tasks.borrow_mut().futures.remove(&task) }) else { return };
        let waker = Waker::from(Arc::new(TaskWaker { task, woken: self.woken.clone() }));
        if future.as_mut().poll(&mut Context::from_waker(&waker)).is_pending() {
            self.tasks.borrow_mut().futures.insert(task, future);
        }
    }

    /// Drops a task.
    pub fn cancel(&self, task: TaskId) {
        let future = { self.tasks.borrow_mut().futures.remove(&task) };
        drop(future);
    }

    /// Waits until a task is woken.
    pub async fn until_ready(&self) {
        poll_fn(|context| {
            if !self.ready().is_empty() {
                return Poll::Ready(());
            }
            *self.woken.waiting.lock().expect("one thread") = Some(context.waker().clone());
            Poll::Pending
        })
        .await;
    }
}
