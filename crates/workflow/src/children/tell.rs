//! What a run sends to its children.

use klamm_messages::{
    klamm::v1::{Command, CommandSettings, ParentClosed, command::Body},
    temporal::{common::v1::WorkflowExecution, enums::v1::ParentClosePolicy},
};

use crate::run::Run;

/// A command to a workflow of the namespace. It carries the settings of the command that causes it, without the types of search attributes,
/// which only check what a workflow sets.
pub(super) fn to_child(namespace: &str, workflow_id: &str, settings: &CommandSettings, body: Body) -> Command {
    Command {
        version: 1,
        namespace: namespace.to_owned(),
        workflow_id: workflow_id.to_owned(),
        settings: Some(CommandSettings { search_attribute_types: Default::default(), ..settings.clone() }),
        body: Some(body),
        ..Command::default()
    }
}

/// Tells all pending children that the run has closed, by the policy that each was started with. One whose start is not answered yet is
/// told too: it gets its start before this.
///
/// Temporal: transfer_queue_task_executor_base.go (applyParentClosePolicy).
pub(crate) fn tell_children(run: &mut Run<'_, '_>, settings: &CommandSettings) {
    let state = run.state();
    let parent = WorkflowExecution { workflow_id: run.key.workflow_id.clone(), run_id: run.key.run_id.clone() };
    for child in state.children.values() {
        if child.parent_close_policy() == ParentClosePolicy::Abandon {
            continue;
        }
        let body = Body::ParentClosed(ParentClosed {
            parent: Some(parent.clone()),
            first_run_id: child.started_run_id.clone(),
            policy: child.parent_close_policy,
        });
        run.tx.send(to_child(&run.key.namespace, &child.workflow_id, settings, body));
    }
}
