//! One task for each partition that this process owns.

use std::{collections::BTreeMap, future::Future};

use tokio::{
    sync::watch::Receiver,
    task::{AbortHandle, JoinSet},
};

/// Runs until the returned future is dropped. `start` makes the task of a partition, which runs for as long as this process owns the
/// partition. `here` has the partitions that are owned, each with a number that tells one ownership from the next.
pub async fn each_owned<F>(mut here: Receiver<BTreeMap<u32, i64>>, mut start: impl FnMut(u32) -> F)
where
    F: Future<Output = ()> + Send + 'static,
{
    let mut tasks = JoinSet::new();
    let mut running: BTreeMap<u32, (i64, AbortHandle)> = BTreeMap::new();
    loop {
        let partitions = here.borrow_and_update().clone();
        running.retain(|partition, (ownership, task)| {
            let is_kept = partitions.get(partition) == Some(ownership);
            if !is_kept {
                task.abort();
            }
            is_kept
        });
        for (partition, ownership) in partitions {
            running.entry(partition).or_insert_with(|| (ownership, tasks.spawn(start(partition))));
        }
        tokio::select! {
            biased;
            told = here.changed() => if told.is_err() {
                // The sender is gone, so no partition comes or goes any more. The tasks go on.
                std::future::pending::<()>().await;
            },
            Some(_) = tasks.join_next() => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::{Arc, Mutex};

    use super::*;

    #[tokio::test]
    async fn a_task_lives_as_long_as_the_ownership() {
        let (owned, here) = tokio::sync::watch::channel(BTreeMap::from([(1, 10)]));
        let began: Arc<Mutex<Vec<Arc<()>>>> = Arc::default();
        let note = began.clone();
        tokio::spawn(each_owned(here, move |_| {
            let alive = Arc::new(());
            note.lock().unwrap().push(alive.clone());
            async move {
                let _alive = alive;
                std::future::pending::<()>().await;
            }
        }));
        let alive = || began.lock().unwrap().iter().map(|alive| Arc::strong_count(alive) > 1).collect::<Vec<_>>();
        for (partitions, expected) in [
            (BTreeMap::from([(1, 10), (2, 20)]), vec![true, true]),
            (BTreeMap::from([(1, 11), (2, 20)]), vec![false, true, true]),
            (BTreeMap::new(), vec![false, false, false]),
        ] {
            owned.send_replace(partitions);
            while alive() != expected {
                tokio::task::yield_now().await;
            }
        }
    }
}
