//! The end of a decision: what has changed is written down, or the schedule goes.

use std::sync::Arc;

use klamm_machine::Publication;
use klamm_messages::klamm::v1::{ScheduleDecisionKind as Kind, ScheduleDefinition, ScheduleProgress, schedule_record::Record};

use crate::{Event, remains, tables::ScheduleKey, visibility, work::Work};

impl Work<'_, '_> {
    /// Does all that is due: times, backfills, the buffer; then writes down what has changed.
    pub(crate) fn advance(mut self) {
        self.take_what_is_due();
        self.write();
    }

    /// Writes down what has changed, and says when to be looked at again.
    pub(crate) fn write(mut self) {
        self.finish_audit();
        self.set_wake();
        self.finish_search();
        let before = self.before.take();
        let is_same = |definition: &Arc<ScheduleDefinition>| Arc::ptr_eq(definition, &self.definition) || **definition == *self.definition;
        let same_definition = before.as_ref().is_some_and(|(definition, _)| is_same(definition));
        if self.shows_otherwise(before.as_ref().filter(|_| same_definition).map(|(_, progress)| &**progress)) {
            let document = visibility::document(&self.key, &self.definition, &self.progress, self.times.as_ref(), self.now);
            self.tx.publish(Publication::Visibility(Box::new(document)));
        }
        if !same_definition {
            self.record(Record::Definition(ScheduleDefinition::clone(&self.definition)));
        }
        if before.is_none_or(|(_, progress)| *progress != self.progress) {
            self.record(Record::Progress(self.progress.clone()));
        }
    }

    /// Whether lists show something else than before (`None`: all is new). Where a start was sent its answer comes in a moment, and shows it.
    fn shows_otherwise(&self, before: Option<&ScheduleProgress>) -> bool {
        let Some(before) = before else { return true };
        let times = |progress: &ScheduleProgress| {
            let state = progress.state.clone().unwrap_or_default();
            (progress.last_processed_time, progress.valid_from, state.limited_actions, state.remaining_actions, progress.search)
        };
        let shown = |progress: &ScheduleProgress| {
            let state = progress.state.clone().unwrap_or_default();
            (state.paused, state.notes)
        };
        before.recent_actions != self.progress.recent_actions
            || shown(before) != shown(&self.progress)
            || (times(before) != times(&self.progress) && self.start_count == 0 && !self.has_more && !self.is_searching)
    }

    /// The schedule goes, what waits is dropped; its runs go on, and its decisions stay for their time.
    pub(crate) fn delete(mut self) {
        for action in std::mem::take(&mut self.progress.buffer) {
            self.decided(Kind::DroppedByDelete, &action, "");
        }
        for backfill in std::mem::take(&mut self.progress.backfills) {
            self.end_backfill(Kind::DroppedByDelete, &backfill, "the rest of a backfill");
        }
        self.finish_audit();
        let (workflow_id, run_id) = (visibility::workflow_id(&self.key.schedule_id), self.definition.incarnation.clone());
        let ScheduleKey { namespace, schedule_id } = self.key.clone();
        self.tx.publish(Publication::VisibilityDeleted { namespace: namespace.clone(), workflow_id, run_id });
        self.tx.emit(Event::Delete { namespace, schedule_id });
        remains::leave(self.tx, &self.key, &self.definition, self.progress);
    }
}
