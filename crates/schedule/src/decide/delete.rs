//! DeleteSchedule: the schedule is removed at once. The runs that it started go on, and nobody is told of their ends. Its decisions are
//! kept for as long as the settings say, unless the command says that they go too.

use klamm_machine::{Decision, Tx};
use klamm_messages::klamm::v1::{Command, DeleteSchedule};

use crate::{Answer, Schedule, answer::DONE, remains, tables::ScheduleKey, work::Work};

/// Decides the command.
pub(super) fn decide(tx: &mut Tx<'_, Schedule>, command: &Command, body: &DeleteSchedule) -> Decision<Answer> {
    if !body.without_remains {
        Work::load(tx, command)?.delete();
        return DONE;
    }
    let key = ScheduleKey::new(&command.namespace, &command.workflow_id);
    if let Some(work) = Work::find(tx, key.clone()) {
        work.delete();
    }
    remains::hurry(tx, &key);
    DONE
}
