//! The cluster machine: namespaces, their custom search attributes, the configuration of task queues, declared topics, and triggers, as a pure state machine.
//!
//! [`Cluster`] implements [`klamm_machine::Machine`]. Its commands go to partition 0 of the command log; its events are the
//! records of the topic `cluster`, each the whole of one thing ([`topic_key`]). A fresh cluster knows no namespace: the server
//! appends a RegisterNamespace for `default` at start and takes AlreadyExists as done. Nothing here waits, reads a clock or
//! draws an id: the gateway stamps ids into commands. Names and types of search attributes that the system itself defines are in
//! `klamm-search-attributes`.

mod add_search_attributes;
mod change;
mod cluster;
pub mod declared_topics;
mod delete_namespace;
mod deprecate_namespace;
mod event;
pub mod namespaces;
mod reclaim_namespace;
mod register_namespace;
mod remove_search_attributes;
mod retention;
pub mod task_queues;
pub mod triggers;
mod update_namespace;
mod update_task_queue_config;

use klamm_machine::{Decision, Machine, Outcome, Rejection, Tables, TablesExt, Tx, key};
use klamm_messages::klamm::v1::{Command, cluster_command, cluster_record::Record, command::Body};

pub use change::NAMESPACE_BYTES_MAX;
pub use cluster::{Answer, Cluster};
pub use declared_topics::DeclaredTopics;
pub use event::Event;
pub use namespaces::Namespaces;
pub use retention::{RETENTION_MIN_GLOBAL, RETENTION_MIN_LOCAL};
pub use task_queues::{QueueKey, TaskQueueConfigs};
pub use triggers::Triggers;

impl Machine for Cluster {
    type Event = Event;
    type Answer = Answer;

    fn decide(&self, tx: &mut Tx<'_, Self>, command: &Command) -> Decision<Answer> {
        use cluster_command::Command as Body_;
        let Some(Body::Cluster(command)) = &command.body else {
            return Err(Rejection::invalid("This is no command of the cluster."));
        };
        let answer = match &command.command {
            Some(Body_::RegisterNamespace(command)) => register_namespace::decide(tx, command)?,
            Some(Body_::UpdateNamespace(command)) => update_namespace::decide(tx, command)?,
            Some(Body_::DeprecateNamespace(command)) => deprecate_namespace::decide(tx, command)?,
            Some(Body_::DeleteNamespace(command)) => delete_namespace::decide(tx, command)?,
            Some(Body_::ReclaimNamespace(command)) => reclaim_namespace::decide(tx, command)?,
            Some(Body_::AddSearchAttributes(command)) => add_search_attributes::decide(tx, command)?,
            Some(Body_::RemoveSearchAttributes(command)) => remove_search_attributes::decide(tx, command)?,
            Some(Body_::UpdateTaskQueueConfig(command)) => update_task_queue_config::decide(tx, command)?,
            Some(Body_::ApplyTrigger(command)) => triggers::apply(tx, command)?,
            Some(Body_::PauseTrigger(command)) => triggers::pause(tx, command)?,
            Some(Body_::DeleteTrigger(command)) => triggers::delete(tx, command)?,
            Some(Body_::RewindTrigger(command)) => triggers::rewind(tx, command)?,
            Some(Body_::DeclareTopics(command)) => declared_topics::declare(tx, command)?,
            None => return Err(Rejection::Unimplemented("This command of the cluster is not known.".to_owned())),
        };
        Ok(Outcome::Answer(answer))
    }

    fn apply(&self, tables: &mut dyn Tables, event: &Event) {
        match event {
            Event::Record(record) => match &record.record {
                Some(Record::Namespace(state)) => tables.put::<Namespaces>(&state.name, state.clone()),
                Some(Record::TaskQueue(state)) => tables.put::<TaskQueueConfigs>(&QueueKey::of(state), state.clone()),
                Some(Record::Trigger(state)) => tables.put::<Triggers>(&state.name, state.clone()),
                Some(Record::Topics(state)) => tables.put::<DeclaredTopics>(&state.namespace, state.clone()),
                None => {}
            },
            Event::RemoveNamespace(name) => tables.remove::<Namespaces>(name.as_str()),
            Event::RemoveTaskQueue(key) => tables.remove::<TaskQueueConfigs>(key),
            Event::RemoveTrigger(name) => tables.remove::<Triggers>(name.as_str()),
            Event::RemoveTopics(namespace) => tables.remove::<DeclaredTopics>(namespace.as_str()),
        }
    }
}

/// Key of an event on the topic `cluster`: `kind/name`, each part percent-encoded. `None` for a record that holds nothing.
pub fn topic_key(event: &Event) -> Option<String> {
    let of_namespace = |name: &str| key::topic_key([NAMESPACE, name]);
    Some(match event {
        Event::Record(record) => match record.record.as_ref()? {
            Record::Namespace(state) => of_namespace(&state.name),
            Record::TaskQueue(state) => task_queues::topic_key(&QueueKey::of(state)),
            Record::Trigger(state) => key::topic_key([TRIGGER, &state.name]),
            Record::Topics(state) => key::topic_key([TOPICS, &state.namespace]),
        },
        Event::RemoveNamespace(name) => of_namespace(name),
        Event::RemoveTaskQueue(queue) => task_queues::topic_key(queue),
        Event::RemoveTrigger(name) => key::topic_key([TRIGGER, name]),
        Event::RemoveTopics(namespace) => key::topic_key([TOPICS, namespace]),
    })
}

/// What a tombstone under this key of the topic says. `None`: the key is of an unknown form.
pub fn tombstone(topic_key: &str) -> Option<Event> {
    let mut parts = key::topic_key_parts(topic_key).into_iter();
    match parts.next()?.as_str() {
        NAMESPACE => parts.next().map(Event::RemoveNamespace),
        TRIGGER => parts.next().map(Event::RemoveTrigger),
        TOPICS => parts.next().map(Event::RemoveTopics),
        task_queues::TOPIC_KIND => task_queues::of_topic_key(parts).map(Event::RemoveTaskQueue),
        _ => None,
    }
}

/// First part of the topic keys of namespaces.
const NAMESPACE: &str = "namespace";
/// First part of the topic keys of triggers.
const TRIGGER: &str = "trigger";
/// First part of the topic keys of declared topics.
const TOPICS: &str = "topics";

#[cfg(test)]
mod tests;
