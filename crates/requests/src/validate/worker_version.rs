//! Checks what a worker says about its version (Temporal: workflow_handler.go validateVersioningInfo).

use klamm_messages::temporal::{
    common::v1::{WorkerVersionCapabilities, WorkerVersionStamp},
    deployment::v1::WorkerDeploymentOptions,
    enums::v1::{TaskQueueKind, WorkerVersioningMode},
    taskqueue::v1::TaskQueue,
};

use crate::{
    fault::{Fault, Result},
    limits::Limits,
};

/// Checks the versioning fields of a request: build id and use_versioning (of any message that has them), deployment options, and the
/// queue.
pub fn check(
    build_id: &str,
    use_versioning: bool,
    deployment: Option<&WorkerDeploymentOptions>,
    queue: Option<&TaskQueue>,
    limits: &Limits,
) -> Result<()> {
    if use_versioning {
        return Err(Fault::PermissionDenied("Worker versioning in workflow progress APIs is disabled on this namespace.".to_owned()));
    }
    if queue.is_some_and(|queue| queue.kind == TaskQueueKind::Sticky as i32 && queue.normal_name.is_empty()) && deployment.is_some() {
        return Err(Fault::invalid("NormalName must be set on sticky queue when UseVersioning is true or DeploymentOptions are set."));
    }
    if build_id.len() > limits.build_id_bytes {
        return Err(Fault::invalid("Build ID exceeds configured limit.workerBuildIdSize, use a shorter build ID."));
    }
    let Some(deployment) = deployment else {
        return Ok(());
    };
    if deployment.worker_versioning_mode == WorkerVersioningMode::Versioned as i32 {
        if deployment.deployment_name.is_empty() || deployment.build_id.is_empty() {
            return Err(Fault::invalid("Deployment name and build id must be set together."));
        }
        return Err(Fault::not_built("Worker deployment versioning (deployment_options in mode VERSIONED)"));
    }
    Ok(())
}

/// The stamp for events that a poller's capabilities give.
pub fn stamp(capabilities: Option<WorkerVersionCapabilities>) -> Option<WorkerVersionStamp> {
    capabilities
        .filter(|capabilities| !capabilities.build_id.is_empty())
        .map(|capabilities| WorkerVersionStamp { build_id: capabilities.build_id, use_versioning: capabilities.use_versioning })
}
