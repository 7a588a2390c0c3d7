//! The suite that every provider passes.
//!
//! Each test gets a harness of its own and topics with new names, so the suite also runs against a broker that others use. A harness says
//! what its provider can't do (such as moving a broker's clock). The tests leave those steps out.

mod appending;
mod cleanup;
mod committing;
mod concurrency;
mod harness;
mod reading;
mod restarting;
mod topics;
mod waiting;

pub use harness::Harness;

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
    ("append_times_go_on_when_the_clock_is_set_back", appending::append_times_go_on_when_the_clock_is_set_back),
    ("producer_times_are_kept_where_asked", appending::producer_times_are_kept_where_asked),
    ("the_first_record_of_a_time_is_found", reading::the_first_record_of_a_time_is_found),
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
    ("topics_that_are_made_at_once_share_no_records", concurrency::topics_that_are_made_at_once_share_no_records),
    ("concurrent_writers_lose_and_double_nothing", concurrency::concurrent_writers_lose_and_double_nothing),
    ("of_racing_holders_one_is_left", concurrency::of_racing_holders_one_is_left),
];
