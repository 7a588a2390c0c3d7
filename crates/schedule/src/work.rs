//! One schedule in the making: what it is and where it stands, changed by the verbs of a decision and written down at its end.

use std::sync::Arc;

use klamm_machine::{Publication, Rejection, Time, Tx};
use klamm_messages::{
    klamm::v1::{
        Command, CommandSettings, ScheduleDecision, ScheduleDefinition, ScheduleOutcome, ScheduleProgress, ScheduleRecord,
        schedule_record::Record,
    },
    temporal::{
        enums::v1::ScheduleOverlapPolicy,
        schedule::v1::{SchedulePolicies, ScheduleState, schedule_action::Action},
        workflow::v1::NewWorkflowExecutionInfo,
    },
};

use crate::{
    Event, Schedule,
    event::{DEFINITION, OUTCOME, STATE, audit_suffix},
    policies,
    tables::{Definitions, Outcomes, Progresses, ScheduleKey},
    times::Times,
    visibility,
};

/// A schedule in the making.
pub(crate) struct Work<'t, 'a> {
    /// The decision.
    pub(crate) tx: &'t mut Tx<'a, Schedule>,
    /// Which schedule.
    pub(crate) key: ScheduleKey,
    /// Time of the command.
    pub(crate) now: Time,
    /// What the schedule is.
    pub(crate) definition: Arc<ScheduleDefinition>,
    /// Where it stands.
    pub(crate) progress: ScheduleProgress,
    /// Its times; `None` where its spec cannot be used any more.
    pub(crate) times: Option<Times>,
    /// Decisions to be written down.
    pub(crate) decisions: Vec<ScheduleDecision>,
    /// Starts sent by this command.
    pub(crate) start_count: usize,
    /// More is to be done at once than one command does.
    pub(crate) has_more: bool,
    /// How both were before; `None` for a new schedule.
    before: Option<(Arc<ScheduleDefinition>, Arc<ScheduleProgress>)>,
}

impl<'t, 'a> Work<'t, 'a> {
    /// The schedule of this key, if there is one.
    pub(crate) fn find(tx: &'t mut Tx<'a, Schedule>, key: ScheduleKey) -> Option<Self> {
        let definition = tx.get::<Definitions>(&key)?;
        let progress = tx.get::<Progresses>(&key)?;
        let mut work = Self::new(tx, key, Arc::clone(&definition), ScheduleProgress::clone(&progress));
        work.before = Some((definition, progress));
        Some(work)
    }

    /// The schedule that a client's command is about.
    ///
    /// # Errors
    /// NotFound when there is none.
    pub(crate) fn load(tx: &'t mut Tx<'a, Schedule>, command: &Command) -> Result<Self, Rejection> {
        let key = ScheduleKey::new(&command.namespace, &command.workflow_id);
        Self::find(tx, key).ok_or_else(|| not_found(&command.workflow_id))
    }

    /// A schedule that is not written down yet.
    pub(crate) fn new(
        tx: &'t mut Tx<'a, Schedule>,
        key: ScheduleKey,
        definition: Arc<ScheduleDefinition>,
        progress: ScheduleProgress,
    ) -> Self {
        let now = tx.context.now;
        let mut work =
            Self { tx, key, now, definition, progress, times: None, decisions: Vec::new(), start_count: 0, has_more: false, before: None };
        work.compile();
        work
    }

    /// Finds the schedule's times again, after its definition has changed.
    pub(crate) fn compile(&mut self) {
        let (times, invalid_spec) = match Times::of(&self.key.schedule_id, &self.definition) {
            Ok(times) => (Some(times), String::new()),
            Err(error) => (None, error.to_string()),
        };
        self.times = times;
        if self.definition.invalid_spec != invalid_spec {
            Arc::make_mut(&mut self.definition).invalid_spec = invalid_spec;
        }
    }

    /// The workflow that the schedule starts.
    pub(crate) fn action(&self) -> Option<&NewWorkflowExecutionInfo> {
        match &self.definition.schedule.as_ref()?.action.as_ref()?.action {
            Some(Action::StartWorkflow(info)) => Some(info),
            None => None,
        }
    }

    /// The schedule's policies.
    pub(crate) fn policies(&self) -> Option<&SchedulePolicies> {
        self.definition.schedule.as_ref()?.policies.as_ref()
    }

    /// The overlap policy of an action that asks for `own`.
    pub(crate) fn resolve(&self, own: i32) -> ScheduleOverlapPolicy {
        policies::overlap(own, self.policies())
    }

    /// Notes, pause and limit.
    pub(crate) fn state(&self) -> &ScheduleState {
        const NONE: &ScheduleState = &ScheduleState { notes: String::new(), paused: false, limited_actions: false, remaining_actions: 0 };
        self.progress.state.as_ref().unwrap_or(NONE)
    }

    /// The same, to be changed.
    pub(crate) fn state_mut(&mut self) -> &mut ScheduleState {
        self.progress.state.get_or_insert_default()
    }

    /// Whether the schedule may act by itself: it is not paused, and actions remain.
    pub(crate) fn can_act(&self) -> bool {
        let state = self.state();
        !state.paused && (!state.limited_actions || state.remaining_actions > 0)
    }

    /// Tokens that were given out before are stale from here on.
    pub(crate) fn change_token(&mut self) {
        self.progress.conflict_token = self.progress.conflict_token.wrapping_add(1);
    }

    /// What the last run left for the next.
    pub(crate) fn outcome(&self) -> Arc<ScheduleOutcome> {
        self.tx.get::<Outcomes>(&self.key).unwrap_or_default()
    }

    /// Takes over the settings of a client's command.
    pub(crate) fn take_settings(&mut self, command: &Command) {
        let settings = kept_settings(command);
        if settings.is_some() && self.definition.settings != settings {
            Arc::make_mut(&mut self.definition).settings = settings;
        }
    }

    /// Emits a record of the schedule.
    pub(crate) fn record(&mut self, record: Record) {
        self.tx.emit(Event::Record(Box::new(ScheduleRecord {
            namespace: self.key.namespace.clone(),
            schedule_id: self.key.schedule_id.clone(),
            record: Some(record),
        })));
    }

    /// Does all that is due: times, backfills, the buffer; then writes down what has changed.
    pub(crate) fn advance(mut self) {
        self.take_what_is_due();
        self.write();
    }

    /// Writes down what has changed, and says when to be looked at again.
    pub(crate) fn write(mut self) {
        self.finish_audit();
        self.set_wake();
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
            (progress.last_processed_time, progress.valid_from, state.limited_actions, state.remaining_actions)
        };
        let shown = |progress: &ScheduleProgress| {
            let state = progress.state.clone().unwrap_or_default();
            (state.paused, state.notes)
        };
        before.recent_actions != self.progress.recent_actions
            || shown(before) != shown(&self.progress)
            || (times(before) != times(&self.progress) && self.start_count == 0 && !self.has_more)
    }

    /// The schedule goes; its runs go on.
    pub(crate) fn delete(self) {
        let audit = self.progress.first_audit..self.progress.next_audit;
        let key_suffixes = [DEFINITION, STATE, OUTCOME].into_iter().map(str::to_owned).chain(audit.map(audit_suffix)).collect();
        let (workflow_id, run_id) = (visibility::workflow_id(&self.key.schedule_id), self.definition.incarnation.clone());
        let ScheduleKey { namespace, schedule_id } = self.key;
        self.tx.publish(Publication::VisibilityDeleted { namespace: namespace.clone(), workflow_id, run_id });
        self.tx.emit(Event::Delete { namespace, schedule_id, key_suffixes });
    }
}

/// What is kept of a command's settings; types of search attributes were needed to check the command only.
pub(crate) fn kept_settings(command: &Command) -> Option<CommandSettings> {
    let settings = command.settings.clone()?;
    Some(CommandSettings { search_attribute_types: Default::default(), ..settings })
}

/// There is no such schedule.
pub fn not_found(schedule_id: &str) -> Rejection {
    Rejection::not_found(format!("workflow not found for ID: {}", visibility::workflow_id(schedule_id)))
}
