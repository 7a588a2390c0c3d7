//! Appends the commands of callers, has them handled, and gives the answers.

use std::sync::Arc;

use klamm_engine::partition::{command_record, exact_record};
use klamm_log::Error as LogError;
use klamm_machine::{Outcome, Rejection};
use klamm_messages::klamm::v1::Command;

use crate::{
    backend::{Error, Reply},
    clock::now,
    partitions::Partitions,
    process::Process,
    reservations::Reservations,
};

/// What a caller wants when nobody knows whether its command is in the log.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum WhenInDoubt {
    /// To get an error at once.
    Tell,
    /// To wait until that is known. Then the result of the command is not lost, if the command is in the log.
    Wait,
}

/// Takes commands for the partitions that are here.
pub(crate) struct Submitter {
    partitions: Arc<Partitions>,
    reservations: Reservations,
}

impl Submitter {
    pub(crate) fn new(partitions: Arc<Partitions>, reservations: Reservations) -> Self {
        Self { partitions, reservations }
    }

    /// Appends a command, drives its partition, and gives the answer.
    ///
    /// # Errors
    /// As [`Backend::submit`](crate::Backend::submit).
    pub(crate) async fn submit(&self, command: Box<Command>) -> Result<Reply, Error> {
        self.submit_with(self.partitions.of_command(&command), command, WhenInDoubt::Tell).await
    }

    /// As [`Submitter::submit`], but to a given partition, and with a choice of [`WhenInDoubt`].
    pub(crate) async fn submit_with(&self, partition: u32, mut command: Box<Command>, when_in_doubt: WhenInDoubt) -> Result<Reply, Error> {
        let process = self.partitions.process();
        let owned = self.partitions.get(partition)?;
        owned.check()?;
        command.log_time = Some(process.log_clock.now().into());
        klamm_workflow::drop_unused_schemas(&mut command);
        let reserved = self.reservations.reserve(partition, &mut command);
        let record = exact_record(&*process.codec, &command);
        let Some((record, mut expected)) = process.answers.expect(partition, Arc::new(*command), record, reserved) else {
            return Err(process.ownership.check().err().unwrap_or_else(Process::shutting_down));
        };
        // If the caller goes away meanwhile, the next driver handles the command: the committer's round at the latest.
        let doubt = match process.log.append_async(&process.commands_topic, partition, record).await {
            Ok(appended) => {
                process.log_clock.acknowledged(appended.timestamp_ms);
                self.partitions.drive(vec![partition]);
                None
            }
            Err(error @ LogError::InDoubt { .. }) => {
                expected.doubt(now());
                if when_in_doubt == WhenInDoubt::Tell {
                    return Err(append_error(error));
                }
                Some(error)
            }
            Err(error) => {
                expected.withdraw();
                return Err(append_error(error));
            }
        };
        let answer = tokio::select! {
            biased;
            answer = expected.wait() => answer,
            () = owned.standing().until_ended() => {
                expected.withdraw();
                None
            }
        };
        match answer {
            Some(Ok(Outcome::Answer(reply))) => Ok(reply),
            Some(Ok(Outcome::Refused(rejection)) | Err(rejection)) => Err(Error::Rejected(rejection)),
            None => {
                let reason = owned.standing().problem().or_else(|| process.ownership.lost().map(str::to_owned));
                let reason = match (&reason, doubt) {
                    // The doubt has been settled: the command is not in the log.
                    (None, Some(doubt)) => return Err(append_error(doubt)),
                    (reason, _) => reason.as_deref().unwrap_or("The partition has stopped").trim_end_matches('.'),
                };
                Err(Error::Unavailable(format!("{reason}. The request may take effect.")))
            }
        }
    }

    /// Appends commands whose answers nobody needs, drives their partition, and waits until the commands that they sent are appended too.
    /// So a caller that appends much goes no faster than the partitions that get its commands. After an error, some of the commands may be
    /// in the log.
    ///
    /// # Errors
    /// As [`Submitter::submit`].
    pub(crate) async fn append_all(&self, partition: u32, commands: Vec<Command>) -> Result<(), Error> {
        if commands.is_empty() {
            return Ok(());
        }
        let process = self.partitions.process();
        let owned = self.partitions.get(partition)?;
        owned.check()?;
        let log_time = Some(process.log_clock.now().into());
        let record = |mut command| {
            klamm_workflow::drop_unused_schemas(&mut command);
            command_record(&*process.codec, &Command { log_time, ..command })
        };
        let records = commands.into_iter().map(record).collect();
        let mut outcome = Ok(());
        for appending in process.log.append_group(&process.commands_topic, partition, records) {
            match appending.await {
                Ok(appended) => process.log_clock.acknowledged(appended.timestamp_ms),
                Err(error) => outcome = Err(append_error(error)),
            }
        }
        self.partitions.drive(vec![partition]);
        owned.all_sent().await;
        outcome
    }
}

fn append_error(error: LogError) -> Error {
    match error {
        LogError::TooLarge { .. } => Error::Rejected(Rejection::invalid(error.to_string())),
        LogError::Full { .. } => Error::Exhausted(error.to_string()),
        _ => Error::Unavailable(error.to_string()),
    }
}
