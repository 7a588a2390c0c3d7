//! DeleteNamespace: the namespace is renamed at once, and what is in it goes afterwards.

use klamm_backend::Backend;
use klamm_cluster::Answer;
use klamm_filters::VisibilityQueries;
use klamm_messages::temporal::operatorservice::v1::{DeleteNamespaceRequest, DeleteNamespaceResponse};
use klamm_requests::{Result, calls};

use crate::{
    call::Call,
    gateway::{Gateway, unexpected_answer},
};

pub(super) async fn handle<B: Backend, V: VisibilityQueries>(
    gateway: &Gateway<B, V>,
    call: Call,
    request: DeleteNamespaceRequest,
) -> Result<DeleteNamespaceResponse> {
    let config = &gateway.config;
    let command = calls::namespaces::delete(request, &gateway.backend.namespaces(), &config.protected_namespaces, &config.limits)?;
    match gateway.submit_cluster(&call, command).await? {
        Answer::Namespace(namespace) => Ok(DeleteNamespaceResponse { deleted_namespace: namespace.name }),
        Answer::Empty | Answer::TaskQueueConfig(_) => Err(unexpected_answer()),
    }
}
