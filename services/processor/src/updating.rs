//! Asks runs for updates and waits for what comes of them.

use std::sync::Arc;

use klamm_machine::Rejection;
use klamm_messages::{
    klamm::v1::{Command, UpdatePhase, UpdateState},
    temporal::update::v1::{Outcome, outcome::Value},
};
use klamm_workflow::{
    Answer,
    answer::{AdmittedUpdate, UpdatedWithStart},
    tables::{RunKey, Runs},
    update::{Seen, seen},
};

use crate::{
    backend::{Error, Reply, UpdateProgress, UpdateStage, UpdateStatus, UpdateWait},
    clock::now,
    partitions::Partitions,
    reads::Reader,
    runs,
    submitting::Submitter,
    update_waiters::UpdateWaiter,
};

/// Asks runs that are here.
pub(crate) struct Updating {
    partitions: Arc<Partitions>,
    submitter: Arc<Submitter>,
    reader: Reader,
}

impl Updating {
    pub(crate) fn new(partitions: Arc<Partitions>, submitter: Arc<Submitter>, reader: Reader) -> Self {
        Self { partitions, submitter, reader }
    }

    /// Asks for an update and waits; see [`Backend::update`](crate::Backend::update).
    pub(crate) async fn update(
        &self,
        command: Box<Command>,
        update_id: &str,
        wait: UpdateWait,
    ) -> Result<(Reply, Result<UpdateStatus, Error>), Error> {
        let (namespace, workflow_id) = (command.namespace.clone(), command.workflow_id.clone());
        let waiter = self.partitions.process().update_waiters.wait(&namespace, &workflow_id, update_id);
        let reply = self.submitter.submit(command).await?;
        // Without an update there is nothing to wait for. The answer says why there is none.
        let Some(AdmittedUpdate { run_id, number }) = admitted(&reply).cloned() else { return Ok((reply, Err(gone()))) };
        let run = RunKey::new(namespace, workflow_id, run_id);
        let status = self.wait(&run, update_id, number, &waiter, wait).await;
        Ok((reply, status.and_then(|status| status.ok_or_else(gone))))
    }

    /// Waits for an update; see [`Backend::await_update`](crate::Backend::await_update).
    pub(crate) async fn await_update(&self, run: &RunKey, update_id: &str, wait: UpdateWait) -> Result<Option<UpdateStatus>, Error> {
        let waiter = self.partitions.process().update_waiters.wait(&run.namespace, &run.workflow_id, update_id);
        self.wait(run, update_id, 0, &waiter, wait).await
    }

    /// Waits for the update with this number; 0: for the one that the run has. `None`: it has none.
    async fn wait(
        &self,
        run: &RunKey,
        update_id: &str,
        number: i64,
        waiter: &UpdateWaiter<'_>,
        wait: UpdateWait,
    ) -> Result<Option<UpdateStatus>, Error> {
        let partition = self.reader.partition_of(&run.namespace, &run.workflow_id);
        let waiting = self.partitions.while_here(partition, self.wait_here(run, update_id, number, waiter, wait));
        let progress = self.reader.confirmed(partition, waiting).await?;
        Ok(progress.map(|progress| UpdateStatus { run: run.clone(), progress }))
    }

    async fn wait_here(
        &self,
        run: &RunKey,
        update_id: &str,
        mut number: i64,
        waiter: &UpdateWaiter<'_>,
        wait: UpdateWait,
    ) -> Result<Option<UpdateProgress>, Error> {
        let id = update_id.to_owned();
        let watch = self.reader.watch::<Runs>(run, move |state| {
            state.is_none_or(|state| {
                let phase = state.updates.get(&id).map(|update| update.phase());
                runs::is_closed(state) || phase.is_none_or(|phase| phase == UpdatePhase::Accepted && wait.stage != UpdateStage::Completed)
            })
        });
        loop {
            let seen = self.seen(run, update_id)?;
            // The row that tells of an end is shown before the partition can be looked at.
            if let Some(ended) = waiter.ended(&run.run_id, number).filter(|_| number > 0) {
                return ended_without_event(ended).map(Some);
            }
            let progress = match seen {
                Seen::Unknown => return Ok(None),
                Seen::Completed(outcome) => return Ok(Some(UpdateProgress::Completed(outcome))),
                Seen::Closed { continues: true } => return Ok(Some(UpdateProgress::Continued)),
                Seen::Closed { continues: false } => {
                    return Err(Rejection::not_found("workflow update was aborted by closing workflow").into());
                }
                Seen::Accepted => UpdateProgress::Accepted,
                Seen::Waits { number: of_run } => {
                    number = of_run;
                    UpdateProgress::Admitted
                }
            };
            let reached = if progress == UpdateProgress::Accepted { UpdateStage::Accepted } else { UpdateStage::Admitted };
            if reached >= wait.stage || now() >= wait.deadline {
                return Ok(Some(progress));
            }
            tokio::select! {
                () = watch.changed() => {}
                () = waiter.notified() => {}
                () = tokio::time::sleep_until(wait.deadline.into()) => {}
            }
        }
    }

    fn seen(&self, run: &RunKey, update_id: &str) -> Result<Seen, Error> {
        let partition = self.reader.partition_of(&run.namespace, &run.workflow_id);
        self.partitions.look(partition, |state| seen(&state.tables(), run, update_id))
    }
}

/// The update that a command has admitted.
fn admitted(reply: &Reply) -> Option<&AdmittedUpdate> {
    match reply {
        Reply::Workflow(Answer::UpdateAdmitted(admitted)) => Some(admitted),
        Reply::Workflow(Answer::UpdatedWithStart(answer)) => match &**answer {
            UpdatedWithStart::Done { update, .. } => Some(update),
            _ => None,
        },
        _ => None,
    }
}

/// What the caller of an update is told that has ended without an event.
fn ended_without_event(ended: UpdateState) -> Result<UpdateProgress, Error> {
    if ended.phase() == UpdatePhase::Rejected {
        let value = Some(Value::Failure(ended.rejection.unwrap_or_default()));
        return Ok(UpdateProgress::Completed(Box::new(Outcome { value })));
    }
    let message = "Unable to perform workflow execution update due to unexpected workflow task failure.";
    Err(Rejection::WorkflowNotReady(message.to_owned()).into())
}

/// The error when the update is gone, nobody knows how: the caller is to ask again.
fn gone() -> Error {
    Error::Unavailable("workflow update was aborted".to_owned())
}
