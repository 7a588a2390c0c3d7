//! Reading for several triggers at once: what one of them fetches of a topic serves the others that come to the same place.

use std::{
    collections::{BTreeMap, VecDeque},
    future::Future,
    ops::Range,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
};

use klamm_log::{Offset, ReadBatch, Stored};
use parking_lot::Mutex;

/// Most bytes of records that are kept for other triggers, in this process.
const BYTES_MAX: usize = 32 << 20;

/// Most records of a fetch, so that a mass of requests never stands in front of other callers.
pub(crate) const FETCHED: usize = 500;

/// A partition of a topic: the topic's id, and the number. What stands below an offset of these never changes.
type Place = (Arc<str>, u32);

/// What was fetched of partitions that several readers read. Clones share everything.
#[derive(Clone, Default)]
pub(crate) struct Fetches(Arc<Inner>);

#[derive(Default)]
struct Inner {
    state: Mutex<State>,
    counts: Counts,
}

/// How often records were fetched, and how often they were here already.
#[derive(Default)]
pub(crate) struct Counts {
    pub(crate) fetched: AtomicU64,
    pub(crate) shared: AtomicU64,
}

#[derive(Default)]
struct State {
    places: BTreeMap<Place, Kept>,
    /// Of what place each batch is, the oldest first.
    order: VecDeque<Place>,
    bytes: usize,
}

#[derive(Default)]
struct Kept {
    readers: usize,
    /// Only one of the readers fetches at a time. The others then find what they need.
    turn: Arc<tokio::sync::Mutex<()>>,
    batches: VecDeque<Fetched>,
}

struct Fetched {
    /// What was asked for: the records from here on.
    from: Offset,
    batch: Arc<ReadBatch>,
    bytes: usize,
}

/// One of the readers of a partition, as long as it reads.
pub(crate) struct Shared {
    fetches: Fetches,
    place: Place,
}

/// Some records that were fetched.
pub(crate) struct Records {
    batch: Arc<ReadBatch>,
    range: Range<usize>,
    /// Where the next read goes on.
    pub(crate) next_offset: Offset,
    /// The partition's end when they were fetched, or above.
    pub(crate) end_offset: Offset,
}

impl Records {
    pub(crate) fn all(&self) -> &[Stored] {
        &self.batch.records[self.range.clone()]
    }

    /// The records of a batch from an offset on, so many at most.
    fn of(batch: Arc<ReadBatch>, from: Offset, most: usize) -> Self {
        let begin = batch.records.partition_point(|stored| stored.offset < from);
        let end = begin.saturating_add(most).min(batch.records.len());
        let next_offset = if end == batch.records.len() { batch.next_offset } else { batch.records[end].offset };
        let end_offset = batch.end_offset.max(next_offset);
        Self { batch, range: begin..end, next_offset, end_offset }
    }
}

impl Fetches {
    /// How often records were fetched.
    #[cfg(test)]
    pub(crate) fn counts(&self) -> (u64, u64) {
        let Counts { fetched, shared } = &self.0.counts;
        (fetched.load(Ordering::Relaxed), shared.load(Ordering::Relaxed))
    }

    /// Another reader of a partition.
    pub(crate) fn reader(&self, topic_id: Arc<str>, partition: u32) -> Shared {
        let place = (topic_id, partition);
        self.0.state.lock().places.entry(place.clone()).or_default().readers += 1;
        Shared { fetches: self.clone(), place }
    }
}

impl Shared {
    /// The records from an offset on, at most so many: those that another reader has fetched, or what `fetch` gives. That is told how many
    /// records it may fetch: `FETCHED` where the others need the rest.
    ///
    /// # Errors
    /// Those of `fetch`.
    pub(crate) async fn read<E, F>(&self, from: Offset, most: usize, fetch: impl FnOnce(usize) -> F) -> Result<Records, E>
    where
        F: Future<Output = Result<ReadBatch, E>>,
    {
        let counts = &self.fetches.0.counts;
        // Whoever finds its records waits for nobody.
        if let Some(batch) = self.kept(from) {
            counts.shared.fetch_add(1, Ordering::Relaxed);
            return Ok(Records::of(batch, from, most));
        }
        let turn = self.fetches.0.state.lock().places.entry(self.place.clone()).or_default().turn.clone();
        let _turn = turn.lock().await;
        if let Some(batch) = self.kept(from) {
            counts.shared.fetch_add(1, Ordering::Relaxed);
            return Ok(Records::of(batch, from, most));
        }
        counts.fetched.fetch_add(1, Ordering::Relaxed);
        let batch = Arc::new(fetch(if self.is_alone() { most.min(FETCHED) } else { FETCHED }).await?);
        self.keep(from, &batch);
        Ok(Records::of(batch, from, most))
    }

    fn is_alone(&self) -> bool {
        self.fetches.0.state.lock().places.get(&self.place).is_none_or(|kept| kept.readers < 2)
    }

    fn kept(&self, from: Offset) -> Option<Arc<ReadBatch>> {
        let state = self.fetches.0.state.lock();
        let batches = &state.places.get(&self.place)?.batches;
        batches.iter().rev().find(|it| it.from <= from && from < it.batch.next_offset).map(|it| it.batch.clone())
    }

    /// Keeps the records if there is another reader who may need them.
    fn keep(&self, from: Offset, batch: &Arc<ReadBatch>) {
        let bytes = batch.records.iter().map(|stored| stored.record.size()).sum();
        let mut state = self.fetches.0.state.lock();
        let Some(kept) = state.places.get_mut(&self.place) else { return };
        if kept.readers < 2 || batch.next_offset <= from || bytes > BYTES_MAX {
            return;
        }
        kept.batches.push_back(Fetched { from, batch: batch.clone(), bytes });
        state.order.push_back(self.place.clone());
        state.bytes += bytes;
        while state.bytes > BYTES_MAX
            && let Some(oldest) = state.order.pop_front()
        {
            let gone = state.places.get_mut(&oldest).and_then(|kept| kept.batches.pop_front());
            state.bytes -= gone.map_or(0, |gone| gone.bytes);
        }
    }
}

impl Drop for Shared {
    fn drop(&mut self) {
        let mut state = self.fetches.0.state.lock();
        let State { places, order, bytes } = &mut *state;
        let Some(kept) = places.get_mut(&self.place) else { return };
        kept.readers -= 1;
        // One who reads alone needs nothing of what was kept.
        if kept.readers < 2 {
            *bytes -= kept.batches.drain(..).map(|gone| gone.bytes).sum::<usize>();
            order.retain(|place| *place != self.place);
        }
        if kept.readers == 0 {
            places.remove(&self.place);
        }
    }
}

#[cfg(test)]
mod tests {
    use klamm_log::Record;

    use super::*;

    /// Records with these offsets, each with a value of so many bytes.
    fn batch(offsets: Range<Offset>, bytes: usize) -> ReadBatch {
        let end = offsets.end;
        let stored = |offset| Stored { offset, timestamp_ms: 0, record: Record::new("k", vec![0; bytes]) };
        ReadBatch { records: offsets.step_by(2).map(stored).collect(), next_offset: end, end_offset: end }
    }

    async fn read(reader: &Shared, from: Offset, most: usize, found: ReadBatch) -> (Vec<Offset>, Offset) {
        let records = reader.read(from, most, |_| async { Ok::<_, ()>(found) }).await.expect("records");
        (records.all().iter().map(|it| it.offset).collect(), records.next_offset)
    }

    #[tokio::test]
    async fn readers_at_the_same_place_fetch_once() {
        let fetches = Fetches::default();
        let (first, second) = (fetches.reader("t".into(), 0), fetches.reader("t".into(), 0));
        let (one, other) = tokio::join!(read(&first, 10, 500, batch(10..20, 1)), read(&second, 10, 500, batch(90..99, 1)));
        assert_eq!(one, (vec![10, 12, 14, 16, 18], 20));
        assert_eq!(other, one);
        assert_eq!(fetches.counts(), (1, 1));
        // Within the batch, and only some of it.
        assert_eq!(read(&second, 13, 2, batch(90..99, 1)).await, (vec![14, 16], 18));
        assert_eq!(read(&second, 19, 2, batch(90..99, 1)).await, (vec![], 20), "a hole at the end");
        assert_eq!(fetches.counts(), (1, 3));
        // Another place, another partition, another topic of the name.
        assert_eq!(read(&second, 20, 500, batch(20..22, 1)).await, (vec![20], 22));
        assert_eq!(read(&second, 9, 500, batch(9..10, 1)).await, (vec![9], 10));
        for elsewhere in [fetches.reader("t".into(), 1), fetches.reader("new".into(), 0)] {
            assert_eq!(read(&elsewhere, 10, 500, batch(10..11, 1)).await, (vec![10], 11));
        }
        assert_eq!(fetches.counts().0, 5);
        let failed = first.read(50, 1, |_| async { Err::<ReadBatch, _>("away") }).await;
        assert_eq!(failed.err(), Some("away"));
        assert_eq!(read(&second, 50, 500, batch(50..51, 1)).await, (vec![50], 51), "a failure is nobody else's");
    }

    #[tokio::test]
    async fn what_is_kept_is_bounded_and_only_for_others() {
        let fetches = Fetches::default();
        let first = fetches.reader("t".into(), 0);
        read(&first, 0, 500, batch(0..2, 100)).await;
        assert_eq!(fetches.0.state.lock().bytes, 0, "nobody else needs it");
        let second = fetches.reader("t".into(), 0);
        let (third, fourth) = (fetches.reader("u".into(), 0), fetches.reader("u".into(), 0));
        let third_of_all = BYTES_MAX / 3;
        for (at, reader) in [&first, &third, &first, &third].into_iter().enumerate() {
            let from = 10 * at as Offset;
            read(reader, from, 500, batch(from..from + 2, third_of_all)).await;
            assert!(fetches.0.state.lock().bytes <= BYTES_MAX);
        }
        let before = fetches.counts().1;
        read(&second, 0, 500, batch(0..2, 1)).await;
        read(&fourth, 30, 500, batch(0..2, 1)).await;
        assert_eq!(fetches.counts().1, before + 1, "the oldest is gone, the newest is not");
        drop((second, fourth));
        assert_eq!(fetches.0.state.lock().bytes, 0);
        assert!(fetches.0.state.lock().order.is_empty());
        drop((first, third));
        assert!(fetches.0.state.lock().places.is_empty());
    }
}
