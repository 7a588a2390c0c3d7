//! How much one schedule, and one command, may take.

use std::time::Duration;

/// Nominal times that one command looks at; what remains is left to the next WakeUp, so that a long outage holds nobody up.
pub(crate) const TIMES_MAX: usize = 500;

/// Actions that wait (Temporal: MaxBufferSize); later ones are dropped. Backfills fill half of it.
pub(crate) const BUFFER_MAX: usize = 1000;

/// Backfills under way (Temporal: the same).
pub(crate) const BACKFILLS_MAX: usize = 1000;

/// Starts of a schedule that are unanswered at a time where nothing else holds them back (ALLOW_ALL), and their size in bytes all together: each
/// carries the whole input.
pub(crate) const STARTS_MAX: usize = 100;
/// See [`STARTS_MAX`].
pub(crate) const STARTS_BYTES_MAX: usize = 8 << 20;

/// Answers come within milliseconds, and go on with what waits for them; nobody looks before this time.
pub(crate) const ANSWERED_WITHIN: Duration = Duration::from_secs(10);

/// Request ids of updates and patches that are remembered.
pub(crate) const REQUEST_IDS_MAX: usize = 10;

/// Recent actions that describe shows, and lists (Temporal: RecentActionCount, RecentActionCountForList).
pub(crate) const RECENT_ACTIONS_MAX: usize = 10;
/// See [`RECENT_ACTIONS_MAX`].
pub(crate) const RECENT_ACTIONS_LISTED_MAX: usize = 5;

/// Future action times that describe shows, and lists (Temporal: FutureActionCount, FutureActionCountForList).
pub(crate) const FUTURE_TIMES_MAX: usize = 10;
/// See [`FUTURE_TIMES_MAX`].
pub(crate) const FUTURE_TIMES_LISTED_MAX: usize = 5;

/// Calendars, intervals and exclusions that lists show of each kind (Temporal: SpecFieldLengthLimit).
pub(crate) const SPEC_ENTRIES_LISTED_MAX: usize = 10;

/// Times that ListScheduleMatchingTimes gives (Temporal: maxListMatchingTimesCount).
pub(crate) const MATCHING_TIMES_MAX: usize = 1000;

/// Catch-up window where none is told, and the least (Temporal: DefaultCatchupWindow, MinCatchupWindow).
pub(crate) const CATCHUP_WINDOW_DEFAULT: Duration = Duration::from_secs(365 * 86_400);
/// See [`CATCHUP_WINDOW_DEFAULT`].
pub(crate) const CATCHUP_WINDOW_MIN: Duration = Duration::from_secs(10);

/// How long a schedule with nothing more to do stays (Temporal: RetentionTime).
pub(crate) const IDLE_TIME: Duration = Duration::from_secs(7 * 86_400);

/// How long decisions are kept where no setting says it.
pub(crate) const AUDIT_RETENTION_DEFAULT: Duration = Duration::from_secs(7 * 86_400);
/// Decisions that one command forgets.
pub(crate) const FORGOTTEN_MAX: usize = 20;
/// Equal decisions about times that lie this far back are summed up in one record, over commands too.
pub(crate) const SUMMED_UP_AFTER: Duration = Duration::from_secs(60);

/// Decisions of one schedule that are kept, at most: the oldest go before their time, so that a deletion, which takes all along in one
/// command, stays short. A day of a schedule of every second has 86,400.
pub(crate) const AUDIT_RECORDS_MAX: i64 = 100_000;
