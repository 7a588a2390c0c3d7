//! WakeUp: something of the schedule may be due. Early, stale and doubled wake-ups change nothing.

use klamm_machine::{Decision, Tx};
use klamm_messages::klamm::v1::WakeUp;

use super::DONE;
use crate::{Answer, Schedule, apply::wake_time, tables::ScheduleKey, work::Work};

/// Decides the command: does all that is due by now.
pub(super) fn decide(tx: &mut Tx<'_, Schedule>, body: &WakeUp) -> Decision<Answer> {
    let Some(mut work) = Work::find(tx, ScheduleKey::new(&body.namespace, &body.id)) else { return DONE };
    if wake_time(&work.progress).is_none_or(|time| time > work.now) {
        return DONE;
    }
    work.take_what_is_due();
    if work.is_over() {
        work.delete();
    } else {
        work.write();
    }
    DONE
}
