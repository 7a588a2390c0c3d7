//! klamm's machines as one: each command goes to the machine that knows it.

use klamm_cluster::Cluster;
use klamm_machine::{Decision, Machine, Outcome, Rejection, Tables, Tx};
use klamm_messages::klamm::v1::{ClusterRecord, Command, command::Body};
use klamm_schedule::Schedule;
use klamm_workflow::{Workflow, answer::StartedReservation};

use crate::backend::Reply;

/// All machines of a partition.
#[derive(Debug, Default)]
pub struct Machines {
    workflow: Workflow,
    schedule: Schedule,
    cluster: Cluster,
}

/// An event of any of them.
#[derive(Debug, Clone, PartialEq)]
pub enum Event {
    /// Of the workflow machine: topic `history`.
    Workflow(klamm_workflow::Event),
    /// Of the schedule machine: topic `schedules`.
    Schedule(klamm_schedule::Event),
    /// Of the cluster machine: topic `cluster`.
    Cluster(ClusterRecord),
}

/// What came of an accepted command.
#[derive(Debug, Clone, PartialEq)]
pub struct Answered {
    /// For whoever asked.
    pub reply: Reply,
    /// Tasks that were started at once, for the pollers that rode in the command.
    pub started: Vec<StartedReservation>,
}

impl Machine for Machines {
    type Event = Event;
    type Answer = Answered;

    fn decide(&self, tx: &mut Tx<'_, Self>, command: &Command) -> Decision<Answered> {
        match &command.body {
            Some(Body::Cluster(_)) => {
                let decision = tx.delegate(&self.cluster, Event::Cluster, |tx| self.cluster.decide(tx, command));
                wrap(decision, |answer| Answered { reply: Reply::Cluster(answer), started: Vec::new() })
            }
            Some(body) if is_of_schedules(body) => {
                let decision = tx.delegate(&self.schedule, Event::Schedule, |tx| self.schedule.decide(tx, command));
                wrap(decision, |answer| Answered { reply: Reply::Schedule(answer), started: Vec::new() })
            }
            Some(Body::Test(_)) => Err(Rejection::Unimplemented("Commands of tests are not taken here.".to_owned())),
            _ => {
                let decision = tx.delegate(&self.workflow, Event::Workflow, |tx| self.workflow.decide(tx, command));
                wrap(decision, |answered| Answered { reply: Reply::Workflow(answered.answer), started: answered.started })
            }
        }
    }

    fn apply(&self, tables: &mut dyn Tables, event: &Event) {
        match event {
            Event::Workflow(event) => self.workflow.apply(tables, event),
            Event::Schedule(event) => self.schedule.apply(tables, event),
            Event::Cluster(event) => self.cluster.apply(tables, event),
        }
    }
}

/// Whether the schedule machine knows the command.
fn is_of_schedules(body: &Body) -> bool {
    match body {
        Body::CreateSchedule(_)
        | Body::UpdateSchedule(_)
        | Body::PatchSchedule(_)
        | Body::DeleteSchedule(_)
        | Body::ScheduledStartAnswered(_)
        | Body::ScheduledRunClosed(_) => true,
        Body::WakeUp(wake_up) => wake_up.machine == klamm_schedule::MACHINE,
        _ => false,
    }
}

fn wrap<A>(decision: Decision<A>, answered: impl FnOnce(A) -> Answered) -> Decision<Answered> {
    Ok(match decision? {
        Outcome::Answer(answer) => Outcome::Answer(answered(answer)),
        Outcome::Refused(rejection) => Outcome::Refused(rejection),
    })
}
