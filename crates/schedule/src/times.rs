//! A schedule's times: its compiled spec and what its jitter is drawn from.

use klamm_machine::{Time, time};
use klamm_messages::klamm::v1::ScheduleDefinition;

use crate::spec::{Due, InvalidSpec, Spec};

/// The times of one schedule.
#[derive(Debug, Clone)]
pub(crate) struct Times {
    spec: Spec,
    seed: String,
}

impl Times {
    /// The times of the schedule as it is defined.
    ///
    /// # Errors
    /// What is wrong with its spec, when a later version of the rules does not take it any more.
    pub(crate) fn of(schedule_id: &str, definition: &ScheduleDefinition) -> Result<Self, InvalidSpec> {
        let spec = definition.schedule.as_ref().and_then(|schedule| schedule.spec.as_ref());
        let spec = Spec::compile(spec.unwrap_or(&Default::default()))?;
        Ok(Self { spec, seed: format!("{}-{schedule_id}", definition.namespace_id) })
    }

    /// The first time after another.
    pub(crate) fn next(&self, after: Time) -> Option<Due> {
        self.spec.next(&self.seed, after)
    }

    /// Times whose start is due after `start` and not after `end`.
    pub(crate) fn matching(&self, start: Time, end: Time, limit: usize) -> Vec<Due> {
        self.spec.matching(&self.seed, start, end, limit)
    }

    /// The first time after `taken` (the last that was decided) whose start is not due before `floor`.
    ///
    /// A start is due before the next nominal time, so of all nominal times before `floor` only the last can be meant: no need to walk
    /// over all the others.
    pub(crate) fn first(&self, taken: Time, floor: Time) -> Option<Due> {
        if taken >= floor {
            return self.next(taken).filter(|due| due.actual >= floor);
        }
        let before = Time::from_millis(floor.millis().saturating_sub(1));
        self.last_before(taken, floor).filter(|due| due.actual >= floor).or_else(|| self.next(before))
    }

    /// The last time after `taken` whose nominal time is before `floor`, looking back no further than jitter reaches.
    fn last_before(&self, taken: Time, floor: Time) -> Option<Due> {
        let jitter = time::duration_or_none(self.spec.canonical().jitter.as_ref())?;
        let jitter = i64::try_from(jitter.as_millis()).unwrap_or(i64::MAX);
        let is_before = |due: &Due| due.nominal < floor;
        let mut low = floor.millis().saturating_sub(jitter).saturating_sub(1000).max(taken.millis());
        let mut found = self.next(Time::from_millis(low)).filter(is_before)?;
        // What comes after `low` is before `floor`; what comes after `high` is not.
        let mut high = floor.millis();
        while high.saturating_sub(low) > 1 {
            let middle = low + (high - low) / 2;
            match self.next(Time::from_millis(middle)).filter(is_before) {
                Some(due) => (low, found) = (middle.max(due.nominal.millis().saturating_sub(1)), due),
                None => high = middle,
            }
        }
        Some(found)
    }
}
