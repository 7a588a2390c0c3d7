//! A namespace that is deleted with the workflows in it, while everything else goes on.
//!
//! Nothing in it goes from partition to partition, and its deletion is asked for when nothing that was asked of it is on its way any more: what
//! arrives after a namespace is gone is the business of those who ask.

use klamm_messages::klamm::v1::Command;

use crate::{
    book::What,
    requests::{self, DOOMED},
    world::World,
};

/// Most workflows in it.
const WORKFLOWS_MAX: usize = 12;

/// How far it has come. The numbers are those of requests.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Doom {
    /// Nobody has thought of it.
    Unknown,
    /// It is being registered.
    Registering(usize),
    /// Workflows are started in it: so many so far.
    Filling(usize),
    /// It is being deleted.
    Deleting(usize),
}

impl World {
    /// A client does something with the namespace.
    pub fn doom(&mut self) {
        match self.doom {
            Doom::Unknown => self.doom = Doom::Registering(self.ask_of_doomed("register", requests::register_doomed())),
            Doom::Registering(index) if self.is_over(index) => self.doom = Doom::Filling(0),
            Doom::Filling(count) if count < WORKFLOWS_MAX && self.rng.chance(80) => {
                let id = self.name("d");
                let command = requests::start_doomed(&id, &format!("start of {id}"));
                self.ask_of_doomed("start", command);
                self.doom = Doom::Filling(count + 1);
            }
            Doom::Filling(_) if self.is_quiet() => {
                self.doom = Doom::Deleting(self.ask_of_doomed("delete", requests::delete_doomed()));
            }
            Doom::Registering(_) | Doom::Filling(_) | Doom::Deleting(_) => {}
        }
    }

    fn ask_of_doomed(&mut self, what: &str, command: Command) -> usize {
        let name = self.name(what);
        let index = self.book.borrow_mut().request(name, What::Other, command);
        self.submit(index);
        index
    }

    fn is_over(&self, index: usize) -> bool {
        let request = &self.book.borrow().requests[index];
        request.accepted.is_some() || request.is_over
    }

    /// Nothing is on its way to any log, and all that was asked of the namespace is answered.
    fn is_quiet(&self) -> bool {
        let lines = self.members.iter().filter_map(|member| member.up.as_ref()).map(|up| &up.line);
        let book = self.book.borrow();
        let mut of_doomed = book.requests.iter().filter(|request| request.command.namespace == DOOMED);
        self.ghosts.values().all(|groups| groups.is_empty())
            && lines.into_iter().all(|line| line.under_way().is_empty() && line.untold().is_empty())
            && of_doomed.all(|request| request.accepted.is_some() || request.is_over)
    }

    /// Goes on towards the end, without further workflows. True when the namespace is known to be deleted.
    pub fn doom_to_the_end(&mut self) -> bool {
        if let Doom::Filling(_) = self.doom {
            self.doom = Doom::Filling(WORKFLOWS_MAX);
        }
        self.doom();
        matches!(self.doom, Doom::Deleting(index) if self.is_over(index))
    }
}
