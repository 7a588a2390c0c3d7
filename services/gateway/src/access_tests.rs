//! Compares the needs of calls with the descriptors, and with the table of Temporal's server (common/api/metadata.go of 1.32.0).

use klamm_requests::access::{Access, Scope};
use prost_reflect::{DescriptorPool, Kind, MethodDescriptor};

use super::*;

const WORKFLOW_SERVICE: &str = "temporal.api.workflowservice.v1.WorkflowService";
const OPERATOR_SERVICE: &str = "temporal.api.operatorservice.v1.OperatorService";

/// ScopeNamespace, AccessReadOnly.
const READ_IN_NAMESPACE: &[&str] = &[
    "CountActivityExecutions",
    "CountNexusOperationExecutions",
    "CountSchedules",
    "CountWorkers",
    "CountWorkflowExecutions",
    "DescribeActivityExecution",
    "DescribeBatchOperation",
    "DescribeDeployment",
    "DescribeNamespace",
    "DescribeNexusOperationExecution",
    "DescribeSchedule",
    "DescribeTaskQueue",
    "DescribeWorker",
    "DescribeWorkerDeployment",
    "DescribeWorkerDeploymentVersion",
    "DescribeWorkflowExecution",
    "DescribeWorkflowRule",
    "FetchWorkerConfig",
    "GetCurrentDeployment",
    "GetDeploymentReachability",
    "GetWorkerBuildIdCompatibility",
    "GetWorkerTaskReachability",
    "GetWorkerVersioningRules",
    "GetWorkflowExecutionHistory",
    "GetWorkflowExecutionHistoryReverse",
    "ListActivityExecutions",
    "ListArchivedWorkflowExecutions",
    "ListBatchOperations",
    "ListClosedWorkflowExecutions",
    "ListDeployments",
    "ListNexusOperationExecutions",
    "ListOpenWorkflowExecutions",
    "ListScheduleMatchingTimes",
    "ListSchedules",
    "ListTaskQueuePartitions",
    "ListWorkerDeployments",
    "ListWorkers",
    "ListWorkflowExecutions",
    "ListWorkflowRules",
    "PollActivityExecution",
    "PollNexusOperationExecution",
    "PollWorkflowExecutionTimeSkipping",
    "PollWorkflowExecutionUpdate",
    "QueryWorkflow",
    "ScanWorkflowExecutions",
    "ValidateWorkerDeploymentVersionComputeConfig",
];

/// ScopeNamespace, AccessWrite.
const WRITE_IN_NAMESPACE: &[&str] = &[
    "CreateSchedule",
    "CreateWorkerDeployment",
    "CreateWorkerDeploymentVersion",
    "CreateWorkflowRule",
    "DeleteActivityExecution",
    "DeleteNexusOperationExecution",
    "DeleteSchedule",
    "DeleteWorkerDeployment",
    "DeleteWorkerDeploymentVersion",
    "DeleteWorkflowExecution",
    "DeleteWorkflowRule",
    "ExecuteMultiOperation",
    "PatchSchedule",
    "PauseActivity",
    "PauseActivityExecution",
    "PauseWorkflowExecution",
    "PollActivityTaskQueue",
    "PollNexusTaskQueue",
    "PollWorkflowTaskQueue",
    "RecordActivityTaskHeartbeat",
    "RecordActivityTaskHeartbeatById",
    "RecordWorkerHeartbeat",
    "RequestCancelActivityExecution",
    "RequestCancelNexusOperationExecution",
    "RequestCancelWorkflowExecution",
    "ResetActivity",
    "ResetActivityExecution",
    "ResetStickyTaskQueue",
    "ResetWorkflowExecution",
    "RespondActivityTaskCanceled",
    "RespondActivityTaskCanceledById",
    "RespondActivityTaskCompleted",
    "RespondActivityTaskCompletedById",
    "RespondActivityTaskFailed",
    "RespondActivityTaskFailedById",
    "RespondNexusTaskCompleted",
    "RespondNexusTaskFailed",
    "RespondQueryTaskCompleted",
    "RespondWorkflowTaskCompleted",
    "RespondWorkflowTaskFailed",
    "SetCurrentDeployment",
    "SetWorkerDeploymentCurrentVersion",
    "SetWorkerDeploymentManager",
    "SetWorkerDeploymentRampingVersion",
    "ShutdownWorker",
    "SignalWithStartWorkflowExecution",
    "SignalWorkflowExecution",
    "StartActivityExecution",
    "StartBatchOperation",
    "StartNexusOperationExecution",
    "StartWorkflowExecution",
    "StopBatchOperation",
    "TerminateActivityExecution",
    "TerminateNexusOperationExecution",
    "TerminateWorkflowExecution",
    "TriggerWorkflowRule",
    "UnpauseActivity",
    "UnpauseActivityExecution",
    "UnpauseWorkflowExecution",
    "UpdateActivityExecutionOptions",
    "UpdateActivityOptions",
    "UpdateSchedule",
    "UpdateTaskQueueConfig",
    "UpdateWorkerBuildIdCompatibility",
    "UpdateWorkerConfig",
    "UpdateWorkerDeploymentVersionComputeConfig",
    "UpdateWorkerDeploymentVersionMetadata",
    "UpdateWorkerVersioningRules",
    "UpdateWorkflowExecution",
    "UpdateWorkflowExecutionOptions",
];

/// ScopeNamespace, AccessAdmin.
const ADMIN_IN_NAMESPACE: &[&str] = &["DeprecateNamespace", "RegisterNamespace", "UpdateNamespace"];

/// ScopeCluster, AccessReadOnly.
const READ_IN_CLUSTER: &[&str] = &["GetClusterInfo", "GetSearchAttributes", "GetSystemInfo", "ListNamespaces"];

/// ScopeNamespace, AccessReadOnly, of the OperatorService.
const OPERATOR_READ_IN_NAMESPACE: &[&str] = &["ListSearchAttributes"];

/// ScopeNamespace, AccessAdmin, of the OperatorService.
const OPERATOR_ADMIN_IN_NAMESPACE: &[&str] = &["AddSearchAttributes", "DeleteNamespace", "RemoveSearchAttributes"];

/// ScopeCluster, AccessAdmin, of the OperatorService.
const OPERATOR_ADMIN_IN_CLUSTER: &[&str] = &[
    "AddOrUpdateRemoteCluster",
    "CreateNexusEndpoint",
    "DeleteNexusEndpoint",
    "GetNexusEndpoint",
    "ListClusters",
    "ListNexusEndpoints",
    "RemoveRemoteCluster",
    "UpdateNexusEndpoint",
];

/// Temporal's authorizer lets everybody make these calls (common/authorization, healthCheckAPI), whatever its table says.
const OPEN: &[&str] = &["GetSystemInfo"];

/// All methods of both services, by the descriptors.
fn methods() -> Vec<MethodDescriptor> {
    let pool = DescriptorPool::decode(klamm_api::FILE_DESCRIPTOR_SET).unwrap();
    let services = [WORKFLOW_SERVICE, OPERATOR_SERVICE].map(|name| pool.get_service_by_name(name).unwrap());
    services.iter().flat_map(|service| service.methods().collect::<Vec<_>>()).collect()
}

fn path(method: &MethodDescriptor) -> String {
    format!("/{}/{}", method.parent_service().full_name(), method.name())
}

#[test]
fn every_method_of_the_api_needs_something_and_nothing_else_does() {
    let methods = methods();
    for method in &methods {
        assert!(needs(&path(method)).is_some(), "{}", path(method));
    }
    assert_eq!(methods.len(), workflow_service::CALLS.len() + operator_service::CALLS.len());
    for path in ["", "/", "StartWorkflowExecution", "/klamm.v1.Inspect/Status", &format!("/{WORKFLOW_SERVICE}/Start")] {
        assert_eq!(needs(path), None, "{path:?}");
    }
}

/// Temporal's own test of its table checks the same (common/api/metadata_test.go).
#[test]
fn only_requests_that_name_a_namespace_are_about_one() {
    for method in methods() {
        let field = method.input().get_field_by_name("namespace");
        let names_one = field.is_some_and(|field| field.kind() == Kind::String && !field.is_list());
        let scope = needs(&path(&method)).map(|needs| needs.scope);
        assert_eq!(scope == Some(Scope::Namespace), names_one, "{}: {scope:?}", path(&method));
    }
}

#[test]
fn access_and_scope_are_temporals() {
    let rows = [
        (WORKFLOW_SERVICE, READ_IN_NAMESPACE, Access::Read, Scope::Namespace),
        (WORKFLOW_SERVICE, WRITE_IN_NAMESPACE, Access::Write, Scope::Namespace),
        (WORKFLOW_SERVICE, ADMIN_IN_NAMESPACE, Access::Admin, Scope::Namespace),
        (WORKFLOW_SERVICE, READ_IN_CLUSTER, Access::Read, Scope::System),
        (OPERATOR_SERVICE, OPERATOR_READ_IN_NAMESPACE, Access::Read, Scope::Namespace),
        (OPERATOR_SERVICE, OPERATOR_ADMIN_IN_NAMESPACE, Access::Admin, Scope::Namespace),
        (OPERATOR_SERVICE, OPERATOR_ADMIN_IN_CLUSTER, Access::Admin, Scope::System),
    ];
    let mut known = 0;
    for (service, calls, access, scope) in rows {
        for call in calls {
            let scope = if OPEN.contains(call) { Scope::None } else { scope };
            assert_eq!(needs(&format!("/{service}/{call}")), Some(Needs { access, scope }), "{call}");
            known += 1;
        }
    }
    assert_eq!(known, methods().len());
}
