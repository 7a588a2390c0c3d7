//! Commands that are taken together.

use klamm_log::Offset;
use klamm_messages::klamm::v1::Command;
use klamm_triggers::Order;

/// Commands that are taken together.
#[derive(Default)]
pub(crate) struct Step {
    /// Offset of the first of their records.
    pub(crate) first: Option<Offset>,
    pub(crate) count: usize,
    /// Those that one partition takes at once.
    pub(crate) groups: Vec<(u32, Vec<Command>)>,
}

impl Step {
    /// Adds the command of a record, which this partition takes. Commands of one partition stand in one group; where all records keep their
    /// order, only those that follow each other.
    pub(crate) fn push(&mut self, offset: Offset, target: u32, command: Command, order: Order) {
        self.first.get_or_insert(offset);
        self.count += 1;
        let group = match order {
            Order::Key => self.groups.iter_mut().find(|(its, _)| *its == target),
            Order::Partition => self.groups.last_mut().filter(|(its, _)| *its == target),
        };
        match group {
            Some((_, commands)) => commands.push(command),
            None => self.groups.push((target, vec![command])),
        }
    }
}
