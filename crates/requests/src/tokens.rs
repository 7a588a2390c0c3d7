//! Task tokens and page tokens. Clients cannot read them; inside they are protobuf messages.

use klamm_messages::klamm::v1::{ActivityTaskToken, WorkflowTaskToken};
use klamm_workflow::{
    answer::{StartedActivityTask, StartedWorkflowTask},
    tables::RunKey,
};
use prost::Message;
use serde::{Deserialize, Serialize};

use crate::fault::{Fault, Result};

/// The token of a started workflow task.
pub fn workflow_task(run: &RunKey, task: &StartedWorkflowTask) -> Vec<u8> {
    WorkflowTaskToken {
        namespace: run.namespace.clone(),
        workflow_id: run.workflow_id.clone(),
        run_id: run.run_id.clone(),
        scheduled_event_id: task.scheduled_event_id,
        started_event_id: task.started_event_id,
        attempt: task.attempt,
        stamp: task.stamp,
        query_id: String::new(),
    }
    .encode_to_vec()
}

/// The token of a task that only asks a query.
pub fn query_task(run: &RunKey, query_id: &str) -> Vec<u8> {
    WorkflowTaskToken {
        namespace: run.namespace.clone(),
        workflow_id: run.workflow_id.clone(),
        run_id: run.run_id.clone(),
        query_id: query_id.to_owned(),
        ..WorkflowTaskToken::default()
    }
    .encode_to_vec()
}

/// The token of a started activity task.
pub fn activity_task(run: &RunKey, task: &StartedActivityTask) -> Vec<u8> {
    task.token(run).encode_to_vec()
}

/// Reads a workflow task's token, or a query's.
pub fn decode_workflow_task(token: &[u8]) -> Result<WorkflowTaskToken> {
    let token: WorkflowTaskToken = decode(token)?;
    if token.namespace.is_empty() {
        return Err(Fault::invalid("Namespace not set on request."));
    }
    Ok(token)
}

/// Reads an activity task's token.
pub fn decode_activity_task(token: &[u8]) -> Result<ActivityTaskToken> {
    let token: ActivityTaskToken = decode(token)?;
    if token.namespace.is_empty() {
        return Err(Fault::invalid("Namespace not set on request."));
    }
    Ok(token)
}

fn decode<M: Message + Default>(token: &[u8]) -> Result<M> {
    if token.is_empty() {
        return Err(Fault::invalid("Task token not set on request."));
    }
    M::decode(token).map_err(|_| Fault::invalid("Error deserializing task token."))
}

/// How far a reader of a history has come: the `next_page_token` of the history calls and of polls for workflow tasks.
#[derive(Clone, PartialEq, Message)]
pub struct HistoryPage {
    /// The run that the first call was answered from.
    #[prost(string, tag = "1")]
    pub run_id: String,
    /// Next event to give. For a history read backwards: the event before the last one given.
    #[prost(int64, tag = "2")]
    pub next: i64,
    /// Events from this one on did not exist when the reader began. A reader that waits for new events raises it.
    #[prost(int64, tag = "3")]
    pub end: i64,
    /// Whether the run was open then.
    #[prost(bool, tag = "4")]
    pub running: bool,
}

/// No history gets so long. A token with a higher event id is forged. Lower ids leave room to count on without an overflow.
const EVENT_ID_MAX: i64 = 1 << 40;

impl HistoryPage {
    /// Reads the token of a history that is read forwards. If the caller names a run, the token must belong to it.
    pub fn decode_for(token: &[u8], run_id: &str) -> Result<Self> {
        Self::decode_with(token, run_id, |page| page.next <= page.end && page.end <= EVENT_ID_MAX)
    }

    /// As [`HistoryPage::decode_for`], for a history that is read backwards. Its tokens have no `end`.
    pub fn decode_reverse_for(token: &[u8], run_id: &str) -> Result<Self> {
        Self::decode_with(token, run_id, |page| page.end == 0 && page.next <= EVENT_ID_MAX)
    }

    fn decode_with(token: &[u8], run_id: &str, is_ours: impl Fn(&Self) -> bool) -> Result<Self> {
        let page = Self::decode(token).map_err(|_| Fault::invalid("Invalid NextPageToken."))?;
        if page.next < 1 || !is_ours(&page) || page.run_id.is_empty() {
            return Err(Fault::invalid("Invalid NextPageToken."));
        }
        if !run_id.is_empty() && run_id != page.run_id {
            return Err(Fault::invalid("RunId in the request does not match the NextPageToken."));
        }
        Ok(page)
    }
}

/// How far a reader of the list of workers has come, in the form that Temporal's server gives it.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct WorkersPage {
    /// Instance key of the last worker given.
    #[serde(rename = "l", default)]
    pub after: String,
}

impl WorkersPage {
    /// Reads a token. None stands for the beginning.
    pub fn read(token: &[u8]) -> Result<Self> {
        if token.is_empty() {
            return Ok(Self::default());
        }
        serde_json::from_slice(token).map_err(|_| Fault::invalid("invalid next_page_token"))
    }

    /// The token.
    pub fn written(&self) -> Vec<u8> {
        serde_json::to_vec(self).unwrap_or_default()
    }
}

#[cfg(test)]
#[path = "tokens_tests.rs"]
mod tests;
