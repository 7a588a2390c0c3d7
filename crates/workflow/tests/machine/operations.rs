//! What an operator does to activities, in random lives.

use klamm_messages::{
    klamm::v1::{ActivitySelector, OptionPaths, PauseActivity, ResetActivity, UnpauseActivity, UpdateActivityOptions, command::Body},
    temporal::activity::v1::ActivityOptions,
};
use proptest::prelude::*;

use crate::env;

/// What an operator does to activities.
#[derive(Debug, Clone)]
pub enum Operation {
    Pause(u8),
    Unpause { resets: bool, jitter: i64 },
    Reset { keeps_paused: bool, jitter: i64 },
    Update { timeout: i64, queue: bool },
    Restore,
}

/// Any of them.
pub fn operation() -> impl Strategy<Value = Operation> {
    prop_oneof![
        3 => (0..3_u8).prop_map(Operation::Pause),
        3 => (any::<bool>(), 0..3_i64).prop_map(|(resets, jitter)| Operation::Unpause { resets, jitter }),
        2 => (any::<bool>(), 0..3_i64).prop_map(|(keeps_paused, jitter)| Operation::Reset { keeps_paused, jitter }),
        2 => (0..9_i64, any::<bool>()).prop_map(|(timeout, queue)| Operation::Update { timeout, queue }),
        1 => Just(Operation::Restore),
    ]
}

/// The command of an operator about all activities of the newest run, or about those of one type.
pub fn operate(how: &Operation, all: bool) -> Body {
    let execution = Some(env::execution(""));
    let activities = Some(ActivitySelector { all, activity_type: if all { "" } else { "A" }.to_owned(), ..ActivitySelector::default() });
    match how {
        Operation::Pause(request) => {
            Body::PauseActivity(PauseActivity { execution, activities, request_id: format!("pause-{request}"), ..PauseActivity::default() })
        }
        Operation::Unpause { resets, jitter } => Body::UnpauseActivity(UnpauseActivity {
            execution,
            activities,
            reset_attempts: *resets,
            reset_heartbeat: *resets,
            jitter: Some(env::seconds(*jitter)),
        }),
        Operation::Reset { keeps_paused, jitter } => Body::ResetActivity(ResetActivity {
            execution,
            activities,
            reset_heartbeat: true,
            keep_paused: *keeps_paused,
            restore_original_options: *keeps_paused,
            jitter: Some(env::seconds(*jitter)),
        }),
        Operation::Update { timeout, queue } => Body::UpdateActivityOptions(UpdateActivityOptions {
            execution,
            activities,
            options: Some(ActivityOptions {
                task_queue: Some(env::queue(if *queue { "activities" } else { "elsewhere" })),
                start_to_close_timeout: Some(env::seconds(*timeout)),
                ..ActivityOptions::default()
            }),
            paths: Some(OptionPaths { paths: vec!["taskQueue.name".to_owned(), "startToCloseTimeout".to_owned()] }),
            restore_original: false,
        }),
        Operation::Restore => Body::UpdateActivityOptions(UpdateActivityOptions {
            execution,
            activities,
            restore_original: true,
            ..UpdateActivityOptions::default()
        }),
    }
}
