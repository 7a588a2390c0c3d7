//! Reuse and conflict policies of workflow ids (Temporal: common/enums/defaults.go, chasm/lib/workflow/validator.go).

use klamm_messages::temporal::enums::v1::{WorkflowIdConflictPolicy as Conflict, WorkflowIdReusePolicy as Reuse};

use crate::fault::{Fault, Result};

/// Fills both policies. The deprecated TERMINATE_IF_RUNNING becomes the conflict policy TERMINATE_EXISTING if no other one is given.
#[allow(deprecated)]
pub fn fill(reuse: &mut i32, conflict: &mut i32, default_conflict: Conflict) {
    if known_conflict(*conflict) == Conflict::Unspecified {
        if known_reuse(*reuse) == Reuse::TerminateIfRunning {
            *conflict = Conflict::TerminateExisting as i32;
            *reuse = Reuse::AllowDuplicate as i32;
        } else {
            *conflict = default_conflict as i32;
        }
    }
    if known_reuse(*reuse) == Reuse::Unspecified {
        *reuse = Reuse::AllowDuplicate as i32;
    }
}

/// Refuses pairs that contradict each other.
#[allow(deprecated)]
pub fn check(reuse: i32, conflict: i32) -> Result<()> {
    let (reuse, conflict) = (known_reuse(reuse), known_conflict(conflict));
    if conflict != Conflict::Unspecified && reuse == Reuse::TerminateIfRunning {
        return Err(Fault::invalid(
            "Invalid WorkflowIDReusePolicy: WORKFLOW_ID_REUSE_POLICY_TERMINATE_IF_RUNNING cannot be used together with a WorkflowIDConflictPolicy",
        ));
    }
    if conflict == Conflict::TerminateExisting && reuse == Reuse::RejectDuplicate {
        return Err(Fault::invalid(
            "Invalid WorkflowIDReusePolicy: WORKFLOW_ID_REUSE_POLICY_REJECT_DUPLICATE cannot be used together with WorkflowIdConflictPolicy WORKFLOW_ID_CONFLICT_POLICY_TERMINATE_EXISTING",
        ));
    }
    Ok(())
}

fn known_reuse(number: i32) -> Reuse {
    Reuse::try_from(number).unwrap_or(Reuse::Unspecified)
}

fn known_conflict(number: i32) -> Conflict {
    Conflict::try_from(number).unwrap_or(Conflict::Unspecified)
}
