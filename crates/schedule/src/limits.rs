//! How much one schedule, and one command, may take.

use std::time::Duration;

/// Nominal times that one command decides. The next WakeUp decides the rest, so that a long outage of klamm blocks no partition.
pub(crate) const TIMES_MAX: usize = 500;

/// Steps that one command may take to find times of its schedule, and as many again for those of backfills. They take some milliseconds, in
/// which the partition does nothing else. A step is a look at an interval. A WakeUp goes on with the search when the steps do not suffice.
/// They always suffice to look at one time and the next, whatever the spec.
pub const STEPS_MAX: u64 = 1_000_000;

/// Commands that search for one time, each with all its steps, before the schedule counts as having none. This is about a second of work.
/// With a usual spec it covers some millions of excluded times; Temporal's limit is 1,209,600 (two weeks of seconds).
pub(crate) const SEARCHES_MAX: i32 = 40;

/// How long a schedule leaves the partition to others after a command that has used up its steps.
pub(crate) const SEARCH_PAUSE: Duration = Duration::from_millis(50);

/// The end of a search that took more steps than these is written down, so that the search need not be repeated.
pub(crate) const STEPS_REPEATED_MAX: u64 = 10_000;

/// Steps to find the times that lists show.
pub(crate) const STEPS_LISTED_MAX: u64 = STEPS_MAX / 4;

/// Most actions that wait (Temporal: MaxBufferSize). Later ones are dropped. Backfills fill only half of it.
pub(crate) const BUFFER_MAX: usize = 1000;

/// Most backfills under way (Temporal: the same).
pub(crate) const BACKFILLS_MAX: usize = 1000;

/// Most starts of a schedule that may be unanswered at a time, where no policy holds them back (ALLOW_ALL). [`STARTS_BYTES_MAX`] bounds
/// their bytes together, because each carries the whole input.
pub(crate) const STARTS_MAX: usize = 100;
/// Most bytes of these starts together.
pub(crate) const STARTS_BYTES_MAX: usize = 8 << 20;

/// Answers come within milliseconds, and each of them lets the schedule go on. Only after this time it looks again by itself.
pub(crate) const ANSWERED_WITHIN: Duration = Duration::from_secs(10);

/// Number of request ids of updates and patches that are remembered.
pub(crate) const REQUEST_IDS_MAX: usize = 10;

/// Number of recent actions that describe shows (Temporal: RecentActionCount).
pub(crate) const RECENT_ACTIONS_MAX: usize = 10;
/// Number of recent actions that lists show (Temporal: RecentActionCountForList).
pub(crate) const RECENT_ACTIONS_LISTED_MAX: usize = 5;

/// Number of future action times that describe shows (Temporal: FutureActionCount).
pub(crate) const FUTURE_TIMES_MAX: usize = 10;
/// Number of future action times that lists show (Temporal: FutureActionCountForList).
pub(crate) const FUTURE_TIMES_LISTED_MAX: usize = 5;

/// How many calendars, intervals and exclusions lists show, of each kind (Temporal: SpecFieldLengthLimit).
pub(crate) const SPEC_ENTRIES_LISTED_MAX: usize = 10;

/// How many times ListScheduleMatchingTimes gives at most (Temporal: maxListMatchingTimesCount).
pub(crate) const MATCHING_TIMES_MAX: usize = 1000;

/// Catch-up window where none is set (Temporal: DefaultCatchupWindow).
pub(crate) const CATCHUP_WINDOW_DEFAULT: Duration = Duration::from_secs(365 * 86_400);
/// Shortest catch-up window (Temporal: MinCatchupWindow).
pub(crate) const CATCHUP_WINDOW_MIN: Duration = Duration::from_secs(10);

/// How long a schedule is kept that has nothing more to do (Temporal: RetentionTime).
pub(crate) const IDLE_TIME: Duration = Duration::from_secs(7 * 86_400);

/// How long decisions are kept where no setting says so.
pub(crate) const AUDIT_RETENTION_DEFAULT: Duration = Duration::from_secs(7 * 86_400);
/// Most decisions that one command forgets.
pub(crate) const FORGOTTEN_MAX: usize = 20;
/// Decisions that say the same about times this far back are summed up in one record, even across commands.
pub(crate) const SUMMED_UP_AFTER: Duration = Duration::from_secs(60);

/// Most decisions of a deleted schedule that one command forgets.
pub(crate) const FORGOTTEN_OF_DELETED_MAX: usize = 500;

/// Most decisions of one schedule that are kept. When there are more, the oldest go before their time. A schedule of every second has
/// 86,400 a day.
pub(crate) const AUDIT_RECORDS_MAX: i64 = 100_000;
