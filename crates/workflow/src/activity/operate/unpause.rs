//! UnpauseActivity: activities that are held back go on.

use klamm_machine::{Decision, Outcome, Tx};
use klamm_messages::klamm::v1::{ActivityPhase, Command, UnpauseActivity, history_record::Record};

use super::{
    redispatch,
    select::{open_run, selected, state_of},
};
use crate::{Answer, Workflow};

/// Decides the command. An activity that is not paused stays as it is, which is a success.
pub(crate) fn decide(tx: &mut Tx<'_, Workflow>, command: &Command, body: &UnpauseActivity) -> Decision<Answer> {
    let mut run = open_run(tx, command, body.execution.as_ref())?;
    let now = run.now();
    let mut is_changed = false;
    for id in selected(&run, body.activities.as_ref())? {
        let mut next = state_of(&run, id);
        if next.pause.take().is_none() {
            continue;
        }
        if body.reset_attempts {
            next.attempt = 1;
        }
        if body.reset_heartbeat {
            next.heartbeat_details = None;
            next.last_heartbeat_time = None;
        }
        if next.phase() != ActivityPhase::Started {
            next.stamp += 1;
            let due = redispatch::within(body.jitter.as_ref(), run.tx.context);
            next = redispatch::at(&next, due, now);
        }
        run.record(Record::Activity(Box::new(next)));
        is_changed = true;
    }
    if is_changed {
        run.publish_visibility();
    }
    Ok(Outcome::Answer(Answer::Empty))
}
