//! Decides which of the due rows go first.
//!
//! Namespaces take turns, so that a mass of rows of one namespace does not hold up the rows of others. Within a namespace the earliest row
//! goes first.

use std::{
    collections::{BTreeMap, HashMap, VecDeque},
    ops::Bound,
    time::Duration,
};

use klamm_machine::{Table, Time, wakes::Wakes};
use klamm_messages::klamm::v1::WakeRow;
use tokio::time::Instant;

/// When a wake row is still there so long after its wake-up was sent, it gets another wake-up.
const SEND_AGAIN: Duration = Duration::from_secs(1);
/// While rows wait here, the partition's rows are read again at this interval, because rows of another namespace may have become due.
/// Reading many thousands of rows has a cost, so the interval is not short. A namespace may have to wait this long; one whose row was added
/// with a due time further back than [`LOOK_BACK`], as long as [`SCAN_ALL_AGAIN`].
const SCAN_AGAIN: Duration = Duration::from_millis(500);
/// Such a look reads only the rows that have become due since so long before the last one: a mass of rows is not read again and again.
/// A command that is handled late may add a row that was due a moment ago.
const LOOK_BACK: Duration = Duration::from_secs(3);
/// All due rows are read again at this interval, however many there are: a wake-up may have been lost, or a row added far in the past.
const SCAN_ALL_AGAIN: Duration = Duration::from_secs(5);
/// Most rows that are read at once. When more are due, a namespace whose rows come behind that many others waits longer.
const SCAN_MAX: usize = 65_536;

/// Which due rows are to be read.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Look {
    /// Only rows due later than this.
    pub(crate) after: Option<Time>,
    /// At most so many.
    pub(crate) limit: usize,
}

/// The due rows of one partition.
#[derive(Debug)]
pub(crate) struct Backlog {
    /// Most wake-ups that may be under way at a time.
    in_flight_max: usize,
    waiting: BTreeMap<String, VecDeque<WakeRow>>,
    /// The namespace that had its turn last.
    last: String,
    scanned: Option<Instant>,
    /// When all due rows were read.
    scanned_all: Option<Instant>,
    /// All rows that were due by then have been read.
    seen_to: Option<Time>,
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
            scanned_all: None,
            seen_to: None,
            is_deep: false,
            sent: HashMap::new(),
            again: None,
        }
    }

    /// Whether it is time to read the partition's rows.
    pub(crate) fn wants_rows(&self, now: Instant) -> bool {
        self.waiting.is_empty() || self.scanned.is_none_or(|scanned| now.duration_since(scanned) >= SCAN_AGAIN)
    }

    /// Which rows to read.
    pub(crate) fn look(&self, now: Instant) -> Look {
        let is_soon_after_all = self.scanned_all.is_some_and(|scanned| now.duration_since(scanned) < SCAN_ALL_AGAIN);
        match self.seen_to.filter(|_| is_soon_after_all && !self.waiting.is_empty()) {
            Some(seen_to) => Look { after: Some(before(seen_to, LOOK_BACK)), limit: SCAN_MAX },
            // Rows whose wake-up is under way come first in the read, so the limit is raised by their number.
            None if self.waiting.is_empty() && !self.is_deep => {
                Look { after: None, limit: (2 * self.in_flight_max + self.sent.len()).min(SCAN_MAX) }
            }
            None => Look { after: None, limit: SCAN_MAX },
        }
    }

    /// Takes the rows that the look has found due at `time`, earliest first. They replace those rows that wait here and that the look was
    /// about.
    pub(crate) fn refill(&mut self, look: Look, rows: Vec<WakeRow>, time: Time, now: Instant) {
        self.is_deep = rows.len() >= look.limit;
        self.seen_to = if self.is_deep { None } else { Some(time) };
        self.sent.retain(|_, at| now.duration_since(*at) < SEND_AGAIN);
        self.scanned = Some(now);
        match look.after {
            None => {
                self.scanned_all = Some(now);
                self.waiting.clear();
                self.again = None;
            }
            Some(after) => self.waiting.retain(|_, queue| {
                queue.truncate(queue.partition_point(|row| Time::or_epoch(row.due) <= after));
                !queue.is_empty()
            }),
        }
        for row in rows {
            let sent = if self.sent.is_empty() { None } else { self.sent.get(&Wakes::key(&row)) };
            match (sent, self.waiting.get_mut(&row.namespace)) {
                (Some(at), _) => self.again = self.again.into_iter().chain([*at + SEND_AGAIN]).min(),
                (None, Some(queue)) => queue.push_back(row),
                (None, None) => _ = self.waiting.insert(row.namespace.clone(), VecDeque::from([row])),
            }
        }
    }

    /// When the partition's rows have to be read again, because rows may still be there. While others wait here, they are read again anyway.
    pub(crate) fn again(&self) -> Option<Instant> {
        self.again.filter(|_| self.waiting.is_empty())
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

/// The time so long before `time`.
fn before(time: Time, duration: Duration) -> Time {
    Time::from_millis(time.millis().saturating_sub(i64::try_from(duration.as_millis()).unwrap_or(i64::MAX)))
}

#[cfg(test)]
mod tests;
