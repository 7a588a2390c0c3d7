//! The effects that a handled command has outside its partition.
//!
//! A machine changes rows. The rows of some tables concern others too: task queues (tasks and configuration), the scheduler (wake rows),
//! whoever calls callbacks, the known namespaces and the triggers. An [`Action`] tells them of a changed row. The action is found by the table's type, so a
//! row is never taken for one of
//! another table.

use std::sync::Arc;

use klamm_cluster::{DeclaredTopics, Namespaces, TaskQueueConfigs, Triggers};
use klamm_machine::{
    Row,
    table::{self, downcast},
    wakes::Wakes,
};
use klamm_messages::klamm::v1::{
    DeclaredTopics as DeclaredTopicsState, NamespaceState, TaskQueueState, TaskRow, TriggerState, UpdateRow, WakeRow,
};
use klamm_workflow::tables::{Callbacks, Tasks, Updates};

use crate::machines::MachineName;

/// One effect of a command.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Action {
    /// A task waits from now on.
    Offer {
        /// The machine that the task belongs to and that starts it.
        machine: MachineName,
        /// The task's key in the machine's task table.
        key: Vec<u8>,
        /// The task's row.
        row: Arc<TaskRow>,
    },
    /// A task does not wait any more: it was started, or it is obsolete.
    TakeBack {
        /// The task's key.
        key: Vec<u8>,
    },
    /// A machine wants to look at something again at a certain time.
    Wake(Arc<WakeRow>),
    /// A completion callback is to be called.
    Call,
    /// An update has changed of which no public event tells.
    Update(Arc<UpdateRow>),
    /// A namespace is new or has changed.
    Namespace(Arc<NamespaceState>),
    /// There is no namespace under this key of the table any more.
    NamespaceRemoved {
        /// The key.
        key: Vec<u8>,
    },
    /// The configuration of a task queue has changed.
    TaskQueue(Arc<TaskQueueState>),
    /// The declared topics of a namespace are new or have changed.
    Topics(Arc<DeclaredTopicsState>),
    /// There are no declared topics under this key of the table any more.
    TopicsRemoved {
        /// The key.
        key: Vec<u8>,
    },
    /// A trigger is new or has changed.
    Trigger(Arc<TriggerState>),
    /// There is no trigger under this key of the table any more.
    TriggerRemoved {
        /// The key.
        key: Vec<u8>,
    },
}

impl Action {
    /// The action for a changed row. `None` when its table concerns nobody outside. `row` is `None` when the row was deleted.
    pub(crate) fn of(key: Vec<u8>, row: Option<Arc<dyn Row>>) -> Option<Self> {
        if table::is_of::<Tasks>(&key) {
            return Some(match row {
                Some(row) => Self::Offer { machine: klamm_workflow::MACHINE, key, row: downcast::<Tasks>(row) },
                None => Self::TakeBack { key },
            });
        }
        if row.is_none() && table::is_of::<Namespaces>(&key) {
            return Some(Self::NamespaceRemoved { key });
        }
        if row.is_none() && table::is_of::<DeclaredTopics>(&key) {
            return Some(Self::TopicsRemoved { key });
        }
        if row.is_none() && table::is_of::<Triggers>(&key) {
            return Some(Self::TriggerRemoved { key });
        }
        // A deleted wake row needs no action, since a wake-up without cause changes nothing. The configurations of a deleted namespace go
        // with it.
        let row = row?;
        if table::is_of::<Wakes>(&key) {
            Some(Self::Wake(downcast::<Wakes>(row)))
        } else if table::is_of::<Callbacks>(&key) {
            Some(Self::Call)
        } else if table::is_of::<Updates>(&key) {
            Some(Self::Update(downcast::<Updates>(row)))
        } else if table::is_of::<Namespaces>(&key) {
            Some(Self::Namespace(downcast::<Namespaces>(row)))
        } else if table::is_of::<TaskQueueConfigs>(&key) {
            Some(Self::TaskQueue(downcast::<TaskQueueConfigs>(row)))
        } else if table::is_of::<DeclaredTopics>(&key) {
            Some(Self::Topics(downcast::<DeclaredTopics>(row)))
        } else if table::is_of::<Triggers>(&key) {
            Some(Self::Trigger(downcast::<Triggers>(row)))
        } else {
            None
        }
    }
}

#[cfg(test)]
mod tests {
    use klamm_cluster::QueueKey;
    use klamm_machine::{Table, Time};
    use klamm_messages::klamm::v1::{CallbackRow, RunState};
    use klamm_workflow::tables::{RunKey, Runs};

    use super::*;

    fn row<T: Table>(key: &T::Key, row: T::Row) -> Option<Action> {
        Action::of(T::key(key), Some(Arc::new(row)))
    }

    #[test]
    fn rows_of_each_table_become_their_own_action() {
        let task = TaskRow { namespace: "n".to_owned(), task_queue: "q".to_owned(), ..TaskRow::default() };
        let key = Tasks::key(&task);
        let offer = Action::Offer { machine: klamm_workflow::MACHINE, key: key.clone(), row: Arc::new(task.clone()) };
        assert_eq!(row::<Tasks>(&task, task.clone()), Some(offer));
        assert_eq!(Action::of(key.clone(), None), Some(Action::TakeBack { key }));

        let wake = WakeRow { due: Some(Time::from_millis(5).into()), ..WakeRow::default() };
        assert_eq!(row::<Wakes>(&wake, wake.clone()), Some(Action::Wake(Arc::new(wake.clone()))));
        assert_eq!(Action::of(Wakes::key(&wake), None), None);

        let callback = CallbackRow::default();
        assert_eq!(row::<Callbacks>(&callback, callback.clone()), Some(Action::Call));
        assert_eq!(Action::of(Callbacks::key(&callback), None), None);

        let update = UpdateRow { namespace: "n".to_owned(), ..UpdateRow::default() };
        let key = (RunKey::new("n", "w", "r"), 1);
        assert_eq!(row::<Updates>(&key, update.clone()), Some(Action::Update(Arc::new(update))));

        let namespace = NamespaceState { name: "n".to_owned(), ..NamespaceState::default() };
        assert_eq!(row::<Namespaces>("n", namespace.clone()), Some(Action::Namespace(Arc::new(namespace))));
        let key = Namespaces::key("n");
        assert_eq!(Action::of(key.clone(), None), Some(Action::NamespaceRemoved { key }));

        let queue = TaskQueueState { namespace: "n".to_owned(), task_queue: "q".to_owned(), ..TaskQueueState::default() };
        assert_eq!(row::<TaskQueueConfigs>(&QueueKey::of(&queue), queue.clone()), Some(Action::TaskQueue(Arc::new(queue))));

        let trigger = TriggerState { name: "t".to_owned(), ..TriggerState::default() };
        assert_eq!(row::<Triggers>("t", trigger.clone()), Some(Action::Trigger(Arc::new(trigger))));
        let key = Triggers::key("t");
        assert_eq!(Action::of(key.clone(), None), Some(Action::TriggerRemoved { key }));

        let topics = DeclaredTopicsState { namespace: "n".to_owned(), ..DeclaredTopicsState::default() };
        assert_eq!(row::<DeclaredTopics>("n", topics.clone()), Some(Action::Topics(Arc::new(topics))));
        let key = DeclaredTopics::key("n");
        assert_eq!(Action::of(key.clone(), None), Some(Action::TopicsRemoved { key }));

        assert_eq!(row::<Runs>(&RunKey::new("n", "w", "r"), RunState::default()), None, "whoever waits for runs watches them");
    }
}
