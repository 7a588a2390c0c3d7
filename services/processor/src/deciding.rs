//! klamm's machines as one: each command goes to the machine that knows it, and whoever has asked for it is told what came of it.

use klamm_machine::{Decision, Machine, Outcome, Tables, Tx};
use klamm_messages::klamm::v1::{Command, command::Body};
use klamm_workflow::Answer;

use crate::{
    backend::Reply,
    by_record, holding,
    machines::{Answered, Event, Machines},
};

impl Machine for Machines {
    type Event = Event;
    type Answer = Answered;

    fn decide(&self, tx: &mut Tx<'_, Self>, command: &Command) -> Decision<Answered> {
        let waiting = holding::waiting(tx, command);
        let mut decided = match &waiting {
            // What waits comes before the run's first workflow task.
            Some(_) => decide(self, tx, &holding::without_task(command))?,
            None => decide(self, tx, command)?,
        };
        let waited = holding::deliver_to_begun(self, tx, command, waiting);
        if let Outcome::Answer(answered) = &mut decided {
            answered.waited.extend(waited);
        }
        Ok(decided)
    }

    fn apply(&self, tables: &mut dyn Tables, event: &Event) {
        self.apply_own(tables, event);
    }
}

fn decide(machines: &Machines, tx: &mut Tx<'_, Machines>, command: &Command) -> Decision<Answered> {
    if let Some(from) = &command.from_record {
        let nothing = Answered::of(Reply::Workflow(Answer::Empty));
        return by_record::answer(tx, command, from, nothing, |answered| &answered.reply, |tx| machines.decide_body(tx, command));
    }
    match (&command.from_trigger, &command.body) {
        (_, Some(Body::MarkSource(_))) => Ok(Outcome::Answer(Answered::of(Reply::Workflow(Answer::Empty)))),
        (_, Some(Body::WakeUp(wake_up))) if wake_up.machine == klamm_held::MACHINE => Ok(holding::wake_up(machines, tx, wake_up)),
        (Some(from), _) => holding::decide(machines, tx, command, from),
        (None, _) => machines.decide_body(tx, command),
    }
}
