//! Replays dead letters: decides them again by their trigger as it is now, and has them take effect.
//!
//! A letter that has taken effect gets a mark on its topic, and is not replayed again. If klamm dies between the effect and the mark, the next
//! replay finds the letter's request id on the run, and makes up for the mark.

use std::sync::Arc;

use klamm_api::klamm::v1::{ReplayDeadLettersRequest, ReplayedDeadLetter};
use klamm_ingress::{Replay, ReplayEffect};
use klamm_log::Record;
use klamm_processor::{
    Backend,
    backend::{Came, Error as BackendError, Reply, Skips},
};
use klamm_requests::{
    Terms,
    fault::Fault,
    namespaces::Namespaces,
    records::{self, Place},
};
use klamm_triggers::{Fault as Wrong, Mark, Trigger, fault_class};
use tokio::sync::mpsc;
use tonic::Status;
use uuid::Uuid;

use super::{
    asking::status,
    dead_letters::{BUFFER, DeadLetters, Found},
    triggers::Triggers,
};

const STARTED: &str = "started";
const SIGNALLED: &str = "signalled";
const SUPPRESSED: &str = "suppressed";
const WRONG: &str = "wrong";

impl Triggers {
    /// Replays the letters that are asked for, one after the other, and tells what came of each.
    ///
    /// # Errors
    /// There is no such trigger or topic, or a replay is under way.
    pub(super) async fn replay(
        &self,
        request: ReplayDeadLettersRequest,
    ) -> Result<mpsc::Receiver<Result<ReplayedDeadLetter, Status>>, Status> {
        let ReplayDeadLettersRequest { selection, dry_run } = request;
        let selection = selection.unwrap_or_default();
        let state = self.known().get(&selection.trigger).cloned();
        let state = state.ok_or_else(|| Status::not_found(format!("There is no trigger {}.", selection.trigger)))?;
        let trigger = Trigger::read(&state.text).map_err(|wrong| Status::failed_precondition(wrong.to_string()))?;
        // Two replays at a time could both find a letter without its mark.
        let turn = match dry_run {
            true => None,
            false => Some(
                self.replaying
                    .clone()
                    .try_lock_owned()
                    .map_err(|_| Status::failed_precondition("dead letters are being replayed already: wait until that has ended"))?,
            ),
        };
        let letters = DeadLetters::open(&self.log, &self.topics, &selection).await?;
        let (sender, receiver) = mpsc::channel(BUFFER);
        let triggers = self.clone();
        tokio::spawn(async move {
            let _turn = turn;
            triggers.replay_all(&trigger, letters, dry_run, &sender).await;
        });
        Ok(receiver)
    }

    async fn replay_all(
        &self,
        trigger: &Trigger,
        mut letters: DeadLetters,
        dry_run: bool,
        sender: &mpsc::Sender<Result<ReplayedDeadLetter, Status>>,
    ) {
        let mut count = 0_usize;
        loop {
            let told = match letters.next().await {
                Ok(Some(found)) => self.replay_one(trigger, &letters, &found, dry_run).await,
                Ok(None) => break,
                Err(error) => Err(error),
            };
            count += 1;
            let is_over = told.is_err();
            // Whoever goes away stops the replay.
            if sender.send(told).await.is_err() || is_over {
                break;
            }
        }
        if !dry_run {
            tracing::info!(trigger = trigger.name, count, "dead letters were replayed");
        }
    }

    async fn replay_one(
        &self,
        trigger: &Trigger,
        letters: &DeadLetters,
        found: &Found,
        dry_run: bool,
    ) -> Result<ReplayedDeadLetter, Status> {
        let said = |came: &str| ReplayedDeadLetter {
            partition: found.partition.cast_signed(),
            offset: found.stored.offset,
            came: came.to_owned(),
            ..ReplayedDeadLetter::default()
        };
        if let Some(came) = found.replayed {
            return Ok(ReplayedDeadLetter { detail: format!("it was replayed before: {came}"), ..said(SUPPRESSED) });
        }
        let topic = letters.topic();
        let place = Place {
            topic: topic.spec.name.to_string(),
            topic_id: topic.id.to_string(),
            partition: found.partition,
            offset: found.stored.offset,
        };
        let namespaces: Arc<Namespaces> = self.processor.namespaces();
        let limits = self.limits.of(&trigger.namespace);
        records::takes_work(&trigger.namespace, &namespaces, limits).map_err(Status::failed_precondition)?;
        let no_namespace = || Status::failed_precondition(format!("there is no namespace {}", trigger.namespace));
        let namespace = namespaces.get(&trigger.namespace).ok_or_else(no_namespace)?;
        let terms = Terms { namespace, limits, new_id: &|| Uuid::new_v4().to_string() };
        let decided = klamm_ingress::replay(trigger, &self.schemas, &place, &found.stored, &terms, &namespaces).await;
        let ReplayEffect { replayed, effect } = match decided {
            Replay::Filtered => return Ok(said("filtered")),
            Replay::StillWrong(Wrong { rule, class, reason }) => {
                return Ok(ReplayedDeadLetter { rule, class: class.to_owned(), detail: reason, ..said(WRONG) });
            }
            Replay::Effect(effect) => *effect,
        };
        let said = |came: &str| ReplayedDeadLetter { rule: effect.rule, workflow_id: effect.workflow_id.clone(), ..said(came) };
        let run = self.processor.run(&trigger.namespace, &effect.workflow_id, "").await.map_err(unavailable)?;
        let told = if run.is_some_and(|run| klamm_workflow::knows_request(&run.state, &replayed.request_id)) {
            ReplayedDeadLetter { detail: "it has taken effect before".to_owned(), ..said(SUPPRESSED) }
        } else if dry_run {
            return Ok(ReplayedDeadLetter { detail: effect.request.clone(), ..said(effect.kind) });
        } else {
            let command = replayed.command;
            match self.processor.submit(Box::new(command.clone())).await {
                Ok(Reply::Workflow(answer)) => match Came::of(&command, &answer) {
                    Came::Started => said(STARTED),
                    Came::Signalled => said(SIGNALLED),
                    Came::Suppressed | Came::Held | Came::DeadLettered => {
                        ReplayedDeadLetter { detail: "a run was there already".to_owned(), ..said(SUPPRESSED) }
                    }
                },
                Ok(_) => return Err(Status::internal("another answer than expected")),
                Err(BackendError::Rejected(rejection)) => {
                    let is_fine = Skips { missing: effect.skip_missing, conflict: effect.skip_conflict }.take(&rejection);
                    let detail = Fault::from(rejection).told().message;
                    if !is_fine {
                        return Ok(ReplayedDeadLetter { class: fault_class::REJECTED.to_owned(), detail, ..said(WRONG) });
                    }
                    ReplayedDeadLetter { detail, ..said(SUPPRESSED) }
                }
                Err(error) => return Err(unavailable(error)),
            }
        };
        if !dry_run {
            self.mark(&place, &told.came).await?;
        }
        Ok(told)
    }

    /// Notes that the letter has been dealt with, on the partition on which it stands.
    async fn mark(&self, place: &Place, came: &str) -> Result<(), Status> {
        let mark = Mark { offset: place.offset, came: came.to_owned() };
        let headers = mark.headers().into_iter().map(|(name, value)| (name.to_owned(), value.into())).collect();
        let record = Record { key: None, value: None, headers, timestamp_ms: chrono::Utc::now().timestamp_millis() };
        self.log.append_async(&place.topic, place.partition, record).await.map(drop).map_err(status)
    }
}

fn unavailable(error: BackendError) -> Status {
    Status::unavailable(format!("{error}; what has taken effect does so once, so replay again"))
}
