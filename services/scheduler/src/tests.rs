//! Partitions that come and go, in virtual time.

use std::{collections::BTreeMap, sync::Mutex, time::Duration};

use tokio::sync::watch::Sender;

use klamm_messages::klamm::v1::WakeRow;
use tokio::sync::watch::Receiver;

use super::*;

/// A source that notes which partitions are looked at.
#[derive(Default)]
struct Partitions {
    here: Sender<BTreeMap<u32, i64>>,
    looked_at: Mutex<Vec<u32>>,
}

impl Partitions {
    /// The partitions that are looked at in the next two seconds. A watched partition is looked at once a second at least.
    async fn looked_at(&self) -> Vec<u32> {
        // After this, the scheduler has acted on the last change.
        tokio::time::sleep(Duration::from_millis(1)).await;
        self.looked_at.lock().unwrap().clear();
        tokio::time::sleep(Duration::from_secs(2)).await;
        let mut looked_at = self.looked_at.lock().unwrap().clone();
        looked_at.sort_unstable();
        looked_at.dedup();
        looked_at
    }
}

impl WakeSource for Partitions {
    fn partitions(&self) -> Receiver<BTreeMap<u32, i64>> {
        self.here.subscribe()
    }

    fn due(&self, partition: u32, _: Option<Time>, _: Time, _: usize) -> Due {
        self.looked_at.lock().unwrap().push(partition);
        Due::default()
    }

    async fn wake_up(&self, _: u32, _: &[WakeRow]) -> bool {
        true
    }

    fn sleeps_until(&self, _: u32, _: Time) {}

    async fn changed(&self, _: u32) {
        std::future::pending().await
    }
}

#[tokio::test(start_paused = true)]
async fn each_partition_is_watched_while_it_is_here() {
    let (partitions, supervisor) = (Arc::new(Partitions::default()), Supervisor::default());
    let running = tokio::spawn(run(partitions.clone(), Time::default, supervisor.clone()));
    assert!(partitions.looked_at().await.is_empty());
    partitions.here.send_replace(BTreeMap::from([(0, 1), (2, 1)]));
    assert_eq!(partitions.looked_at().await, [0, 2]);
    partitions.here.send_replace(BTreeMap::from([(2, 1), (3, 1)]));
    assert_eq!(partitions.looked_at().await, [2, 3]);
    // Partition 2 is lost and gained in one moment. A watch of the old ownership would wait for ever.
    partitions.here.send_replace(BTreeMap::from([(2, 2)]));
    assert_eq!(partitions.looked_at().await, [2]);
    assert_eq!(supervisor.running(), ["scheduler/2"]);
    running.abort();
}
