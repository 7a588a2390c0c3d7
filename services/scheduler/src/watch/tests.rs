//! One partition's rows in virtual time.

use std::{
    collections::BTreeMap,
    sync::atomic::{AtomicI64, AtomicUsize, Ordering},
};

use klamm_supervise::Supervisor;
use tokio::sync::{
    Mutex, Notify,
    watch::{Receiver, Sender},
};

use super::*;

/// Rows by due time and id. A wake-up takes some time, then its row is gone.
struct Rows {
    start: Instant,
    takes: Duration,
    rows: Mutex<BTreeMap<(i64, String), WakeRow>>,
    sleeps_until: AtomicI64,
    changed: Notify,
    /// The first so many wake-ups fail.
    failures: AtomicUsize,
    /// Id of each wake-up, and when it was sent, in milliseconds.
    sent: Mutex<Vec<(String, i64)>>,
    in_flight: AtomicUsize,
    in_flight_most: AtomicUsize,
}

impl Rows {
    fn new(takes_ms: u64) -> Arc<Self> {
        Arc::new(Self {
            start: Instant::now(),
            takes: Duration::from_millis(takes_ms),
            rows: Mutex::default(),
            sleeps_until: AtomicI64::new(0),
            changed: Notify::new(),
            failures: AtomicUsize::new(0),
            sent: Mutex::default(),
            in_flight: AtomicUsize::new(0),
            in_flight_most: AtomicUsize::new(0),
        })
    }

    fn now(&self) -> Time {
        Time::from_millis(i64::try_from(self.start.elapsed().as_millis()).unwrap())
    }

    async fn add(&self, id: &str, due: i64) {
        let row = WakeRow { id: id.to_owned(), due: Some(Time::from_millis(due).into()), ..WakeRow::default() };
        self.rows.lock().await.insert((due, id.to_owned()), row);
        if due < self.sleeps_until.load(Ordering::SeqCst) {
            self.changed.notify_one();
        }
    }

    async fn sent(&self) -> Vec<String> {
        self.sent.lock().await.iter().map(|(id, at)| format!("{id}@{at}")).collect()
    }
}

impl WakeSource for Rows {
    fn partitions(&self) -> Receiver<BTreeMap<u32, i64>> {
        Sender::new(BTreeMap::from([(0, 1)])).subscribe()
    }

    fn due(&self, _: u32, after: Option<Time>, now: Time, limit: usize) -> Due {
        let rows = self.rows.try_lock().expect("nobody holds it across an await");
        let next = rows.keys().find(|(due, _)| *due > now.millis()).map(|(due, _)| Time::from_millis(*due));
        let is_asked_for = |due: i64| due <= now.millis() && after.is_none_or(|after| due > after.millis());
        Due { rows: rows.iter().filter(|((due, _), _)| is_asked_for(*due)).take(limit).map(|(_, row)| row.clone()).collect(), next }
    }

    async fn wake_up(&self, _: u32, rows: &[WakeRow]) -> bool {
        let at = self.now().millis();
        if self.failures.fetch_update(Ordering::SeqCst, Ordering::SeqCst, |left| left.checked_sub(1)).is_ok() {
            return false;
        }
        self.sent.lock().await.extend(rows.iter().map(|row| (row.id.clone(), at)));
        let most = self.in_flight.fetch_add(rows.len(), Ordering::SeqCst) + rows.len();
        self.in_flight_most.fetch_max(most, Ordering::SeqCst);
        tokio::time::sleep(self.takes).await;
        self.in_flight.fetch_sub(rows.len(), Ordering::SeqCst);
        for row in rows {
            let due = row.due.as_ref().map(Time::from).unwrap().millis();
            self.rows.lock().await.remove(&(due, row.id.clone()));
        }
        true
    }

    fn sleeps_until(&self, _: u32, time: Time) {
        self.sleeps_until.store(time.millis(), Ordering::SeqCst);
    }

    async fn changed(&self, _: u32) {
        self.changed.notified().await;
    }
}

/// Watches for so long, in virtual time.
async fn watch_for(rows: &Arc<Rows>, in_flight_max: usize, ms: u64) {
    let clock = rows.clone();
    let watching = watch(rows.clone(), Supervisor::default().part("scheduler/0"), 0, in_flight_max, move || clock.now());
    let _ = tokio::time::timeout(Duration::from_millis(ms), watching).await;
}

#[tokio::test(start_paused = true)]
async fn each_is_sent_when_it_is_due_though_earlier_ones_are_on_their_way() {
    let rows = Rows::new(100);
    for (id, due) in [("a", 0), ("b", 10), ("c", 25), ("d", 2_500)] {
        rows.add(id, due).await;
    }
    watch_for(&rows, 8, 3_000).await;
    assert_eq!(rows.sent().await, ["a@0", "b@10", "c@25", "d@2500"]);
    assert!(rows.rows.lock().await.is_empty());
}

#[tokio::test(start_paused = true)]
async fn no_more_than_so_many_are_on_their_way_and_all_are_sent_once() {
    let rows = Rows::new(50);
    for n in 0..200 {
        rows.add(&format!("{n:03}"), 5).await;
    }
    watch_for(&rows, 40, 900).await;
    let sent = rows.sent().await;
    let ids: Vec<_> = sent.iter().map(|sent| sent.split('@').next().unwrap().to_owned()).collect();
    assert_eq!(ids, (0..200).map(|n| format!("{n:03}")).collect::<Vec<_>>());
    assert_eq!(rows.in_flight_most.load(Ordering::SeqCst), 40);
    assert_eq!(sent.last().map(String::as_str), Some("199@205"), "five rounds of 50 ms, the first at 5 ms");
}

#[tokio::test(start_paused = true)]
async fn one_that_comes_early_is_not_slept_past() {
    let rows = Rows::new(1);
    rows.add("late", 900).await;
    let adding = async {
        tokio::time::sleep(Duration::from_millis(300)).await;
        rows.add("early", 400).await;
        rows.add("overdue", 100).await;
    };
    tokio::join!(watch_for(&rows, 8, 1_000), adding);
    assert_eq!(rows.sent().await, ["overdue@300", "early@400", "late@900"]);
}

#[tokio::test(start_paused = true)]
async fn what_could_not_be_sent_is_sent_again_soon() {
    let rows = Rows::new(1);
    rows.failures.store(3, Ordering::SeqCst);
    rows.add("a", 20).await;
    watch_for(&rows, 8, 1_000).await;
    assert_eq!(rows.sent().await, ["a@50"], "three pauses of 10 ms");
}

#[tokio::test(start_paused = true)]
async fn a_row_that_stays_after_its_wake_up_gets_another_one() {
    let rows = Rows::new(1);
    rows.add("a", 20).await;
    let keeping = async {
        tokio::time::sleep(Duration::from_millis(500)).await;
        rows.add("a", 20).await;
    };
    tokio::join!(watch_for(&rows, 8, 1_500), keeping);
    let sent = rows.sent().await;
    assert_eq!(sent.len(), 2, "{sent:?}");
    assert_eq!(sent[1], "a@1020", "a second after the first");
}
