//! One schedule while a command about it is being decided. The verbs of the decision change it, and it is written down at the end.

use std::{cell::OnceCell, sync::Arc};

use klamm_machine::{Rejection, Time, Tx};
use klamm_messages::{
    klamm::v1::{
        Command, CommandSettings, ScheduleDecision, ScheduleDecisionKind as Kind, ScheduleDefinition, ScheduleOutcome, ScheduleProgress,
        ScheduleRecord, schedule_record::Record,
    },
    temporal::{
        enums::v1::ScheduleOverlapPolicy,
        schedule::v1::{SchedulePolicies, ScheduleState, schedule_action::Action},
        workflow::v1::NewWorkflowExecutionInfo,
    },
};

use crate::{
    Event, Schedule,
    limits::STEPS_MAX,
    policies,
    spec::Steps,
    tables::{Definitions, Outcomes, Progresses, ScheduleKey},
    times::Times,
    visibility,
};

/// A schedule while a command about it is being decided.
pub(crate) struct Work<'t, 'a> {
    /// The decision.
    pub(crate) tx: &'t mut Tx<'a, Schedule>,
    /// Which schedule.
    pub(crate) key: ScheduleKey,
    /// Time of the command.
    pub(crate) now: Time,
    /// What the schedule is.
    pub(crate) definition: Arc<ScheduleDefinition>,
    /// How far it has come.
    pub(crate) progress: ScheduleProgress,
    /// Its times; `None` where its spec cannot be used any more.
    pub(crate) times: Option<Times>,
    /// Decisions that are still to be written down.
    pub(crate) decisions: Vec<ScheduleDecision>,
    /// Starts sent by this command.
    pub(crate) start_count: usize,
    /// True when more is to be done at once than one command may do.
    pub(crate) has_more: bool,
    /// Steps that are left to find times.
    pub(crate) steps: Steps,
    /// Steps that are left to find times of backfills.
    pub(crate) backfill_steps: Steps,
    /// True when the search for the next time goes on with the next command.
    pub(crate) is_searching: bool,
    /// What the last run left for the next, once it was read: most schedules have none, and several steps ask.
    pub(crate) outcome: OnceCell<Arc<ScheduleOutcome>>,
    /// How both were before; `None` for a new schedule.
    pub(crate) before: Option<(Arc<ScheduleDefinition>, Arc<ScheduleProgress>)>,
}

impl<'t, 'a> Work<'t, 'a> {
    /// The schedule of this key, if there is one.
    pub(crate) fn find(tx: &'t mut Tx<'a, Schedule>, key: ScheduleKey) -> Option<Self> {
        let definition = tx.get::<Definitions>(&key)?;
        Self::of(tx, key, definition)
    }

    /// The schedule of this key, whose definition has been read already.
    pub(crate) fn of(tx: &'t mut Tx<'a, Schedule>, key: ScheduleKey, definition: Arc<ScheduleDefinition>) -> Option<Self> {
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

    /// A new schedule. It is not written down yet.
    pub(crate) fn new(
        tx: &'t mut Tx<'a, Schedule>,
        key: ScheduleKey,
        definition: Arc<ScheduleDefinition>,
        progress: ScheduleProgress,
    ) -> Self {
        let now = tx.context.now;
        let mut work = Self {
            tx,
            key,
            now,
            definition,
            progress,
            times: None,
            decisions: Vec::new(),
            start_count: 0,
            has_more: false,
            steps: Steps::new(STEPS_MAX),
            backfill_steps: Steps::new(STEPS_MAX),
            is_searching: false,
            outcome: OnceCell::new(),
            before: None,
        };
        work.compile();
        work
    }

    /// Compiles the spec of the definition, which is new here or has changed.
    pub(crate) fn compile(&mut self) {
        let specs = &self.tx.machine().specs;
        let times = Times::compiled_by(|spec| specs.compile(spec), &self.key.schedule_id, &self.definition);
        let (times, invalid_spec) = match times {
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

    /// The schedule's state: notes, pause and limit.
    pub(crate) fn state(&self) -> &ScheduleState {
        const NONE: &ScheduleState = &ScheduleState { notes: String::new(), paused: false, limited_actions: false, remaining_actions: 0 };
        self.progress.state.as_ref().unwrap_or(NONE)
    }

    /// The schedule's state, to be changed.
    pub(crate) fn state_mut(&mut self) -> &mut ScheduleState {
        self.progress.state.get_or_insert_default()
    }

    /// Whether the schedule may act by itself: it is not paused, and actions remain.
    pub(crate) fn can_act(&self) -> bool {
        let state = self.state();
        !state.paused && (!state.limited_actions || state.remaining_actions > 0)
    }

    /// Why the schedule cannot act by itself.
    pub(crate) fn why_not(&self) -> Kind {
        if self.state().paused { Kind::Paused } else { Kind::LimitReached }
    }

    /// Tokens that were given out before are stale from here on.
    pub(crate) fn change_token(&mut self) {
        self.progress.conflict_token = self.progress.conflict_token.wrapping_add(1);
    }

    /// What the last run left for the next.
    pub(crate) fn outcome(&self) -> &Arc<ScheduleOutcome> {
        self.outcome.get_or_init(|| {
            // Only a run that the schedule has counted can have left something.
            let left = if self.progress.action_count == 0 { None } else { self.tx.get::<Outcomes>(&self.key) };
            left.unwrap_or_default()
        })
    }

    /// Writes down what a run leaves for the next.
    pub(crate) fn leave_outcome(&mut self, outcome: ScheduleOutcome) {
        self.outcome = OnceCell::new();
        self.record(Record::Outcome(outcome));
    }

    /// Takes over the present settings, which a client's command or a wake-up carries.
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
}

/// The part of a command's settings that is kept. Types of search attributes are left out, since they were needed only to check the
/// command.
pub(crate) fn kept_settings(command: &Command) -> Option<CommandSettings> {
    let settings = command.settings.clone()?;
    Some(CommandSettings { search_attribute_types: Default::default(), ..settings })
}

/// The error when there is no such schedule.
pub fn not_found(schedule_id: &str) -> Rejection {
    Rejection::not_found(format!("workflow not found for ID: {}", visibility::workflow_id(schedule_id)))
}
