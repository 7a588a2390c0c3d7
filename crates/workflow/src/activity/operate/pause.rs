//! PauseActivity: a waiting activity is held back; an attempt that is under way goes on, and its worker is told by heartbeats.

use klamm_machine::{Decision, Outcome, Rejection, Tx};
use klamm_messages::klamm::v1::{ActivityPause, ActivityPhase, Command, PauseActivity, history_record::Record};

use super::select::{open_run, selected, state_of};
use crate::{Answer, Workflow};

/// Decides the command. The same request again is no error.
pub(crate) fn decide(tx: &mut Tx<'_, Workflow>, command: &Command, body: &PauseActivity) -> Decision<Answer> {
    let mut run = open_run(tx, command, body.execution.as_ref())?;
    let pause = ActivityPause {
        time: Some(run.now().into()),
        identity: command.identity.clone(),
        reason: body.reason.clone(),
        request_id: body.request_id.clone(),
    };
    let mut is_changed = false;
    for id in selected(&run, body.activities.as_ref())? {
        let mut next = state_of(&run, id);
        if let Some(present) = &next.pause {
            if present.request_id == body.request_id {
                continue;
            }
            return Err(Rejection::FailedPrecondition("activity is already paused".to_owned()));
        }
        if next.phase() != ActivityPhase::Started {
            next.stamp += 1;
        }
        next.pause = Some(pause.clone());
        run.record(Record::Activity(Box::new(next)));
        is_changed = true;
    }
    if is_changed {
        run.publish_visibility();
    }
    Ok(Outcome::Answer(Answer::Empty))
}
