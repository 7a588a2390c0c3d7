//! For what records wait.

use klamm_messages::klamm::v1::HeldRecord;

/// For what records wait.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Kind {
    /// Signals, for a run.
    Signal,
    /// Records, for others with which they start a run.
    Batch,
}

impl Kind {
    const ALL: [Self; 2] = [Self::Signal, Self::Batch];

    /// The kind's name, as it stands in keys of the topic and in wake rows.
    pub fn name(self) -> &'static str {
        match self {
            Self::Signal => "signal",
            Self::Batch => "batch",
        }
    }

    /// The kind of this name.
    pub fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.name() == name)
    }

    /// The kind's byte in keys of tables.
    pub(crate) fn byte(self) -> u8 {
        match self {
            Self::Signal => 1,
            Self::Batch => 2,
        }
    }
}

/// Names what waits for the same.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Queue {
    /// For what.
    pub kind: Kind,
    /// The namespace.
    pub namespace: String,
    /// The workflow id; of a batch, its name.
    pub id: String,
}

impl Queue {
    /// The queue in which a record waits.
    pub fn of(record: &HeldRecord) -> Self {
        let command = record.command.as_ref();
        let is_of_batch = command.and_then(|it| it.from_trigger.as_ref()).is_some_and(|from| from.batch.is_some());
        Self {
            kind: if is_of_batch { Kind::Batch } else { Kind::Signal },
            namespace: command.map(|it| it.namespace.clone()).unwrap_or_default(),
            id: command.map(|it| it.workflow_id.clone()).unwrap_or_default(),
        }
    }
}
