//! Names of execution statuses.

use klamm_messages::temporal::enums::v1::WorkflowExecutionStatus;

/// Prefix of the enum's own spelling.
const PREFIX: &str = "WORKFLOW_EXECUTION_STATUS_";

/// The status as filters and groups spell it ("TimedOut"). An unknown number gives "Unspecified".
pub fn status_name(status: i32) -> String {
    let status = WorkflowExecutionStatus::try_from(status).unwrap_or_default();
    let words = status.as_str_name().trim_start_matches(PREFIX).split('_');
    words.map(|word| format!("{}{}", &word[..1], word[1..].to_ascii_lowercase())).collect()
}

/// The number of a status spelled "TimedOut" or "WORKFLOW_EXECUTION_STATUS_TIMED_OUT".
pub fn status_named(name: &str) -> Option<i32> {
    numbers().find(|&number| status_name(number) == name).or_else(|| {
        let status = WorkflowExecutionStatus::from_str_name(name)?;
        Some(status as i32)
    })
}

/// True for a number that the enum has.
pub(super) fn is_status(number: i64) -> bool {
    numbers().any(|known| i64::from(known) == number)
}

/// The numbers of the enum. They have no gap, beginning at 0.
fn numbers() -> impl Iterator<Item = i32> {
    (0..).take_while(|&number| WorkflowExecutionStatus::try_from(number).is_ok())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn statuses_have_two_spellings() {
        assert_eq!(status_named("TimedOut"), Some(WorkflowExecutionStatus::TimedOut as i32));
        assert_eq!(status_named("WORKFLOW_EXECUTION_STATUS_CONTINUED_AS_NEW"), Some(6));
        assert_eq!(status_name(4), "Canceled");
        assert_eq!(status_named("running"), None);
        assert!(is_status(0) && !is_status(-1) && !is_status(100));
    }
}
