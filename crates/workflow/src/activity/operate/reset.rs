//! ResetActivity: an activity begins again with its first attempt.

use klamm_machine::{Decision, Outcome, Tx};
use klamm_messages::klamm::v1::{ActivityPhase, Command, ResetActivity, history_record::Record};

use super::{
    merge, redispatch,
    select::{open_run, selected, state_of},
};
use crate::{Answer, Workflow};

/// Decides the command. A waiting activity goes onto its queue at once. An attempt that is under way goes on, and its worker is told by
/// heartbeats. A paused activity is unpaused, unless it is to be kept paused.
pub(crate) fn decide(tx: &mut Tx<'_, Workflow>, command: &Command, body: &ResetActivity) -> Decision<Answer> {
    let mut run = open_run(tx, command, body.execution.as_ref())?;
    let now = run.now();
    for id in selected(&run, body.activities.as_ref())? {
        let mut next = state_of(&run, id);
        next.attempt = 1;
        next.reset = true;
        next.reset_heartbeat |= body.reset_heartbeat;
        if body.restore_original_options {
            // Priorities are not restored here (Temporal: activity.go, ResetActivity).
            let priority = merge::present(&run, id).priority;
            next.options = merge::original(&run, id).map(|original| merge::Options { priority, ..original });
        }
        if !body.keep_paused {
            next.pause = None;
        }
        if next.phase() != ActivityPhase::Started {
            next.stamp += 1;
            if next.pause.is_none() {
                let due = redispatch::within(body.jitter.as_ref(), run.tx.context);
                next = redispatch::at(&next, due, now);
            }
        }
        run.record(Record::Activity(Box::new(next)));
    }
    run.publish_visibility();
    Ok(Outcome::Answer(Answer::Empty))
}
