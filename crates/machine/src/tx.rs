//! One decision in the making.

use std::sync::Arc;

use klamm_messages::klamm::v1::{Command, VisibilityDocument};

use crate::{Context, Machine, Table, Tables, TablesExt};

/// A document derived from the state, on a topic that is not folded.
#[derive(Debug, Clone, PartialEq)]
pub enum Publication {
    /// A run's whole visibility document.
    Visibility(Box<VisibilityDocument>),
    /// The run went away: its visibility document is tombstoned.
    VisibilityDeleted {
        /// Namespace of the run.
        namespace: String,
        /// Its workflow id.
        workflow_id: String,
        /// The run.
        run_id: String,
    },
}

/// One decision in the making: reads, and all that the decision wants to happen.
pub struct Tx<'a, M: Machine + ?Sized> {
    /// Place and time of the command.
    pub context: &'a mut Context,
    machine: &'a M,
    tables: &'a mut dyn Tables,
    effects: Effects<M::Event>,
}

/// What a decision wants to happen, in order.
#[derive(Debug, Clone, PartialEq)]
pub struct Effects<E> {
    /// Facts, already applied to the scratch tables.
    pub events: Vec<E>,
    /// Commands to other machines; the engine adds their source.
    pub commands: Vec<Command>,
    /// Documents for topics that are not folded.
    pub publications: Vec<Publication>,
}

impl<E> Default for Effects<E> {
    fn default() -> Self {
        Self { events: Vec::new(), commands: Vec::new(), publications: Vec::new() }
    }
}

impl<E> Effects<E> {
    /// The same effects with another event type: how a machine made of machines takes theirs over.
    pub fn map<F>(self, f: impl FnMut(E) -> F) -> Effects<F> {
        Effects { events: self.events.into_iter().map(f).collect(), commands: self.commands, publications: self.publications }
    }
}

impl<'a, M: Machine + ?Sized> Tx<'a, M> {
    /// A decision over scratch tables: whoever made them drops them when the decision is rejected.
    pub fn new(machine: &'a M, tables: &'a mut dyn Tables, context: &'a mut Context) -> Self {
        Self { context, machine, tables, effects: Effects::default() }
    }

    /// The row of table `T` under `key`, with all that this decision has emitted applied.
    pub fn get<T: Table>(&self, key: &T::Key) -> Option<Arc<T::Row>> {
        self.tables.get::<T>(key)
    }

    /// At most `limit` rows of table `T` whose key bytes lie in `from..to`, in key order.
    pub fn range<T: Table>(&self, from: &[u8], to: &[u8], limit: usize) -> Vec<(Vec<u8>, Arc<T::Row>)> {
        self.tables.range::<T>(from, to, limit)
    }

    /// Says that `event` happened, and applies it.
    pub fn emit(&mut self, event: M::Event) {
        self.machine.apply(self.tables, &event);
        self.effects.events.push(event);
    }

    /// Sends a command to another machine (or to another entity of this one), exactly once.
    pub fn send(&mut self, command: Command) {
        self.effects.commands.push(command);
    }

    /// Publishes a derived document.
    pub fn publish(&mut self, publication: Publication) {
        self.effects.publications.push(publication);
    }

    /// Runs `decide` as a decision of the machine `part`, and takes over what it wants, its events mapped by `wrap`.
    pub fn delegate<P: Machine + ?Sized, R>(
        &mut self,
        part: &P,
        wrap: impl FnMut(P::Event) -> M::Event,
        decide: impl FnOnce(&mut Tx<'_, P>) -> R,
    ) -> R {
        let mut tx = Tx { context: &mut *self.context, machine: part, tables: &mut *self.tables, effects: Effects::default() };
        let result = decide(&mut tx);
        let effects = tx.effects.map(wrap);
        self.effects.events.extend(effects.events);
        self.effects.commands.extend(effects.commands);
        self.effects.publications.extend(effects.publications);
        result
    }

    /// What the decision wants to happen.
    pub fn finish(self) -> Effects<M::Event> {
        self.effects
    }
}
