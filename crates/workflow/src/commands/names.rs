//! Causes and types as Temporal's messages name them.

use klamm_messages::temporal::enums::v1::{CommandType, WorkflowTaskFailedCause};

/// A cause as Temporal's messages name it: "BadScheduleActivityAttributes".
pub(crate) fn cause_name(cause: WorkflowTaskFailedCause) -> String {
    camel_case(cause.as_str_name().trim_start_matches("WORKFLOW_TASK_FAILED_CAUSE_"))
}

/// A command type as Temporal's messages name it: "ScheduleActivityTask".
pub(super) fn type_name(command_type: CommandType) -> String {
    camel_case(command_type.as_str_name().trim_start_matches("COMMAND_TYPE_"))
}

/// "ONE_TWO" as "OneTwo".
fn camel_case(name: &str) -> String {
    let mut words = String::with_capacity(name.len());
    for word in name.split('_') {
        words.push_str(&word[..word.len().min(1)]);
        words.push_str(&word[word.len().min(1)..].to_lowercase());
    }
    words
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_temporals() {
        assert_eq!(cause_name(WorkflowTaskFailedCause::BadScheduleActivityAttributes), "BadScheduleActivityAttributes");
        assert_eq!(cause_name(WorkflowTaskFailedCause::UnhandledCommand), "UnhandledCommand");
        assert_eq!(type_name(CommandType::ScheduleActivityTask), "ScheduleActivityTask");
    }
}
