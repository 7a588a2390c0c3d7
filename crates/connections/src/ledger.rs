//! What one connection has under way: calls, answers that its client has not read, requests of which a part has come.

use std::{
    collections::BTreeMap,
    sync::Arc,
    time::{Duration, Instant},
};

use parking_lot::Mutex;

use crate::{Room, Settings};

/// A client that has sent less than this of a request does not owe the rest: streams of reflection stay open as long as their client likes.
const LARGE_BYTES: usize = 16 << 10;

/// What one connection has under way. Its calls share it.
#[derive(Debug)]
pub(crate) struct Ledger {
    room: Room,
    unread_bytes_max: usize,
    unfinished_bytes_max: usize,
    state: Mutex<State>,
}

#[derive(Debug)]
struct State {
    /// Calls whose answer is not sent in full yet.
    calls: usize,
    /// Since when there has been no such call.
    idle_since: Instant,
    unread_bytes: usize,
    unfinished_bytes: usize,
    /// What the client owes (to read an answer, or to send the rest of a request), by number, and since when.
    owed: BTreeMap<u64, Instant>,
    next: u64,
}

impl Ledger {
    pub(crate) fn new(room: Room, settings: &Settings) -> Arc<Self> {
        let state = State { calls: 0, idle_since: Instant::now(), unread_bytes: 0, unfinished_bytes: 0, owed: BTreeMap::new(), next: 0 };
        Arc::new(Self {
            room,
            unread_bytes_max: settings.unread_bytes_max,
            unfinished_bytes_max: settings.unfinished_bytes_max,
            state: Mutex::new(state),
        })
    }

    /// A call begins.
    pub(crate) fn begin(self: &Arc<Self>) -> Call {
        self.state.lock().calls += 1;
        Call { ledger: self.clone(), unread: None }
    }

    /// For how long no call has been under way; `None` while one is.
    pub(crate) fn idle_for(&self) -> Option<Duration> {
        let state = self.state.lock();
        (state.calls == 0).then(|| state.idle_since.elapsed())
    }

    /// For how long the client has owed the oldest of what it owes.
    pub(crate) fn owed_for(&self) -> Option<Duration> {
        self.state.lock().owed.values().min().map(Instant::elapsed)
    }
}

impl State {
    fn owes(&mut self) -> u64 {
        let number = self.next;
        self.next += 1;
        self.owed.insert(number, Instant::now());
        number
    }
}

/// A call under way, until it is dropped.
#[derive(Debug)]
pub(crate) struct Call {
    ledger: Arc<Ledger>,
    /// Bytes of the call's answer, and the number under which the client owes to read them.
    unread: Option<(usize, u64)>,
}

impl Call {
    /// The call's answer has so many bytes, which the client owes to read. False when it leaves too much unread already.
    pub(crate) fn answered(&mut self, bytes: usize) -> bool {
        let mut state = self.ledger.state.lock();
        let unread_bytes = state.unread_bytes.saturating_add(bytes);
        // A connection's first unread answer is always sent: the size of a single answer is bounded elsewhere.
        if state.unread_bytes > 0 && unread_bytes > self.ledger.unread_bytes_max || !self.ledger.room.take(bytes) {
            return false;
        }
        state.unread_bytes = unread_bytes;
        self.unread = Some((bytes, state.owes()));
        true
    }
}

impl Drop for Call {
    fn drop(&mut self) {
        let mut state = self.ledger.state.lock();
        if let Some((bytes, number)) = self.unread {
            state.unread_bytes -= bytes;
            state.owed.remove(&number);
            self.ledger.room.give(bytes);
        }
        state.calls -= 1;
        if state.calls == 0 {
            state.idle_since = Instant::now();
        }
    }
}

/// A request of which only a part has come. It is dropped when the service has all of it, or wants no more of it.
#[derive(Debug)]
pub(crate) struct Unfinished {
    ledger: Arc<Ledger>,
    bytes: usize,
    owed: Option<u64>,
}

impl Unfinished {
    pub(crate) fn new(ledger: Arc<Ledger>) -> Self {
        Self { ledger, bytes: 0, owed: None }
    }

    /// Notes that so many more bytes have come. False when the connection holds too much of unfinished requests.
    pub(crate) fn received(&mut self, bytes: usize) -> bool {
        let mut state = self.ledger.state.lock();
        let unfinished_bytes = state.unfinished_bytes.saturating_add(bytes);
        if unfinished_bytes > self.ledger.unfinished_bytes_max || !self.ledger.room.take(bytes) {
            return false;
        }
        state.unfinished_bytes = unfinished_bytes;
        self.bytes += bytes;
        if self.owed.is_none() && self.bytes >= LARGE_BYTES {
            self.owed = Some(state.owes());
        }
        true
    }
}

impl Drop for Unfinished {
    fn drop(&mut self) {
        let mut state = self.ledger.state.lock();
        state.unfinished_bytes -= self.bytes;
        if let Some(number) = self.owed {
            state.owed.remove(&number);
        }
        self.ledger.room.give(self.bytes);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ledger(unread_bytes_max: usize, room: &Room) -> Arc<Ledger> {
        Ledger::new(room.clone(), &Settings { unread_bytes_max, unfinished_bytes_max: unread_bytes_max, ..Settings::default() })
    }

    #[test]
    fn a_connection_is_idle_since_its_last_call_ended() {
        let ledger = ledger(100, &Room::new(1, 1000));
        let call = ledger.begin();
        assert_eq!(ledger.idle_for(), None);
        let before = Instant::now();
        drop(call);
        assert!(ledger.idle_for().is_some_and(|idle| idle <= before.elapsed()));
    }

    #[test]
    fn answers_count_until_they_are_read() {
        let room = Room::new(2, 1000);
        let ledger = ledger(100, &room);
        let (mut first, mut second, mut third) = (ledger.begin(), ledger.begin(), ledger.begin());
        assert!(first.answered(500), "the first is sent whatever its size is");
        assert!(!second.answered(1));
        assert!(ledger.owed_for().is_some());
        drop(first);
        assert_eq!(ledger.owed_for(), None);
        assert!(second.answered(60) && !third.answered(41) && third.answered(40));

        // What all connections leave unread is bounded too.
        let other = super::tests::ledger(1000, &room);
        let mut call = other.begin();
        assert!(!call.answered(901));
        assert!(call.answered(900));
    }

    #[test]
    fn requests_count_until_they_are_complete() {
        let ledger = ledger(LARGE_BYTES + 10, &Room::new(1, 1 << 20));
        let (mut large, mut small) = (Unfinished::new(ledger.clone()), Unfinished::new(ledger.clone()));
        assert!(large.received(LARGE_BYTES) && small.received(10));
        assert!(!small.received(1));
        assert!(ledger.owed_for().is_some(), "the large one");
        drop(large);
        assert_eq!(ledger.owed_for(), None, "a small one may take its time");
        assert!(small.received(LARGE_BYTES));
    }
}
