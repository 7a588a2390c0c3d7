//! RecordCallbackAttempt: a call of a completion callback has ended.
//!
//! Temporal: chasm/lib/callback/statemachine.go, chasm/lib/callback/config.go, common/backoff/retrypolicy.go.

use std::time::Duration;

use klamm_machine::{Decision, Outcome, Tx, key};
use klamm_messages::{
    klamm::v1::{CallbackAttempts, Command, RecordCallbackAttempt, history_record::Record},
    temporal::{
        enums::v1::CallbackState,
        failure::v1::{Failure, failure::FailureInfo},
    },
};

use crate::{Answer, Workflow, run::Run, tables::RunKey};

/// Wait before the second attempt (callback.retryPolicy.initialInterval). It doubles from attempt to attempt.
const INITIAL_INTERVAL: Duration = Duration::from_secs(1);
/// Longest wait (callback.retryPolicy.maxInterval).
const INTERVAL_MAX: Duration = Duration::from_secs(3600);

/// Decides the command. An attempt that is not the present one changes nothing: a process that was overtaken may tell of it late.
pub(crate) fn decide(tx: &mut Tx<'_, Workflow>, command: &Command, body: &RecordCallbackAttempt) -> Decision<Answer> {
    let mut run = Run::new(tx, RunKey::new(&command.namespace, &command.workflow_id, &body.run_id));
    let state = run.state();
    let attempts = state.callbacks.get(&body.callback).and_then(|callback| callback.attempts.as_ref());
    let Some(attempts) = attempts.filter(|known| known.state() == CallbackState::Scheduled && known.attempt == body.attempt) else {
        return Ok(Outcome::Answer(Answer::Empty));
    };
    let now = run.now();
    let attempt = attempts.attempt.saturating_add(1);
    let state = match &body.failure {
        None => CallbackState::Succeeded,
        Some(failure) if is_final(failure) => CallbackState::Failed,
        Some(_) => CallbackState::BackingOff,
    };
    let next = (state == CallbackState::BackingOff).then(|| now.after(wait(body, attempt)).into());
    run.record(Record::Callback(CallbackAttempts {
        callback: body.callback,
        state: state as i32,
        attempt,
        last_attempt_complete_time: Some(now.into()),
        last_attempt_failure: body.failure.clone(),
        next_attempt_schedule_time: next,
        stays: false,
    }));
    Ok(Outcome::Answer(Answer::Empty))
}

fn is_final(failure: &Failure) -> bool {
    matches!(&failure.failure_info, Some(FailureInfo::ApplicationFailureInfo(info)) if info.non_retryable)
}

/// How long the callback waits after so many attempts: between four fifths of the interval and all of it, so that callbacks that failed
/// together are not called together again. Chance is a hash, which is the same at every replay.
fn wait(body: &RecordCallbackAttempt, attempt: i32) -> Duration {
    let fifth = u64::try_from((interval(attempt) / 5).as_millis()).unwrap_or(u64::MAX).max(1);
    let chance = u64::from(key::hash(&format!("{}/{}/{attempt}", body.run_id, body.callback)));
    Duration::from_millis(4 * fifth + chance % fifth)
}

/// The interval after so many attempts.
fn interval(attempt: i32) -> Duration {
    let doublings = u32::try_from(attempt.saturating_sub(1)).unwrap_or_default();
    INITIAL_INTERVAL.saturating_mul(2_u32.saturating_pow(doublings)).min(INTERVAL_MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_interval_doubles_up_to_an_hour() {
        let waits = [1, 2, 3, 12, 13, 40, i32::MAX].map(|attempt| interval(attempt).as_secs());
        assert_eq!(waits, [1, 2, 4, 2048, 3600, 3600, 3600]);
    }

    #[test]
    fn callbacks_that_failed_together_wait_for_different_times() {
        for attempt in [1, 2, 13, i32::MAX] {
            let waits: Vec<_> = (0..100)
                .map(|number| RecordCallbackAttempt { run_id: "run".to_owned(), callback: number, ..RecordCallbackAttempt::default() })
                .map(|body| wait(&body, attempt))
                .collect();
            let all = interval(attempt);
            assert!(waits.iter().all(|wait| *wait >= all * 4 / 5 && *wait < all), "{waits:?}");
            let (least, most) = (waits.iter().min().unwrap(), waits.iter().max().unwrap());
            assert!(*most - *least > all / 10, "{least:?} to {most:?}");
        }
    }
}
