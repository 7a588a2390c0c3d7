//! Tasks that are set aside: their partition cannot start them for now, and they must not block the tasks behind them.

use std::{
    collections::{BTreeMap, HashMap},
    time::{Duration, Instant},
};

use super::{id::QueueId, offer::Task};

/// Tasks are offered again after this pause. It doubles each time that their partition still cannot start them, up to [`PAUSE_MAX`].
const PAUSE_MIN: Duration = Duration::from_millis(250);
/// Longest pause before tasks are offered again.
const PAUSE_MAX: Duration = Duration::from_secs(4);

/// Tasks that are set aside, by their partition.
#[derive(Debug, Default)]
pub struct Aside {
    partitions: BTreeMap<u32, Held>,
    /// How many tasks of each queue are set aside.
    counts: HashMap<QueueId, usize>,
}

#[derive(Debug)]
struct Held {
    tasks: BTreeMap<Vec<u8>, Task>,
    until: Instant,
    pause: Duration,
}

impl Aside {
    /// Sets a task aside.
    pub fn put(&mut self, task: Task, now: Instant) {
        let new = || Held { tasks: BTreeMap::new(), until: now + PAUSE_MIN, pause: PAUSE_MIN };
        let held = self.partitions.entry(task.origin.partition).or_insert_with(new);
        if held.tasks.is_empty() && held.until <= now {
            // The partition's tasks were offered again, and it still could not start them.
            held.pause = (held.pause * 2).min(PAUSE_MAX);
            held.until = now + held.pause;
        }
        let queue = QueueId::of_task(&task.row);
        if held.tasks.insert(task.key.clone(), task).is_none() {
            *self.counts.entry(queue).or_default() += 1;
        }
    }

    /// Removes a task that does not wait any more.
    pub fn remove(&mut self, key: &[u8]) {
        let removed: Vec<_> = self.partitions.values_mut().filter_map(|held| held.tasks.remove(key)).collect();
        self.uncount(&removed);
    }

    /// Takes out all tasks of a partition: because the partition has started a task, so the others may be offered again, or because it is
    /// lost, so they are of no use here.
    pub fn take(&mut self, partition: u32) -> Vec<Task> {
        let held = self.partitions.remove(&partition);
        let tasks: Vec<_> = held.map(|held| held.tasks.into_values().collect()).unwrap_or_default();
        self.uncount(&tasks);
        tasks
    }

    /// Takes out the tasks that may be offered again: those whose pause is over and whose partition is able to start tasks, as far as is
    /// known.
    pub fn due(&mut self, now: Instant, able: impl Fn(u32) -> bool) -> Vec<Task> {
        let due = self.partitions.iter_mut().filter(|(partition, held)| held.until <= now && able(**partition));
        let tasks: Vec<_> = due.flat_map(|(_, held)| std::mem::take(&mut held.tasks).into_values()).collect();
        self.uncount(&tasks);
        tasks
    }

    /// How many tasks of a queue are set aside.
    pub fn count(&self, queue: &QueueId) -> usize {
        self.counts.get(queue).copied().unwrap_or_default()
    }

    /// Whether no partition has tasks set aside, or had some of late.
    pub fn is_empty(&self) -> bool {
        self.partitions.is_empty()
    }

    fn uncount(&mut self, tasks: &[Task]) {
        for queue in tasks.iter().map(|task| QueueId::of_task(&task.row)) {
            let Some(count) = self.counts.get_mut(&queue) else { continue };
            *count -= 1;
            if *count == 0 {
                self.counts.remove(&queue);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use klamm_messages::klamm::v1::TaskRow;

    use super::{
        super::{home::Origin, id::TaskType},
        *,
    };

    /// A task of a partition. Its name begins with the name of its queue.
    fn task(partition: u32, name: &str, now: Instant) -> Task {
        let task_queue = name.split('/').next().unwrap_or_default().to_owned();
        let row = TaskRow { task_queue, ..TaskRow::default() };
        let origin = Origin { partition, machine: klamm_workflow::MACHINE };
        Task { origin, key: name.as_bytes().to_vec(), row: Arc::new(row), since: now }
    }

    fn count(aside: &Aside, queue: &str) -> usize {
        aside.count(&QueueId::normal("", queue, TaskType::Workflow))
    }

    fn names(tasks: Vec<Task>) -> Vec<String> {
        tasks.into_iter().map(|task| String::from_utf8(task.key).unwrap()).collect()
    }

    #[test]
    fn tasks_are_offered_again_after_a_pause_that_grows_while_their_partition_cannot_start_them() {
        let (mut aside, mut now) = (Aside::default(), Instant::now());
        let mut pauses = Vec::new();
        for _ in 0..7 {
            aside.put(task(3, "a", now), now);
            aside.put(task(3, "b", now), now);
            let waited = (0..).find(|ms| !aside.due(now + Duration::from_millis(*ms), |_| true).is_empty()).unwrap();
            now += Duration::from_millis(waited);
            pauses.push(waited);
        }
        assert_eq!(pauses, [250, 500, 1_000, 2_000, 4_000, 4_000, 4_000]);
        assert!(aside.take(3).is_empty() && aside.is_empty());
        aside.put(task(3, "a", now), now);
        assert_eq!(names(aside.due(now + PAUSE_MIN, |_| true)), ["a"], "it worked in between");
    }

    #[test]
    fn a_partition_that_is_not_able_keeps_its_tasks_and_others_get_theirs() {
        let (mut aside, now) = (Aside::default(), Instant::now());
        aside.put(task(1, "q/1", now), now);
        aside.put(task(1, "q/2", now), now);
        aside.put(task(2, "q/3", now), now);
        aside.put(task(2, "r/4", now), now);
        assert_eq!((count(&aside, "q"), count(&aside, "r"), count(&aside, "s")), (3, 1, 0));
        assert_eq!(names(aside.due(now + PAUSE_MAX, |partition| partition == 2)), ["q/3", "r/4"]);
        aside.remove(b"q/1");
        assert_eq!((count(&aside, "q"), count(&aside, "r")), (1, 0));
        assert_eq!(names(aside.take(1)), ["q/2"]);
    }
}
