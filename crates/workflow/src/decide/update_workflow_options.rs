//! UpdateWorkflowOptions: another priority for an open run. Temporal: service/history/api/updateworkflowoptions.

use klamm_machine::{Decision, Outcome, Rejection, Tx};
use klamm_messages::{
    klamm::v1::{Command, UpdateWorkflowOptions},
    temporal::{
        common::v1::Priority,
        enums::v1::EventType,
        history::v1::{HistoryEvent, WorkflowExecutionOptionsUpdatedEventAttributes, history_event::Attributes},
        workflow::v1::WorkflowExecutionOptions,
    },
};

use super::locate;
use crate::{
    Answer, Workflow,
    run::{Run, is_open, new_event},
};

/// Decides the command. Options that are in force already make no event.
pub(super) fn decide(tx: &mut Tx<'_, Workflow>, command: &Command, body: &UpdateWorkflowOptions) -> Decision<Answer> {
    let mut run = locate::run(tx, command, body.execution.as_ref())?;
    let state = run.state();
    if !is_open(&state) {
        return Err(Rejection::not_found(locate::COMPLETED));
    }
    drop(state);
    let merged = put_into_force(&mut run, body, &command.identity)?;
    Ok(Outcome::Answer(Answer::WorkflowOptions(Box::new(merged))))
}

/// Puts the options into force, and gives those that are in force then.
///
/// # Errors
/// InvalidArgument or Unimplemented when the options cannot be.
pub(crate) fn put_into_force(
    run: &mut Run<'_, '_>,
    body: &UpdateWorkflowOptions,
    identity: &str,
) -> Result<WorkflowExecutionOptions, Rejection> {
    let state = run.state();
    let told = body.options.clone().unwrap_or_default();
    let paths = body.paths.as_ref().map(|paths| paths.paths.as_slice()).unwrap_or_default();
    let present = WorkflowExecutionOptions {
        priority: state.started.as_ref().and_then(|started| started.priority.clone()),
        ..WorkflowExecutionOptions::default()
    };
    drop(state);
    let merged = merge(&present, &told, paths)?;
    if merged != present {
        let attributes = WorkflowExecutionOptionsUpdatedEventAttributes {
            unset_versioning_override: merged.versioning_override.is_none(),
            identity: identity.to_owned(),
            priority: merged.priority.clone(),
            ..WorkflowExecutionOptionsUpdatedEventAttributes::default()
        };
        let attributes = Attributes::WorkflowExecutionOptionsUpdatedEventAttributes(attributes);
        let event = new_event(EventType::WorkflowExecutionOptionsUpdated, attributes, run.now());
        run.add_or_buffer_whole_event(HistoryEvent { worker_may_ignore: true, ..event });
    }
    Ok(merged)
}

/// The present options with the fields of `told` that a path names.
pub(crate) fn merge(
    present: &WorkflowExecutionOptions,
    told: &WorkflowExecutionOptions,
    paths: &[String],
) -> Result<WorkflowExecutionOptions, Rejection> {
    let refused = |what: &str| Err(Rejection::invalid(format!("error applying update_options: {what}")));
    let mut merged = present.clone();
    for path in paths {
        match path.as_str() {
            "priority" => merged.priority.clone_from(&told.priority),
            "versioningOverride" if told.versioning_override.is_some() => return unbuilt("versioning_override"),
            "timeSkippingConfig" if told.time_skipping_config.is_some() => return unbuilt("time_skipping_config"),
            "versioningOverride.behavior" | "versioningOverride.deployment" => {
                let other = if path.ends_with("behavior") { "versioningOverride.deployment" } else { "versioningOverride.behavior" };
                if !paths.iter().any(|path| path == other) {
                    return refused("versioning_override fields must be updated together");
                }
                if told.versioning_override.is_some() {
                    return unbuilt("versioning_override");
                }
            }
            partial if partial.starts_with("versioningOverride.") => return refused("versioning_override doesn't support partial updates"),
            partial if partial.starts_with("timeSkippingConfig.") => return refused("time_skipping_config doesn't support partial update"),
            _ => {}
        }
    }
    let none = Priority::default();
    let priority = told.priority.as_ref().unwrap_or(&none);
    for path in paths {
        match path.as_str() {
            "priority.priorityKey" => merged.priority.get_or_insert_default().priority_key = priority.priority_key,
            "priority.fairnessKey" => merged.priority.get_or_insert_default().fairness_key.clone_from(&priority.fairness_key),
            "priority.fairnessWeight" => merged.priority.get_or_insert_default().fairness_weight = priority.fairness_weight,
            _ => {}
        }
    }
    Ok(merged)
}

/// Refuses an option that is not built.
fn unbuilt<T>(what: &str) -> Result<T, Rejection> {
    Err(Rejection::Unimplemented(format!("{what} is not supported yet.")))
}
