//! One step of the building of a run.

use klamm_machine::Publication;
use klamm_messages::klamm::v1::{Command, ContinueReset, ResetPhase, ResetState, command::Body, history_record::Record};

use super::{budget::Budget, copy, finish, fork, reapply};
use crate::{
    Event,
    decide::{locate, wake_up::key_suffixes},
    run::Run,
    tables::{RunKey, Runs},
};

/// Builds the run as far as one command may, and sends the command that goes on with it. True: the run is whole, and has taken its place.
pub(crate) fn advance(run: &mut Run<'_, '_>, command: &Command) -> bool {
    let mut budget = Budget::of_a_command();
    let mut reset = run.state().reset.clone().unwrap_or_default();
    let base = RunKey::new(&run.key.namespace, &run.key.workflow_id, &reset.base_run_id);
    if run.tx.get::<Runs>(&base).is_none() {
        give_up(run);
        return false;
    }
    if reset.phase() == ResetPhase::Copying && copy::copy(run, &reset, &mut budget) {
        fork::fork(run, &reset, &locate::settings(command));
        reset.set_phase(ResetPhase::Reapplying);
    }
    if reset.phase() == ResetPhase::Reapplying && !budget.is_spent() && reapply::reapply(run, &mut reset, &mut budget) {
        finish::finish(run, reset, &locate::settings(command));
        return true;
    }
    go_on_later(run, reset, command);
    false
}

/// Keeps how far the building has come, and sends the command that goes on with it.
fn go_on_later(run: &mut Run<'_, '_>, reset: ResetState, command: &Command) {
    let step = reset.step + 1;
    run.record(Record::Reset(ResetState { step, ..reset }));
    let body = Body::ContinueReset(ContinueReset { run_id: run.key.run_id.clone(), step });
    run.tx.send(Command {
        version: command.version,
        namespace: command.namespace.clone(),
        workflow_id: command.workflow_id.clone(),
        settings: command.settings.clone(),
        body: Some(body),
        ..Command::default()
    });
}

/// The base was deleted meanwhile: what has been copied goes too.
fn give_up(run: &mut Run<'_, '_>) {
    let key_suffixes = key_suffixes(run, run.state().next_event_id);
    let RunKey { namespace, workflow_id, run_id } = run.key.clone();
    run.tx.emit(Event::Delete { namespace: namespace.clone(), workflow_id: workflow_id.clone(), run_id: run_id.clone(), key_suffixes });
    run.tx.publish(Publication::VisibilityDeleted { namespace, workflow_id, run_id });
}
