//! Callers that wait until a row has changed as they want: a run that goes on or closes, a schedule that has learned of a start, or a row
//! of any other table.

use std::{
    collections::HashMap,
    sync::{
        Arc,
        atomic::{AtomicU64, AtomicUsize, Ordering},
    },
};

use klamm_machine::{Row, Table, table::downcast};
use parking_lot::Mutex;
use tokio::sync::Notify;

/// Who waits for which row, by the row's key.
#[derive(Default)]
pub struct Watchers {
    next: AtomicU64,
    /// How many watches there are.
    count: AtomicUsize,
    rows: Mutex<HashMap<Vec<u8>, Vec<Watching>>>,
}

/// Whether a watcher wants to look again after a row has changed. `None`: the row was deleted.
type IsMet = Box<dyn Fn(Option<&Arc<dyn Row>>) -> bool + Send>;

struct Watching {
    number: u64,
    is_met: IsMet,
    notify: Arc<Notify>,
}

impl Watchers {
    /// Watches a row of table `T`. Begin to watch first, then look at the row, then wait: so no change is missed. `until` gets the changed
    /// row, or `None` when the row was deleted, and says whether the caller wants to look again.
    pub fn watch<T: Table>(&self, key: &T::Key, until: impl Fn(Option<&T::Row>) -> bool + Send + 'static) -> Watch<'_> {
        let (key, number, notify) = (T::key(key), self.next.fetch_add(1, Ordering::Relaxed), Arc::new(Notify::new()));
        let is_met = move |row: Option<&Arc<dyn Row>>| until(row.map(|row| downcast::<T>(row.clone())).as_deref());
        // A change happens under the partition's lock, and so does the caller's next look. If the change comes later than the look, it sees
        // this watch; if it comes earlier, the look sees the change.
        self.count.fetch_add(1, Ordering::SeqCst);
        let watching = Watching { number, is_met: Box::new(is_met), notify: notify.clone() };
        self.rows.lock().entry(key.clone()).or_default().push(watching);
        Watch { watchers: self, key, number, notify }
    }

    /// Tells the watchers of this key that the row has changed, or was deleted.
    pub fn changed(&self, key: &[u8], row: Option<&Arc<dyn Row>>) {
        if self.count.load(Ordering::SeqCst) == 0 {
            return;
        }
        let rows = self.rows.lock();
        let Some(watching) = rows.get(key) else { return };
        watching.iter().filter(|watching| (watching.is_met)(row)).for_each(|watching| watching.notify.notify_one());
    }
}

/// One caller's watch.
pub struct Watch<'a> {
    watchers: &'a Watchers,
    key: Vec<u8>,
    number: u64,
    notify: Arc<Notify>,
}

impl Watch<'_> {
    /// Completes once the row has changed as the caller wants, since the last time or since the watch began.
    pub async fn changed(&self) {
        self.notify.notified().await;
    }
}

impl Drop for Watch<'_> {
    fn drop(&mut self) {
        self.watchers.count.fetch_sub(1, Ordering::SeqCst);
        let mut rows = self.watchers.rows.lock();
        let Some(watching) = rows.get_mut(&self.key) else { return };
        watching.retain(|watching| watching.number != self.number);
        if watching.is_empty() {
            rows.remove(&self.key);
        }
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use klamm_messages::klamm::v1::{RunState, ScheduleProgress};
    use klamm_schedule::tables::{Progresses, ScheduleKey};
    use klamm_workflow::tables::{RunKey, Runs};

    use super::*;

    async fn is_told(watch: &Watch<'_>) -> bool {
        tokio::time::timeout(Duration::ZERO, watch.changed()).await.is_ok()
    }

    fn run(next_event_id: i64) -> Arc<dyn Row> {
        Arc::new(RunState { next_event_id, ..RunState::default() })
    }

    #[tokio::test]
    async fn who_watches_a_row_is_told_when_it_stands_as_wanted_or_has_gone() {
        let (watchers, key) = (Watchers::default(), RunKey::new("n", "w", "r"));
        let bytes = Runs::key(&key);
        let watch = watchers.watch::<Runs>(&key, |run| run.is_none_or(|run| run.next_event_id > 5));
        watchers.changed(&bytes, Some(&run(5)));
        assert!(!is_told(&watch).await);
        watchers.changed(&Runs::key(&RunKey::new("n", "w", "another")), Some(&run(9)));
        assert!(!is_told(&watch).await, "of another row");
        watchers.changed(&bytes, Some(&run(6)));
        assert!(is_told(&watch).await && !is_told(&watch).await, "once");
        watchers.changed(&bytes, None);
        assert!(is_told(&watch).await);
        drop(watch);
        assert!(watchers.rows.lock().is_empty());
        assert_eq!(watchers.count.load(Ordering::SeqCst), 0);
    }

    #[tokio::test]
    async fn rows_of_every_table_can_be_waited_for() {
        let (watchers, key) = (Watchers::default(), ScheduleKey::new("n", "s"));
        let watch = watchers.watch::<Progresses>(&key, |progress| progress.is_some());
        let row: Arc<dyn Row> = Arc::new(ScheduleProgress::default());
        watchers.changed(&Progresses::key(&key), Some(&row));
        assert!(is_told(&watch).await);
    }
}
