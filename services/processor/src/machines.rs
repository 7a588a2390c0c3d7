//! klamm's machines, and what they have in common. `deciding.rs` makes one of them.

use klamm_cluster::Cluster;
use klamm_held::Held;
use klamm_machine::{Decision, Machine, Outcome, Rejection, Tables, Tx};
use klamm_messages::klamm::v1::{Command, command::Body};
use klamm_schedule::Schedule;
use klamm_workflow::{Workflow, answer::StartedReservation};

use crate::backend::{Reply, Triggered};

/// The name of a machine, as it stands in wake rows.
pub type MachineName = &'static str;

/// All machines of a partition.
#[derive(Debug, Default)]
pub struct Machines {
    workflow: Workflow,
    schedule: Schedule,
    cluster: Cluster,
    held: Held,
}

/// An event of one of the machines.
#[derive(Debug, Clone, PartialEq)]
pub enum Event {
    /// An event of the workflow machine: topic `history`.
    Workflow(klamm_workflow::Event),
    /// An event of the schedule machine: topic `schedules`.
    Schedule(klamm_schedule::Event),
    /// An event of the cluster machine: topic `cluster`.
    Cluster(klamm_cluster::Event),
    /// A record of a trigger waits, or does so no longer: topic `held`.
    Held(klamm_held::Event),
}

/// What came of an accepted command.
#[derive(Debug, Clone, PartialEq)]
pub struct Answered {
    /// The reply to the caller.
    pub reply: Reply,
    /// Tasks that were started at once, for the polls that rode in the command.
    pub started: Vec<StartedReservation>,
    /// What has come of records of triggers that have waited.
    pub waited: Vec<Triggered>,
}

impl Answered {
    /// A reply; no tasks were started.
    pub(crate) fn of(reply: Reply) -> Self {
        Self { reply, started: Vec::new(), waited: Vec::new() }
    }
}

impl Machines {
    /// Has the machine apply the event whose it is.
    pub(crate) fn apply_own(&self, tables: &mut dyn Tables, event: &Event) {
        match event {
            Event::Workflow(event) => self.workflow.apply(tables, event),
            Event::Schedule(event) => self.schedule.apply(tables, event),
            Event::Cluster(event) => self.cluster.apply(tables, event),
            Event::Held(event) => self.held.apply(tables, event),
        }
    }

    /// Has the machine of what waits do something.
    pub(crate) fn hold<R>(&self, tx: &mut Tx<'_, Self>, verb: impl FnOnce(&mut Tx<'_, Held>) -> R) -> R {
        tx.delegate(&self.held, Event::Held, verb)
    }

    /// Has the machine decide that knows the command.
    pub(crate) fn decide_body(&self, tx: &mut Tx<'_, Self>, command: &Command) -> Decision<Answered> {
        match &command.body {
            Some(Body::Cluster(_)) => {
                let decision = tx.delegate(&self.cluster, Event::Cluster, |tx| self.cluster.decide(tx, command));
                wrap(decision, |answer| Answered::of(Reply::Cluster(answer)))
            }
            Some(body) if is_of_schedules(body) => {
                let decision = tx.delegate(&self.schedule, Event::Schedule, |tx| self.schedule.decide(tx, command));
                wrap(decision, |answer| Answered::of(Reply::Schedule(answer)))
            }
            Some(Body::Test(_)) => Err(Rejection::Unimplemented("Commands of tests are not taken here.".to_owned())),
            _ => {
                let decision = tx.delegate(&self.workflow, Event::Workflow, |tx| self.workflow.decide(tx, command));
                wrap(decision, |answered| Answered {
                    reply: Reply::Workflow(answered.answer),
                    started: answered.started,
                    waited: Vec::new(),
                })
            }
        }
    }
}

/// Whether the command belongs to the schedule machine.
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
