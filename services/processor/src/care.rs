//! Periodic work that no call triggers: looks after the task queues, and settles doubts about appends.

use std::{sync::Arc, time::Duration};

use klamm_messages::klamm::v1::{Command, WakeUp, command::Body};
use klamm_supervise::Part;
use tokio::{task::JoinSet, time::MissedTickBehavior};

use crate::{Processor, clock::now, submitting::WhenInDoubt};

/// How often a round is done.
const EVERY: Duration = Duration::from_millis(250);
/// A doubt may stay so long before a probe is appended. Often another command settles it earlier.
const DOUBT_PATIENCE: Duration = Duration::from_secs(1);
/// A round waits so long for its probes, then it goes on with the queues. The appends of the probes go on too.
const PROBE_MAX: Duration = Duration::from_secs(1);

/// After so long without a round, something is wrong with this task.
const STANDSTILL: Duration = Duration::from_secs(60);

/// Looks after the task queues until the partitions are lost.
pub async fn run(processor: Arc<Processor>) {
    let part = processor.process.config.supervisor.part_with_rounds("care", STANDSTILL);
    part.task(move |part| rounds(processor.clone(), part)).await;
}

async fn rounds(processor: Arc<Processor>, part: Part) {
    let mut ticks = tokio::time::interval(EVERY);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    while processor.process.ownership.lost().is_none() {
        tokio::select! {
            biased;
            () = processor.process.ownership.until_lost() => return,
            _ = ticks.tick() => {}
        }
        part.round();
        processor.queues.relieve();
        processor.queues.offer_again(|partition| processor.partitions.find(partition).is_some_and(|owned| owned.is_able()));
        settle_doubts(&processor).await;
    }
}

/// Appends a command that changes nothing (a probe) to each partition with an old doubt. Only the probe's place in the log matters: once it
/// is handled, the doubtful command either was handled before it, or never will be.
async fn settle_doubts(processor: &Processor) {
    let Some(old) = now().checked_sub(DOUBT_PATIENCE) else { return };
    let mut probes = JoinSet::new();
    for doubtful in processor.process.answers.doubtful(old) {
        let submitter = processor.submitter.clone();
        probes.spawn(async move {
            let probe = probe(&doubtful.namespace, &doubtful.workflow_id);
            let probing = submitter.submit_with(doubtful.partition, Box::new(probe), WhenInDoubt::Wait);
            let _ = tokio::time::timeout(PROBE_MAX, probing).await;
        });
    }
    while probes.join_next().await.is_some() {}
}

/// A wake-up of a run that does not exist. It has the workflow id of the doubtful command, so it goes to the same partition.
fn probe(namespace: &str, workflow_id: &str) -> Command {
    let (namespace, workflow_id) = (namespace.to_owned(), workflow_id.to_owned());
    let wake_up = WakeUp { namespace: namespace.clone(), id: workflow_id.clone(), ..WakeUp::default() };
    Command { version: 1, namespace, workflow_id, body: Some(Body::WakeUp(wake_up)), ..Command::default() }
}
