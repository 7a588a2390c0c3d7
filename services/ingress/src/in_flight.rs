//! How many records of a trigger are on their way.

use std::{collections::BTreeMap, sync::Arc};

use parking_lot::Mutex;
use tokio::sync::Notify;

/// The records of each trigger that are read and not yet durable as commands, where that is bounded, in this process. Clones share everything.
#[derive(Clone, Default)]
pub(crate) struct InFlight(Arc<Mutex<BTreeMap<String, Arc<Count>>>>);

#[derive(Default)]
struct Count {
    now: Mutex<usize>,
    fewer: Notify,
    /// Readers come in turn, so that none of them waits forever.
    turn: tokio::sync::Mutex<()>,
}

/// Room for so many records. It is free again when this is dropped.
pub(crate) struct Room {
    count: Arc<Count>,
    pub(crate) records: usize,
}

impl InFlight {
    /// Waits until there is room for a record of the trigger, and takes as much of it as is wanted and there. `most`: what this process may
    /// have on its way.
    pub(crate) async fn room(&self, trigger: &str, most: usize, wanted: usize) -> Room {
        let count = self.0.lock().entry(trigger.to_owned()).or_default().clone();
        let _turn = count.turn.lock().await;
        loop {
            let fewer = count.fewer.notified();
            tokio::pin!(fewer);
            // From here on it takes note of room that is made.
            fewer.as_mut().enable();
            {
                let mut now = count.now.lock();
                let free = most.max(1).saturating_sub(*now);
                if free > 0 {
                    let records = wanted.clamp(1, free);
                    *now += records;
                    drop(now);
                    return Room { count: count.clone(), records };
                }
            }
            fewer.await;
        }
    }

    /// Forgets triggers that there are no more.
    pub(crate) fn keep(&self, is_known: impl Fn(&str) -> bool) {
        self.0.lock().retain(|trigger, _| is_known(trigger));
    }
}

impl Room {
    /// Gives back what is not needed.
    pub(crate) fn shrink(&mut self, records: usize) {
        let unused = self.records.saturating_sub(records);
        self.records -= unused;
        self.count.give_back(unused);
    }
}

impl Drop for Room {
    fn drop(&mut self) {
        self.count.give_back(self.records);
    }
}

impl Count {
    fn give_back(&self, records: usize) {
        if records > 0 {
            *self.now.lock() -= records;
            self.fewer.notify_waiters();
        }
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    #[tokio::test]
    async fn readers_share_the_room_and_come_in_turn() {
        let in_flight = InFlight::default();
        let mut first = in_flight.room("a", 5, 500).await;
        assert_eq!(first.records, 5);
        let waits = async |most| tokio::time::timeout(Duration::from_millis(20), in_flight.room("a", most, 500)).await.is_err();
        assert!(waits(5).await);
        assert!(!waits(6).await, "the trigger may have more than before, and gave it back");
        assert_eq!(in_flight.room("b", 1, 500).await.records, 1, "each trigger has its own");
        first.shrink(2);
        assert_eq!(in_flight.room("a", 5, 2).await.records, 2);
        let others: Vec<_> = (0..3)
            .map(|_| {
                let in_flight = in_flight.clone();
                tokio::spawn(async move { in_flight.room("a", 2, 500).await.records })
            })
            .collect();
        tokio::task::yield_now().await;
        drop(first);
        for other in others {
            assert_eq!(other.await.expect("room"), 2);
        }
    }
}
