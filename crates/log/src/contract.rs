//! The suite that every provider passes.
//!
//! Each test gets a harness of its own and topics named anew, so the suite also runs against a broker that is shared. What a
//! provider can't do (move a broker's clock) it says, and those steps are left out.

mod appending;
mod cleanup;
mod committing;
mod concurrency;
mod reading;
mod restarting;
mod topics;
mod waiting;

use std::{sync::Arc, time::Duration};

use crate::{Log, Offset, Output, ReadLimit, Record, Stored, TopicSpec};

/// A provider under test.
pub trait Harness {
    /// The log. Whoever calls drops it before [`Harness::restart`].
    fn log(&self) -> Arc<dyn Log>;

    /// What a new process sees after this one died without notice: what was acknowledged is there.
    fn restart(&mut self);

    /// Moves the log's clock, backwards with a negative number; false when it can't.
    fn advance_ms(&self, by: i64) -> bool;

    /// Whether [`Log::ensure_topics`] changes times and limits of a topic that exists. A broker's are its operator's.
    fn changes_topics(&self) -> bool {
        true
    }

    /// A topic name that nobody has used.
    fn topic_name(&self, name: &str) -> String {
        name.to_owned()
    }
}

/// Runs the suite, each test with a harness made for it. Panics at the first failure.
pub fn run_all(make: impl Fn() -> Box<dyn Harness>) {
    for (name, test) in TESTS {
        println!("contract: {name}");
        let mut harness = make();
        test(&mut *harness);
    }
}

type Test = fn(&mut dyn Harness);

const TESTS: &[(&str, Test)] = &[
    ("appended_records_come_back_as_they_went_in", appending::appended_records_come_back_as_they_went_in),
    ("records_get_offsets_in_order", appending::records_get_offsets_in_order),
    ("a_group_stands_up_to_the_first_that_is_refused", appending::a_group_stands_up_to_the_first_that_is_refused),
    ("append_times_never_go_back", appending::append_times_never_go_back),
    ("producer_times_are_kept_where_asked", appending::producer_times_are_kept_where_asked),
    ("refused_appends_write_nothing", appending::refused_appends_write_nothing),
    ("limits_page_through_everything_once", reading::limits_page_through_everything_once),
    ("reads_outside_the_bounds_are_errors", reading::reads_outside_the_bounds_are_errors),
    ("unknown_places_are_errors_everywhere", reading::unknown_places_are_errors_everywhere),
    ("commits_reach_all_their_partitions_in_order", committing::commits_reach_all_their_partitions_in_order),
    ("refused_commits_write_nothing_anywhere", committing::refused_commits_write_nothing_anywhere),
    ("a_new_holder_fences_the_old_one", committing::a_new_holder_fences_the_old_one),
    ("holders_of_different_ids_do_not_meet", committing::holders_of_different_ids_do_not_meet),
    ("waiting_ends_with_a_record_or_the_time", waiting::waiting_ends_with_a_record_or_the_time),
    ("a_waker_is_woken_by_append_and_commit", waiting::a_waker_is_woken_by_append_and_commit),
    ("topics_are_made_once_and_checked", topics::topics_are_made_once_and_checked),
    ("a_trimmed_partition_starts_later", cleanup::a_trimmed_partition_starts_later),
    ("compaction_keeps_the_newest_of_each_key", cleanup::compaction_keeps_the_newest_of_each_key),
    ("compaction_spares_what_is_young", cleanup::compaction_spares_what_is_young),
    ("tombstones_go_after_their_time", cleanup::tombstones_go_after_their_time),
    ("acknowledged_records_survive_a_restart", restarting::acknowledged_records_survive_a_restart),
    ("bounds_survive_a_restart", restarting::bounds_survive_a_restart),
    ("concurrent_writers_lose_and_double_nothing", concurrency::concurrent_writers_lose_and_double_nothing),
    ("of_racing_holders_one_is_left", concurrency::of_racing_holders_one_is_left),
];

/// Makes a topic of `partitions` that keeps everything; gives its name.
fn kept(harness: &dyn Harness, name: &str, partitions: u32) -> Arc<str> {
    make(harness, TopicSpec::kept(harness.topic_name(name), partitions))
}

/// Makes a compacted topic without lag; tombstones stay for `delete_retention`.
fn compacted(harness: &dyn Harness, name: &str, lag: Duration, delete_retention: Duration) -> Arc<str> {
    let cleanup = crate::Cleanup::Compact { min_compaction_lag: lag, delete_retention };
    let spec = TopicSpec { cleanup, log_append_time: true, ..TopicSpec::compacted(harness.topic_name(name), 1) };
    make(harness, spec)
}

fn make(harness: &dyn Harness, spec: TopicSpec) -> Arc<str> {
    let name = spec.name.clone();
    harness.log().ensure_topics(&[spec]).unwrap();
    name
}

/// A record of a key and a value.
fn record(key: &str, value: &str) -> Record {
    Record::new(key.to_owned(), value.to_owned())
}

/// Appends one record; gives its offset.
fn append(log: &dyn Log, topic: &str, partition: u32, record: Record) -> Offset {
    log.append(topic, partition, vec![record]).unwrap().first_offset
}

fn output(topic: &Arc<str>, partition: u32, record: Record) -> Output {
    Output { topic: topic.clone(), partition, record }
}

/// All records from `from` to the end, read in pages of `limit`, with what every read promises checked.
fn read_from(log: &dyn Log, topic: &str, partition: u32, from: Offset, limit: ReadLimit) -> Vec<Stored> {
    let mut all: Vec<Stored> = Vec::new();
    let mut next = from;
    loop {
        let batch = log.read(topic, partition, next, limit).unwrap();
        for stored in &batch.records {
            assert!(stored.offset >= next, "offset {} was asked for from {next} on", stored.offset);
            assert!(stored.offset < batch.next_offset);
            assert!(all.last().is_none_or(|last| last.offset < stored.offset), "offsets ascend");
            assert_eq!(stored.timestamp_ms, stored.record.timestamp_ms);
            all.push(stored.clone());
        }
        assert!(batch.next_offset <= batch.end_offset);
        if batch.next_offset == batch.end_offset {
            return all;
        }
        assert!(batch.next_offset > next, "a read that isn't at the end gets on");
        next = batch.next_offset;
    }
}

/// All records of a partition.
fn read_all(log: &dyn Log, topic: &str, partition: u32) -> Vec<Stored> {
    let start = log.start_offset(topic, partition).unwrap();
    read_from(log, topic, partition, start, ReadLimit::default())
}

/// Offset, key and value of all records of a partition, as text.
fn texts(log: &dyn Log, topic: &str, partition: u32) -> Vec<(Offset, String, Option<String>)> {
    let text = |bytes: &bytes::Bytes| String::from_utf8(bytes.to_vec()).unwrap();
    let row =
        |stored: Stored| (stored.offset, stored.record.key.as_ref().map(text).unwrap_or_default(), stored.record.value.as_ref().map(text));
    read_all(log, topic, partition).into_iter().map(row).collect()
}
