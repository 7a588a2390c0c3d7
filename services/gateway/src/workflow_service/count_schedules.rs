//! CountSchedules: how many schedules the index has.

use klamm_messages::temporal::workflowservice::v1::{CountSchedulesRequest, CountSchedulesResponse};
use klamm_processor::Backend;
use klamm_visibility::Scope;

use crate::{call::Call, errors::Result, gateway::Gateway, visibility::VisibilityQueries};

/// Without groups: a filter of schedules cannot name their status, nor group by it.
pub(super) async fn handle<B: Backend, V: VisibilityQueries>(
    gateway: &Gateway<B, V>,
    _call: Call,
    request: CountSchedulesRequest,
) -> Result<CountSchedulesResponse> {
    let namespaces = gateway.backend.namespaces();
    let namespace = gateway.namespace(&namespaces, &request.namespace)?;
    let counted = gateway.visibility.count(Scope::Schedules, namespace, &request.query).await?;
    Ok(CountSchedulesResponse { count: counted.count, groups: Vec::new() })
}
