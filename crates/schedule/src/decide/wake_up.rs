//! WakeUp: something of the schedule may be due. Early, stale and doubled wake-ups change nothing.

use klamm_machine::{Decision, Tx};
use klamm_messages::klamm::v1::{Command, WakeUp};

use crate::{
    Answer, Schedule,
    answer::DONE,
    apply::wake_time,
    remains,
    tables::{Definitions, ScheduleKey},
    work::Work,
};

/// Decides the command: does all that is due by now.
pub(super) fn decide(tx: &mut Tx<'_, Schedule>, command: &Command, body: &WakeUp) -> Decision<Answer> {
    let key = ScheduleKey::new(&body.namespace, &body.id);
    let Some(definition) = tx.get::<Definitions>(&key) else {
        remains::wake_up(tx, &key);
        return DONE;
    };
    let Some(mut work) = Work::of(tx, key, definition) else { return DONE };
    if wake_time(&work.progress).is_none_or(|time| time > work.now) {
        return DONE;
    }
    work.take_settings(command);
    work.take_what_is_due();
    if work.is_over() {
        work.delete();
    } else {
        work.write();
    }
    DONE
}
