//! Live updates: a run's history as it grows, and the number of runs that a filter finds.

use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use axum::{
    extract::{Path, State},
    response::Response,
};
use bytes::Bytes;
use klamm_api::workflowservice::v1::{
    CountWorkflowExecutionsRequest, GetWorkflowExecutionHistoryRequest, workflow_service_client::WorkflowServiceClient,
};
use klamm_messages::temporal::{common::v1::WorkflowExecution, history::v1::HistoryEvent};
use klamm_rest::Form;
use prost::Message;
use prost_reflect::DynamicMessage;
use tonic::{Code, Status};

use super::{
    asked::Asked,
    handling::{Klamm, Refused, from},
    stream,
};
use crate::http::described::descriptors;

/// How often a number is looked at.
const COUNT_INTERVAL: Duration = Duration::from_secs(1);
/// A look that took long is followed by a pause so many times as long: counting a million runs must not be all that a core does.
const PAUSES_PER_LOOK: u32 = 9;
/// Pause before a call is made again that nobody could answer.
const PAUSE: Duration = Duration::from_secs(1);
/// Events of a page.
const PAGE: i32 = 1000;

/// `namespaces/{namespace}/workflows/{workflow}/history/live`
pub async fn history(
    State(klamm): State<Arc<Klamm>>,
    Path((namespace, workflow_id)): Path<(String, String)>,
    asked: Asked,
) -> Result<Response, Refused> {
    let form = asked.form();
    let after: Option<i64> = asked.number("after")?;
    // A browser that comes back says which event it had last.
    let mut last = asked.last_event.as_deref().and_then(|id| id.parse().ok()).or(after).unwrap_or_default();
    let mut request = GetWorkflowExecutionHistoryRequest {
        namespace,
        execution: Some(WorkflowExecution { workflow_id, run_id: asked.text("runId")?.unwrap_or_default().to_owned() }),
        maximum_page_size: PAGE,
        wait_new_event: true,
        ..GetWorkflowExecutionHistoryRequest::default()
    };
    let mut client = WorkflowServiceClient::new(klamm.calls.clone());
    // There are always events, so this does not wait. What is wrong with the request is an answer, not an event.
    let mut page = client.get_workflow_execution_history(call(&asked, request.clone())).await?.into_inner();
    stream::answer(&klamm, move |sender| async move {
        loop {
            for event in page.history.iter().flat_map(|history| &history.events).filter(|event| event.event_id > last) {
                match shown(event, form) {
                    Ok(json) => sender.send("event", Some(event.event_id.to_string()), json).await?,
                    Err(error) => return sender.fail(&error).await,
                }
            }
            let newest = page.history.iter().flat_map(|history| &history.events).map(|event| event.event_id).max();
            last = last.max(newest.unwrap_or_default());
            if page.next_page_token.is_empty() {
                return sender.send("end", None, "{}".to_owned()).await;
            }
            request.next_page_token = std::mem::take(&mut page.next_page_token);
            page = loop {
                match client.get_workflow_execution_history(call(&asked, request.clone())).await {
                    Ok(page) => break page.into_inner(),
                    Err(error) if error.code() == Code::Unavailable => {
                        tokio::time::sleep(PAUSE).await;
                        // Whoever answers next begins anew, and what was sent is passed over.
                        request.next_page_token = Bytes::new();
                    }
                    Err(error) => return sender.fail(&error).await,
                }
            };
        }
    })
}

/// `namespaces/{namespace}/workflow-count/live`
pub async fn count(State(klamm): State<Arc<Klamm>>, Path(namespace): Path<String>, asked: Asked) -> Result<Response, Refused> {
    let form = asked.form();
    let request = CountWorkflowExecutionsRequest { namespace, query: asked.text("query")?.unwrap_or_default().to_owned() };
    let mut client = WorkflowServiceClient::new(klamm.calls.clone());
    let mut counted = client.count_workflow_executions(call(&asked, request.clone())).await?.into_inner();
    stream::answer(&klamm, move |sender| async move {
        let (mut told, mut pause) = (String::new(), COUNT_INTERVAL);
        loop {
            let json = message(&counted, "temporal.api.workflowservice.v1.CountWorkflowExecutionsResponse", form);
            match json {
                Ok(json) if json != told => {
                    sender.send("count", None, json.clone()).await?;
                    told = json;
                }
                Ok(_) => {}
                Err(error) => return sender.fail(&error).await,
            }
            tokio::time::sleep(pause).await;
            let began = Instant::now();
            match client.count_workflow_executions(call(&asked, request.clone())).await {
                Ok(answer) => counted = answer.into_inner(),
                Err(error) if error.code() == Code::Unavailable => {}
                Err(error) => return sender.fail(&error).await,
            }
            pause = COUNT_INTERVAL.max(began.elapsed() * PAUSES_PER_LOOK);
        }
    })
}

/// A call's request. The client's name says that people look: they get stored events only.
fn call<T>(asked: &Asked, message: T) -> tonic::Request<T> {
    let mut request = from(asked.peer, message);
    let metadata = request.metadata_mut();
    metadata.insert("client-name", tonic::metadata::MetadataValue::from_static("temporal-ui"));
    metadata.insert("client-version", tonic::metadata::MetadataValue::from_static("2.54.0"));
    request
}

fn shown(event: &HistoryEvent, form: Form) -> Result<String, Status> {
    message(event, "temporal.api.history.v1.HistoryEvent", form)
}

fn message(message: &impl Message, name: &str, form: Form) -> Result<String, Status> {
    let descriptor = descriptors().get_message_by_name(name).ok_or_else(|| Status::internal(format!("no descriptor of {name}")))?;
    let message =
        DynamicMessage::decode(descriptor, message.encode_to_vec().as_slice()).map_err(|error| Status::internal(error.to_string()))?;
    klamm_rest::encode(&message, form).map_err(|error| Status::unknown(error.to_string()))
}
