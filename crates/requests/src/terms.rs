//! The terms of a request: what it is checked against, and ids for requests that bring none.

use klamm_messages::klamm::v1::{Command, NamespaceState, command::Body};

use crate::{limits::Limits, settings};

/// What is needed besides a request's own fields.
#[derive(Clone, Copy)]
pub struct Terms<'t> {
    /// The namespace that the request is about.
    pub namespace: &'t NamespaceState,
    /// Limits of requests.
    pub limits: &'t Limits,
    /// Makes a new UUID as text at each call: for new runs, and for requests that bring no request id. A front that may get the same
    /// request twice has to give the same ids both times, so that the request takes effect once.
    pub new_id: &'t (dyn Fn() -> String + Sync),
}

impl Terms<'_> {
    /// A command about one workflow id.
    pub fn workflow_command(&self, workflow_id: String, identity: String, body: Body) -> Command {
        Command {
            version: settings::DECISION_VERSION,
            settings: Some(settings::of_workflow(self.namespace, self.limits)),
            namespace: self.namespace.name.clone(),
            workflow_id,
            identity,
            body: Some(body),
            ..Command::default()
        }
    }

    /// A command about one workflow id that may set search attributes. It carries the types of the namespace's custom search attributes.
    pub fn upserting_command(&self, workflow_id: String, identity: String, body: Body) -> Command {
        let mut command = self.workflow_command(workflow_id, identity, body);
        if let Some(settings) = &mut command.settings {
            settings.search_attribute_types.clone_from(&self.namespace.search_attributes);
        }
        command
    }

    /// A command about one schedule. It carries how long the schedule's decisions are kept.
    pub fn schedule_command(&self, schedule_id: String, identity: String, body: Body) -> Command {
        Command { settings: Some(settings::of_schedule(self.namespace, self.limits)), ..self.workflow_command(schedule_id, identity, body) }
    }
}

impl std::fmt::Debug for Terms<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Terms").field("namespace", &self.namespace.name).finish_non_exhaustive()
    }
}
