//! Places for connections.

use std::sync::{
    Arc,
    atomic::{AtomicUsize, Ordering},
};

use tokio::sync::{OwnedSemaphorePermit, Semaphore};

/// Places for connections of one listener, and what all its connections hold together.
#[derive(Debug, Clone)]
pub struct Room {
    inner: Arc<Inner>,
}

#[derive(Debug)]
struct Inner {
    places: Arc<Semaphore>,
    size: usize,
    /// Listeners that wait for a place.
    waiting: AtomicUsize,
    bytes: AtomicUsize,
    bytes_max: usize,
}

/// A connection's place; dropping it frees the place.
#[derive(Debug)]
pub(crate) struct Place {
    _permit: OwnedSemaphorePermit,
}

impl Room {
    /// Room for so many connections. What their clients leave unread and unfinished is at most `bytes_max` together.
    pub fn new(connections: usize, bytes_max: usize) -> Self {
        let size = connections.clamp(1, Semaphore::MAX_PERMITS);
        let places = Arc::new(Semaphore::new(size));
        Self { inner: Arc::new(Inner { places, size, waiting: AtomicUsize::new(0), bytes: AtomicUsize::new(0), bytes_max }) }
    }

    /// Number of places.
    pub fn size(&self) -> usize {
        self.inner.size
    }

    /// Waits for a place. While a listener waits, the room counts as crowded.
    pub(crate) async fn enter(&self) -> Place {
        let places = self.inner.places.clone();
        if let Ok(permit) = places.clone().try_acquire_owned() {
            return Place { _permit: permit };
        }
        let _waiting = Waiting::new(&self.inner.waiting);
        match places.acquire_owned().await {
            Ok(permit) => Place { _permit: permit },
            // The semaphore is never closed.
            Err(_) => std::future::pending().await,
        }
    }

    /// True while a listener waits for a place.
    pub(crate) fn is_crowded(&self) -> bool {
        self.inner.waiting.load(Ordering::Relaxed) > 0
    }

    /// Takes so many bytes. When all connections together would hold more than they may, nothing is taken and the result is false.
    pub(crate) fn take(&self, bytes: usize) -> bool {
        let within = |held: usize| held.checked_add(bytes).filter(|held| *held <= self.inner.bytes_max);
        self.inner.bytes.fetch_update(Ordering::Relaxed, Ordering::Relaxed, within).is_ok()
    }

    /// Gives bytes back.
    pub(crate) fn give(&self, bytes: usize) {
        self.inner.bytes.fetch_sub(bytes, Ordering::Relaxed);
    }
}

/// Counts a listener that waits, for as long as it does.
struct Waiting<'a>(&'a AtomicUsize);

impl<'a> Waiting<'a> {
    fn new(count: &'a AtomicUsize) -> Self {
        count.fetch_add(1, Ordering::Relaxed);
        Self(count)
    }
}

impl Drop for Waiting<'_> {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::Relaxed);
    }
}
