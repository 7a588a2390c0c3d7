//! Appends and commits. Each is one atomic batch of RocksDB.

use std::{collections::BTreeMap, sync::Arc, task::Waker};

use parking_lot::MutexGuard;
use rocksdb::WriteBatch;

use super::{
    codec,
    core::{Core, TopicState},
    errors,
    keys::Place,
    partition::{Partition, Writer},
    queue::Entered,
};
use crate::{Appended, Error, Offset, Output, Record, Stored, Topic, wakers::wake};

/// Appends that wait are written together up to so many bytes.
pub(super) const GROUP_BYTES_MAX: usize = 4 << 20;

/// Larger buffers are given back after use.
const SCRATCH_BYTES_MAX: usize = 64 << 10;

/// What a record costs in a batch of RocksDB beyond [`Record::size`].
const BATCH_RECORD_BYTES: usize = 32;

impl Core {
    /// See [`crate::Log::append`].
    ///
    /// Appends that meet at one partition are written together, in the order in which they came.
    pub(super) fn append(&self, topic: &str, partition: u32, records: Vec<Record>) -> Result<Appended, Error> {
        let known = self.checked(topic, partition, &records)?;
        let place = known.partition(partition)?;
        let mut lead = match place.queue.enter(records) {
            Entered::Done(result) => return result,
            Entered::Lead(lead) => lead,
        };
        let mut writer = place.writer.lock();
        // The records are taken after the wait for the writer, so those that came meanwhile are written too.
        let (groups, followers) = lead.take(GROUP_BYTES_MAX);
        let written = self.write_group(&known.topic, place, &mut writer, groups);
        drop(writer);
        drop(lead);
        let (written, wakers) = match written {
            Ok((appended, wakers)) => (Ok(appended), wakers),
            Err(error) => (Err(error), Vec::new()),
        };
        let own = followers.answer(written);
        wake(wakers);
        own
    }

    /// The topic, when these records may be appended to this partition of it.
    pub(super) fn checked(&self, topic: &str, partition: u32, records: &[Record]) -> Result<Arc<TopicState>, Error> {
        let known = self.topic(topic)?;
        known.partition(partition)?;
        known.topic.check_batch(records)?;
        Ok(known)
    }

    /// Writes several batches to one partition.
    fn write_group(
        &self,
        topic: &Topic,
        place: &Partition,
        writer: &mut Writer,
        groups: Vec<Vec<Record>>,
    ) -> Result<(Vec<Appended>, Vec<Waker>), Error> {
        let size = groups.iter().flatten().map(|record| record.size() + BATCH_RECORD_BYTES).sum();
        self.room.take(size)?;
        let mut batch = WriteBatch::with_capacity_bytes(size);
        let mut draft = Draft::new(writer, self.clock.now_ms());
        let mut appended = Vec::with_capacity(groups.len());
        for records in groups {
            appended.push(draft.add_all(&mut batch, topic, place.place, writer, records));
        }
        draft.sweep(&mut batch, place.place, writer);
        let written = self.write(batch);
        draft.settle(topic, writer, written.is_ok());
        written?;
        Ok((appended, place.publish(writer.next, draft.records)))
    }

    /// See [`crate::Transactional::commit`].
    pub(super) fn commit(&self, outputs: Vec<Output>) -> Result<Vec<Offset>, Error> {
        let mut topics: BTreeMap<Arc<str>, Arc<TopicState>> = BTreeMap::new();
        let mut requests = Vec::with_capacity(outputs.len());
        for Output { topic, partition, record } in outputs {
            let known = match topics.get(&topic) {
                Some(known) => known.clone(),
                None => topics.entry(topic.clone()).or_insert(self.topic(&topic)?).clone(),
            };
            known.partition(partition)?;
            known.topic.check_record(&record)?;
            requests.push(Request { topic: known, partition, records: [record] });
        }
        if requests.is_empty() {
            return Ok(Vec::new());
        }
        Ok(self.write_all(requests)?.into_iter().map(|appended| appended.first_offset).collect())
    }

    /// Writes the records of all requests, or none, and shows them to readers. Gives where the records of each request stand.
    pub(super) fn write_all<R>(&self, requests: Vec<Request<R>>) -> Result<Vec<Appended>, Error>
    where
        R: AsRef<[Record]> + IntoIterator<Item = Record>,
    {
        let size = requests.iter().flat_map(|request| request.records.as_ref()).map(|record| record.size() + BATCH_RECORD_BYTES).sum();
        self.room.take(size)?;
        let mut places: BTreeMap<Place, (Arc<TopicState>, u32)> = BTreeMap::new();
        for Request { topic, partition, .. } in &requests {
            places.entry(topic.partition(*partition)?.place).or_insert_with(|| (topic.clone(), *partition));
        }
        // Writers are locked in the order of their places. So two calls never wait for each other for ever.
        let now_ms = self.clock.now_ms();
        let mut parts: BTreeMap<Place, Part<'_>> = BTreeMap::new();
        for (place, (known, partition)) in &places {
            let partition = known.partition(*partition)?;
            let writer = partition.writer.lock();
            let draft = Draft::new(&writer, now_ms);
            parts.insert(*place, Part { topic: &known.topic, partition, writer, draft });
        }
        let mut batch = WriteBatch::with_capacity_bytes(size);
        let mut appended = Vec::with_capacity(requests.len());
        for Request { topic, partition, records } in requests {
            if let Some(Part { topic, partition, writer, draft }) = parts.get_mut(&topic.partition(partition)?.place) {
                appended.push(draft.add_all(&mut batch, topic, partition.place, writer, records));
            }
        }
        for (place, part) in &parts {
            part.draft.sweep(&mut batch, *place, &part.writer);
        }
        let written = self.write(batch);
        let mut wakers = Vec::new();
        for part in parts.values_mut() {
            part.draft.settle(part.topic, &mut part.writer, written.is_ok());
            if written.is_ok() {
                wakers.extend(part.partition.publish(part.writer.next, std::mem::take(&mut part.draft.records)));
            }
        }
        drop(parts);
        wake(wakers);
        written.map(|()| appended)
    }

    /// See [`crate::Log::sync`].
    pub(super) fn sync(&self) -> Result<(), Error> {
        if self.in_memory {
            return Ok(());
        }
        // The number is read before the flush: what others write during the flush may not be synced.
        let sequence = self.db.latest_sequence_number();
        self.db.flush_wal(true).map_err(|error| errors::writing(error, true))?;
        self.note_synced(sequence)
    }
}

/// Records for one partition.
pub(super) struct Request<R> {
    /// The topic.
    pub(super) topic: Arc<TopicState>,
    /// The partition, which exists.
    pub(super) partition: u32,
    /// In the order in which they are to stand there.
    pub(super) records: R,
}

/// One partition's share of what is written at once.
struct Part<'a> {
    topic: &'a Topic,
    partition: &'a Partition,
    writer: MutexGuard<'a, Writer>,
    draft: Draft,
}

/// Records on their way into a partition.
struct Draft {
    records: Vec<Stored>,
    append_ms: i64,
}

impl Draft {
    fn new(writer: &Writer, now_ms: i64) -> Self {
        Self { records: Vec::new(), append_ms: writer.last_append_ms.max(now_ms) }
    }

    fn count(&self) -> Offset {
        self.records.len() as Offset
    }

    /// Adds records to the batch; gives where they will stand.
    fn add_all(
        &mut self,
        batch: &mut WriteBatch,
        topic: &Topic,
        place: Place,
        writer: &mut Writer,
        records: impl IntoIterator<Item = Record>,
    ) -> Appended {
        let first_offset = writer.next + self.count();
        for record in records {
            self.add(batch, topic, place, writer, record);
        }
        Appended { first_offset, timestamp_ms: self.records.last().map_or(self.append_ms, |stored| stored.timestamp_ms) }
    }

    fn add(&mut self, batch: &mut WriteBatch, topic: &Topic, place: Place, writer: &mut Writer, mut record: Record) {
        if topic.spec.log_append_time {
            record.timestamp_ms = self.append_ms;
        }
        let offset = writer.next + self.count();
        writer.scratch.clear();
        codec::encode(&record, &mut writer.scratch);
        batch.put(place.record(offset), &writer.scratch);
        if writer.scratch.capacity() > SCRATCH_BYTES_MAX {
            writer.scratch = Vec::new();
        }
        self.records.push(Stored { offset, timestamp_ms: record.timestamp_ms, record });
    }

    /// Deletes what a failed write may have left above the records of this draft.
    fn sweep(&self, batch: &mut WriteBatch, place: Place, writer: &Writer) {
        for offset in writer.next + self.count()..writer.litter_to {
            batch.delete(place.record(offset));
        }
    }

    /// Notes the outcome.
    fn settle(&self, topic: &Topic, writer: &mut Writer, written: bool) {
        if !written {
            writer.litter_to = writer.litter_to.max(writer.next + self.count());
            return;
        }
        writer.next += self.count();
        writer.litter_to = 0;
        if topic.spec.log_append_time {
            writer.last_append_ms = self.append_ms;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::TopicSpec;

    fn write(writer: &mut Writer, count: i64, written: bool) -> usize {
        let topic = Topic { spec: TopicSpec::kept("t", 1), id: "".into() };
        let place = Place { topic: 1, partition: 0 };
        let (mut batch, mut draft) = (WriteBatch::default(), Draft::new(writer, 5));
        for _ in 0..count {
            draft.add(&mut batch, &topic, place, writer, Record::new("k", "v"));
        }
        draft.sweep(&mut batch, place, writer);
        draft.settle(&topic, writer, written);
        batch.len()
    }

    #[test]
    fn what_a_failed_write_may_have_left_goes_with_the_next() {
        let mut writer = Writer { next: 10, last_append_ms: 0, litter_to: 0, scratch: Vec::new() };
        assert_eq!(write(&mut writer, 4, false), 4);
        assert_eq!((writer.next, writer.litter_to, writer.last_append_ms), (10, 14, 0));
        // One record, and deletions of the three above it. The first of these two writes fails too, so the next one deletes again.
        assert_eq!(write(&mut writer, 1, false), 4);
        assert_eq!(write(&mut writer, 1, true), 4);
        assert_eq!((writer.next, writer.litter_to, writer.last_append_ms), (11, 0, 5));
        assert_eq!(write(&mut writer, 1, true), 1);
    }
}
