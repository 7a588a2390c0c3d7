//! klamm's machines as one: each command goes to the machine that knows it.

use klamm_cluster::Cluster;
use klamm_machine::{Decision, Machine, Outcome, Rejection, Tables, Tx};
use klamm_messages::klamm::v1::{ClusterRecord, Command, command::Body};
use klamm_workflow::Workflow;

use crate::backend::Reply;

/// All machines of a partition.
#[derive(Debug, Default)]
pub struct Machines {
    workflow: Workflow,
    cluster: Cluster,
}

/// An event of any of them.
#[derive(Debug, Clone, PartialEq)]
pub enum Event {
    /// Of the workflow machine: topic `history`.
    Workflow(klamm_workflow::Event),
    /// Of the cluster machine: topic `cluster`.
    Cluster(ClusterRecord),
}

impl Machine for Machines {
    type Event = Event;
    type Answer = Reply;

    fn decide(&self, tx: &mut Tx<'_, Self>, command: &Command) -> Decision<Reply> {
        match &command.body {
            Some(Body::Cluster(_)) => {
                wrap(tx.delegate(&self.cluster, Event::Cluster, |tx| self.cluster.decide(tx, command)), Reply::Cluster)
            }
            Some(Body::Test(_)) => Err(Rejection::Unimplemented("Commands of tests are not taken here.".to_owned())),
            _ => wrap(tx.delegate(&self.workflow, Event::Workflow, |tx| self.workflow.decide(tx, command)), Reply::Workflow),
        }
    }

    fn apply(&self, tables: &mut dyn Tables, event: &Event) {
        match event {
            Event::Workflow(event) => self.workflow.apply(tables, event),
            Event::Cluster(event) => self.cluster.apply(tables, event),
        }
    }
}

fn wrap<A>(decision: Decision<A>, reply: impl FnOnce(A) -> Reply) -> Decision<Reply> {
    Ok(match decision? {
        Outcome::Answer(answer) => Outcome::Answer(reply(answer)),
        Outcome::Refused(rejection) => Outcome::Refused(rejection),
    })
}
