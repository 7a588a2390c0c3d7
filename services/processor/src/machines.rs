//! klamm's machines as one: each command goes to the machine that knows it.

use klamm_cluster::Cluster;
use klamm_machine::{Decision, Machine, Outcome, Rejection, Tables, Tx};
use klamm_messages::klamm::v1::{Command, command::Body};
use klamm_schedule::Schedule;
use klamm_workflow::{Answer, Workflow, answer::StartedReservation};

use crate::{backend::Reply, by_record, by_trigger};

/// The name of a machine, as it stands in wake rows.
pub type MachineName = &'static str;

/// All machines of a partition.
#[derive(Debug, Default)]
pub struct Machines {
    workflow: Workflow,
    schedule: Schedule,
    cluster: Cluster,
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
}

/// What came of an accepted command.
#[derive(Debug, Clone, PartialEq)]
pub struct Answered {
    /// The reply to the caller.
    pub reply: Reply,
    /// Tasks that were started at once, for the polls that rode in the command.
    pub started: Vec<StartedReservation>,
}

impl Answered {
    /// A reply; no tasks were started.
    fn of(reply: Reply) -> Self {
        Self { reply, started: Vec::new() }
    }
}

impl Machine for Machines {
    type Event = Event;
    type Answer = Answered;

    fn decide(&self, tx: &mut Tx<'_, Self>, command: &Command) -> Decision<Answered> {
        match &command.from_record {
            Some(from) => {
                let nothing = Answered::of(Reply::Workflow(Answer::Empty));
                by_record::answer(tx, command, from, nothing, |answered| &answered.reply, |tx| self.decide_body(tx, command))
            }
            None => match (&command.from_trigger, &command.body) {
                (_, Some(Body::MarkSource(_))) => Ok(Outcome::Answer(Answered::of(Reply::Workflow(Answer::Empty)))),
                (Some(from), _) => {
                    by_trigger::answer(tx, command, from, Answered::of, |answered| &answered.reply, |tx| self.decide_body(tx, command))
                }
                (None, _) => self.decide_body(tx, command),
            },
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

impl Machines {
    /// Has the machine decide that knows the command.
    fn decide_body(&self, tx: &mut Tx<'_, Self>, command: &Command) -> Decision<Answered> {
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
