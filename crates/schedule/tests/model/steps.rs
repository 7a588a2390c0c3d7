//! What may happen to a schedule.

use klamm_messages::temporal::enums::v1::{ScheduleOverlapPolicy as Policy, WorkflowExecutionStatus as Status};
use proptest::prelude::*;

/// What a create or an update tells.
#[derive(Debug, Clone, PartialEq)]
pub struct Settings {
    /// Seconds from one time to the next.
    pub interval: i64,
    /// Longest jitter, seconds.
    pub jitter: i64,
    pub policy: Policy,
    /// Catch-up window, seconds.
    pub window: i64,
    pub pause_on_failure: bool,
    pub paused: bool,
    /// Actions that remain, where they are limited.
    pub limit: Option<i64>,
}

/// One step of somebody.
#[derive(Debug, Clone)]
pub enum Step {
    /// Time goes by, and what is due is woken in time.
    Pass(i64),
    /// Time goes by with nobody looking.
    Outage(i64),
    /// A command comes with nothing looked at before.
    Late(i64),
    Trigger(Policy),
    /// Seconds before now, and length.
    Backfill {
        before: i64,
        length: i64,
        policy: Policy,
    },
    Pause,
    Unpause,
    Update(Settings),
    /// One of the starts under way is answered.
    Answer {
        which: usize,
        is_accepted: bool,
    },
    /// One of the runs, or of the starts under way, ends.
    Close {
        which: usize,
        status: Status,
    },
    /// Everything again from the beginning.
    Recreate(Settings),
}

fn policy() -> impl Strategy<Value = Policy> {
    prop::sample::select(vec![
        Policy::Unspecified,
        Policy::Skip,
        Policy::BufferOne,
        Policy::BufferAll,
        Policy::CancelOther,
        Policy::TerminateOther,
        Policy::AllowAll,
    ])
}

fn millis() -> impl Strategy<Value = i64> {
    prop_oneof![3 => 1..5_000_i64, 4 => 1..120_000_i64, 2 => (1..20_i64).prop_map(|minutes| minutes * 60_000), 1 => 1..1_200_000_i64]
}

/// What a schedule may be.
pub fn settings() -> impl Strategy<Value = Settings> {
    let interval = prop::sample::select(vec![60, 60, 90, 300, 3600]);
    let jitter = prop_oneof![2 => Just(0), 1 => 1..400_i64];
    let limit = prop_oneof![3 => Just(None), 1 => (0..6_i64).prop_map(Some)];
    let paused = prop::bool::weighted(0.1);
    let window = prop_oneof![1 => Just(10), 1 => 11..600_i64, 2 => Just(86_400)];
    (interval, jitter, policy(), window, any::<bool>(), paused, limit).prop_map(
        |(interval, jitter, policy, window, pause_on_failure, paused, limit)| Settings {
            interval,
            jitter,
            policy,
            window,
            pause_on_failure,
            paused,
            limit,
        },
    )
}

/// A life.
pub fn steps() -> impl Strategy<Value = Vec<Step>> {
    let status = prop::sample::select(vec![
        Status::Completed,
        Status::Completed,
        Status::Failed,
        Status::TimedOut,
        Status::Canceled,
        Status::Terminated,
    ]);
    let step = prop_oneof![
        6 => millis().prop_map(Step::Pass),
        3 => millis().prop_map(Step::Outage),
        2 => millis().prop_map(Step::Late),
        3 => policy().prop_map(Step::Trigger),
        2 => (0..4_000_i64, 0..1_200_i64, policy()).prop_map(|(before, length, policy)| Step::Backfill { before, length, policy }),
        1 => Just(Step::Pause),
        2 => Just(Step::Unpause),
        2 => settings().prop_map(Step::Update),
        10 => (any::<prop::sample::Index>(), prop::bool::weighted(0.9))
            .prop_map(|(which, is_accepted)| Step::Answer { which: which.index(1 << 20), is_accepted }),
        6 => (any::<prop::sample::Index>(), status).prop_map(|(which, status)| Step::Close { which: which.index(1 << 20), status }),
        1 => settings().prop_map(Step::Recreate),
    ];
    prop::collection::vec(step, 1..30)
}
