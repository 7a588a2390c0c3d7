//! What Temporal's HTTP API has no paths for, although its gRPC API has the calls: search attributes, and deleting of namespaces and runs.
//!
//! Each handler makes the call of the same name, so permissions, checks and errors are the call's.

use std::sync::Arc;

use axum::{
    Json,
    extract::{Path, State},
    http::HeaderMap,
};
use bytes::Bytes;
use klamm_api::{
    operatorservice::v1::{
        AddSearchAttributesRequest, DeleteNamespaceRequest, RemoveSearchAttributesRequest, operator_service_client::OperatorServiceClient,
    },
    workflowservice::v1::{DeleteWorkflowExecutionRequest, workflow_service_client::WorkflowServiceClient},
};
use klamm_messages::temporal::common::v1::WorkflowExecution;
use serde_json::json;

use super::{
    asked::Asked,
    body,
    handling::{Answered, Klamm, from},
};

/// `POST namespaces/{namespace}/search-attributes`: the body is AddSearchAttributesRequest.
pub async fn add_search_attributes(
    State(klamm): State<Arc<Klamm>>,
    Path(namespace): Path<String>,
    asked: Asked,
    headers: HeaderMap,
    content: Bytes,
) -> Answered {
    let given: AddSearchAttributesRequest =
        body::message(&headers, &content, "temporal.api.operatorservice.v1.AddSearchAttributesRequest")?;
    let request = AddSearchAttributesRequest { namespace, ..given };
    OperatorServiceClient::new(klamm.calls.clone()).add_search_attributes(from(asked.peer, request)).await?;
    Ok(Json(json!({})))
}

/// `DELETE namespaces/{namespace}/search-attributes/{name}`
pub async fn remove_search_attribute(
    State(klamm): State<Arc<Klamm>>,
    Path((namespace, name)): Path<(String, String)>,
    asked: Asked,
) -> Answered {
    let request = RemoveSearchAttributesRequest { namespace, search_attributes: vec![name] };
    OperatorServiceClient::new(klamm.calls.clone()).remove_search_attributes(from(asked.peer, request)).await?;
    Ok(Json(json!({})))
}

/// `DELETE namespaces/{namespace}`
pub async fn delete_namespace(State(klamm): State<Arc<Klamm>>, Path(namespace): Path<String>, asked: Asked) -> Answered {
    let request = DeleteNamespaceRequest { namespace, ..DeleteNamespaceRequest::default() };
    let answer = OperatorServiceClient::new(klamm.calls.clone()).delete_namespace(from(asked.peer, request)).await?;
    Ok(Json(json!({ "deletedNamespace": answer.into_inner().deleted_namespace })))
}

/// `DELETE namespaces/{namespace}/workflows/{workflow}`
pub async fn delete_workflow(
    State(klamm): State<Arc<Klamm>>,
    Path((namespace, workflow_id)): Path<(String, String)>,
    asked: Asked,
) -> Answered {
    let run_id = asked.text("runId")?.unwrap_or_default().to_owned();
    let request = DeleteWorkflowExecutionRequest { namespace, workflow_execution: Some(WorkflowExecution { workflow_id, run_id }) };
    WorkflowServiceClient::new(klamm.calls.clone()).delete_workflow_execution(from(asked.peer, request)).await?;
    Ok(Json(json!({})))
}
