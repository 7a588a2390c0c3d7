//! Lists and counts of what does not exist yet: they are empty. Temporal's web UI asks for them when its pages are opened, and shows a page
//! whose list is empty, but not one whose list is refused. Calls that would make, read or change such things answer Unimplemented.

use klamm_backend::Backend;
use klamm_filters::VisibilityQueries;
use klamm_messages::temporal::workflowservice::v1::{
    CountActivityExecutionsRequest, CountNexusOperationExecutionsRequest, ListActivityExecutionsRequest,
    ListNexusOperationExecutionsRequest, ListWorkerDeploymentsRequest, ListWorkflowRulesRequest,
};
use klamm_requests::Result;

use crate::{call::Call, gateway::Gateway};

/// A request about a namespace.
pub(super) trait InNamespace {
    /// The namespace's name.
    fn namespace(&self) -> &str;
}

macro_rules! in_namespace {
    ($($request:ty),*) => {
        $(impl InNamespace for $request {
            fn namespace(&self) -> &str {
                &self.namespace
            }
        })*
    };
}

in_namespace!(
    CountActivityExecutionsRequest,
    CountNexusOperationExecutionsRequest,
    ListActivityExecutionsRequest,
    ListNexusOperationExecutionsRequest,
    ListWorkerDeploymentsRequest,
    ListWorkflowRulesRequest
);

/// Answers nothing, if the namespace exists.
pub(super) async fn handle<B: Backend, V: VisibilityQueries, A: Default>(
    gateway: &Gateway<B, V>,
    _call: Call,
    request: impl InNamespace,
) -> Result<A> {
    let namespaces = gateway.backend.namespaces();
    gateway.namespace(&namespaces, request.namespace())?;
    Ok(A::default())
}
