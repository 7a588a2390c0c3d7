//! A schedule's times: its compiled spec, and the seed of its jitter.

use klamm_machine::Time;
use klamm_messages::{
    klamm::v1::{ScheduleDefinition, ScheduleProgress, ScheduleSearch},
    temporal::schedule::v1::ScheduleSpec,
};

use crate::{
    limits::SEARCHES_MAX,
    spec::{Due, END, Found, InvalidSpec, OutOfSteps, Spec, Steps},
};

/// The times of one schedule.
#[derive(Debug, Clone)]
pub(crate) struct Times {
    spec: Spec,
    seed: String,
}

impl Times {
    /// The times of a schedule by its definition.
    ///
    /// # Errors
    /// What is wrong with its spec. This can happen when a later version of the rules no longer allows it.
    pub(crate) fn of(schedule_id: &str, definition: &ScheduleDefinition) -> Result<Self, InvalidSpec> {
        Self::compiled_by(Spec::compile, schedule_id, definition)
    }

    /// As [`Times::of`], with the spec as `compile` gives it.
    pub(crate) fn compiled_by(
        compile: impl FnOnce(&ScheduleSpec) -> Result<Spec, InvalidSpec>,
        schedule_id: &str,
        definition: &ScheduleDefinition,
    ) -> Result<Self, InvalidSpec> {
        let spec = definition.schedule.as_ref().and_then(|schedule| schedule.spec.as_ref());
        let spec = compile(spec.unwrap_or(&Default::default()))?;
        Ok(Self { spec, seed: format!("{}-{schedule_id}", definition.namespace_id) })
    }

    /// The first time after `after`.
    pub(crate) fn next(&self, after: Time, steps: &mut Steps) -> Found {
        self.until(after, END, steps)
    }

    /// The first time after `after` whose nominal time is not after `end`.
    pub(crate) fn until(&self, after: Time, end: Time, steps: &mut Steps) -> Found {
        self.spec.search(&self.seed, after, end, steps)
    }

    /// Times whose start is due after `start` and not after `end`.
    pub(crate) fn matching(&self, start: Time, end: Time, limit: usize, steps: &mut Steps) -> Result<Vec<Due>, OutOfSteps> {
        self.spec.matching(&self.seed, start, end, limit, steps)
    }

    /// The first time after `taken` (the last that was decided) whose start is not due before `floor`.
    ///
    /// A start is due before the next nominal time. So of all nominal times before `floor` only the last one can be due at `floor` or
    /// later, and the others need not be walked over.
    pub(crate) fn first(&self, taken: Time, floor: Time, steps: &mut Steps) -> Found {
        if taken >= floor {
            return self.next(taken, steps);
        }
        // Only half of the steps are spent on this. If a spec is so large that they do not suffice, its last time before `floor` is passed
        // over.
        let mut half = steps.half();
        let late = self.spec.late_before(&self.seed, floor, taken, &mut half);
        steps.take_back(&half);
        match late {
            Ok(Some(due)) => Found::At(due),
            Ok(None) | Err(OutOfSteps) => self.next(Time::from_millis(floor.millis().saturating_sub(1)), steps),
        }
    }

    /// The first time that a schedule has not decided yet and that is not due before `floor`. The search begins where an earlier one ended.
    pub(crate) fn undecided(&self, progress: &ScheduleProgress, floor: Time, steps: &mut Steps) -> Found {
        let taken = Time::or_epoch(progress.last_processed_time);
        let Some(search) = &progress.search else { return self.first(taken, floor, steps) };
        if is_given_up(Some(search)) {
            return Found::Never;
        }
        match Some(Time::or_epoch(search.none_until)).filter(|until| *until > taken.max(floor)) {
            Some(until) => self.next(until, steps),
            None => self.first(taken, floor, steps),
        }
    }
}

/// Whether so many times in a row are excluded that nobody looks any further.
pub(crate) fn is_given_up(search: Option<&ScheduleSearch>) -> bool {
    search.is_some_and(|search| search.count >= SEARCHES_MAX)
}
