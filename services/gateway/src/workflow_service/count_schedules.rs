//! CountSchedules: how many schedules the index has.

use klamm_backend::Backend;
use klamm_filters::{Scope, VisibilityQueries};
use klamm_messages::temporal::workflowservice::v1::{CountSchedulesRequest, CountSchedulesResponse};
use klamm_requests::Result;

use crate::{call::Call, gateway::Gateway};

/// The answer has no groups: a filter of schedules can neither name a status nor group by it.
pub(super) async fn handle<B: Backend, V: VisibilityQueries>(
    gateway: &Gateway<B, V>,
    _call: Call,
    request: CountSchedulesRequest,
) -> Result<CountSchedulesResponse> {
    let namespaces = gateway.backend.namespaces();
    let namespace = gateway.namespace(&namespaces, &request.namespace)?;
    let counted = gateway.visibility.count(Scope::Schedules, namespace, &request.query).await?;
    Ok(CountSchedulesResponse { count: counted.total, groups: Vec::new() })
}
