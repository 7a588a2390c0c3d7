//! Decides which of the due rows go first.
//!
//! Namespaces take turns, so that a mass of rows of one namespace does not hold up the rows of others. Within a namespace the earliest row
//! goes first.

use std::{
    collections::{BTreeMap, HashMap, VecDeque},
    ops::Bound,
    time::Duration,
};

use klamm_machine::{Table, wakes::Wakes};
use klamm_messages::klamm::v1::WakeRow;
use tokio::time::Instant;

/// When a wake row is still there so long after its wake-up was sent, it gets another wake-up.
const SEND_AGAIN: Duration = Duration::from_secs(1);
/// While rows wait here, the partition's rows are read again at this interval, because rows of another namespace may have become due.
/// Reading many thousands of rows has a cost, so the interval is not short. A namespace may have to wait this long.
const SCAN_AGAIN: Duration = Duration::from_millis(500);
/// Most rows that are read at once. When more are due, a namespace whose rows come behind that many others waits longer.
const SCAN_MAX: usize = 65_536;

/// The due rows of one partition.
#[derive(Debug)]
pub(crate) struct Backlog {
    /// Most wake-ups that may be under way at a time.
    in_flight_max: usize,
    waiting: BTreeMap<String, VecDeque<WakeRow>>,
    /// The namespace that had its turn last.
    last: String,
    scanned: Option<Instant>,
    /// True when the last read gave as many rows as it asked for, so that more may be due.
    is_deep: bool,
    /// When each row's wake-up was sent, by key.
    sent: HashMap<Vec<u8>, Instant>,
    /// When the next wake-up is due for a row whose wake-up was sent and that the last read still found.
    again: Option<Instant>,
}

impl Backlog {
    /// An empty backlog, for at most `in_flight_max` wake-ups under way at a time.
    pub(crate) fn new(in_flight_max: usize) -> Self {
        Self {
            in_flight_max,
            waiting: BTreeMap::new(),
            last: String::new(),
            scanned: None,
            is_deep: false,
            sent: HashMap::new(),
            again: None,
        }
    }

    /// Whether it is time to read the partition's rows.
    pub(crate) fn wants_rows(&self, now: Instant) -> bool {
        self.waiting.is_empty() || self.scanned.is_none_or(|scanned| now.duration_since(scanned) >= SCAN_AGAIN)
    }

    /// How many rows to read.
    pub(crate) fn scan_limit(&self) -> usize {
        // Rows whose wake-up is under way come first in the read, so the limit is raised by their number.
        if self.is_deep { SCAN_MAX } else { (2 * self.in_flight_max + self.sent.len()).min(SCAN_MAX) }
    }

    /// Takes due rows, earliest first. They replace the rows that wait here.
    pub(crate) fn refill(&mut self, rows: Vec<WakeRow>, now: Instant) {
        // This needs the limit with which these rows were read. Dropping entries of `sent` below lowers the limit.
        self.is_deep = rows.len() >= self.scan_limit();
        self.sent.retain(|_, at| now.duration_since(*at) < SEND_AGAIN);
        self.scanned = Some(now);
        self.waiting.clear();
        self.again = None;
        for row in rows {
            let sent = if self.sent.is_empty() { None } else { self.sent.get(&Wakes::key(&row)) };
            match (sent, self.waiting.get_mut(&row.namespace)) {
                (Some(at), _) => self.again = self.again.into_iter().chain([*at + SEND_AGAIN]).min(),
                (None, Some(queue)) => queue.push_back(row),
                (None, None) => _ = self.waiting.insert(row.namespace.clone(), VecDeque::from([row])),
            }
        }
    }

    /// When the partition's rows have to be read again, because rows may still be there.
    pub(crate) fn again(&self) -> Option<Instant> {
        self.again
    }

    /// How many rows wait here.
    pub(crate) fn len(&self) -> usize {
        self.waiting.values().map(VecDeque::len).sum()
    }

    /// The next rows to be sent, at most `count`: one of each namespace in turn.
    pub(crate) fn take(&mut self, count: usize) -> Vec<WakeRow> {
        let mut rows = Vec::new();
        while rows.len() < count {
            let after = (Bound::Excluded(self.last.as_str()), Bound::Unbounded);
            let next = self.waiting.range::<str, _>(after).next().or_else(|| self.waiting.iter().next());
            let Some(namespace) = next.map(|(namespace, _)| namespace.clone()) else { break };
            if let Some(queue) = self.waiting.get_mut(&namespace) {
                rows.extend(queue.pop_front());
                if queue.is_empty() {
                    self.waiting.remove(&namespace);
                }
            }
            self.last = namespace;
        }
        rows
    }

    /// Takes note that wake-ups for these rows were sent.
    pub(crate) fn sent(&mut self, rows: &[WakeRow], now: Instant) {
        self.sent.extend(rows.iter().map(|row| (Wakes::key(row), now)));
    }

    /// Takes note that these wake-ups could not be sent. All waiting rows are dropped too, since the next read finds all of them again.
    pub(crate) fn failed(&mut self, rows: &[WakeRow]) {
        for row in rows {
            self.sent.remove(&Wakes::key(row));
        }
        self.waiting.clear();
    }
}

#[cfg(test)]
mod tests {
    use klamm_machine::Time;

    use super::*;

    fn row(namespace: &str, id: u32, due: i64) -> WakeRow {
        WakeRow {
            machine: "m".to_owned(),
            namespace: namespace.to_owned(),
            id: id.to_string(),
            run_id: String::new(),
            due: Some(Time::from_millis(due).into()),
        }
    }

    fn names(rows: &[WakeRow]) -> Vec<String> {
        rows.iter().map(|row| format!("{}{}", row.namespace, row.id)).collect()
    }

    #[test]
    fn namespaces_take_turns_and_the_earliest_of_each_goes_first() {
        let (mut backlog, now) = (Backlog::new(4), Instant::now());
        let mass = (0..5).map(|id| row("a", id, 1));
        backlog.refill(mass.chain([row("b", 0, 2), row("b", 1, 3), row("c", 0, 9)]).collect(), now);
        assert_eq!(names(&backlog.take(4)), ["a0", "b0", "c0", "a1"]);
        assert_eq!(names(&backlog.take(4)), ["b1", "a2", "a3", "a4"]);
        assert!(backlog.take(8).is_empty());
    }

    #[test]
    fn a_namespace_that_comes_late_is_served_in_the_next_round() {
        let (mut backlog, start) = (Backlog::new(2), Instant::now());
        let mass = |from: u32| (from..100).map(|id| row("a", id, 1));
        backlog.refill(mass(0).collect(), start);
        let first = backlog.take(2);
        backlog.sent(&first, start);
        assert!(!backlog.wants_rows(start + SCAN_AGAIN / 2), "rows wait here");
        assert!(backlog.wants_rows(start + SCAN_AGAIN));
        backlog.refill(mass(2).chain([row("b", 0, 5)]).collect(), start + SCAN_AGAIN);
        assert_eq!(names(&backlog.take(2)), ["b0", "a2"]);
    }

    #[test]
    fn what_was_sent_is_sent_again_only_when_it_is_still_there_after_a_while() {
        let (mut backlog, start) = (Backlog::new(8), Instant::now());
        let rows = || vec![row("a", 0, 1), row("a", 1, 1)];
        backlog.refill(rows(), start);
        let sent = backlog.take(8);
        backlog.sent(&sent, start);
        backlog.refill(rows(), start + SEND_AGAIN / 2);
        assert!(backlog.take(8).is_empty());
        backlog.refill(rows(), start + SEND_AGAIN);
        assert_eq!(names(&backlog.take(4)), ["a0", "a1"]);
    }

    #[test]
    fn the_look_goes_deeper_when_more_rows_are_due_than_it_gave() {
        let (mut backlog, now) = (Backlog::new(4), Instant::now());
        assert_eq!(backlog.scan_limit(), 8);
        backlog.refill((0..8).map(|id| row("a", id, 1)).collect(), now);
        assert_eq!(backlog.scan_limit(), SCAN_MAX);
        backlog.refill((0..8).map(|id| row("a", id, 1)).collect(), now);
        assert_eq!(backlog.scan_limit(), 8);
    }

    #[test]
    fn a_look_that_gave_less_than_was_asked_for_saw_everything() {
        let (mut backlog, start) = (Backlog::new(4), Instant::now());
        let rows = |count| (0..count).map(|id| row("a", id, 1)).collect::<Vec<_>>();
        backlog.sent(&rows(4), start);
        assert_eq!(backlog.scan_limit(), 12);
        backlog.refill(rows(10), start + SEND_AGAIN);
        assert_eq!(backlog.scan_limit(), 8, "nothing is on its way any more, and nothing lies deeper");
    }
}
