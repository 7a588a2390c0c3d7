//! UpdateTaskQueueConfig: rate limits and weights of a task queue.

use klamm_backend::Backend;
use klamm_cluster::Answer;
use klamm_filters::VisibilityQueries;
use klamm_messages::temporal::workflowservice::v1::{UpdateTaskQueueConfigRequest, UpdateTaskQueueConfigResponse};
use klamm_requests::{Result, calls};

use crate::{
    call::Call,
    gateway::{Gateway, unexpected_answer},
};

pub(super) async fn handle<B: Backend, V: VisibilityQueries>(
    gateway: &Gateway<B, V>,
    call: Call,
    request: UpdateTaskQueueConfigRequest,
) -> Result<UpdateTaskQueueConfigResponse> {
    let namespaces = gateway.backend.namespaces();
    let namespace = gateway.namespace(&namespaces, &request.namespace)?;
    let command = calls::task_queue_config::command(request, gateway.limits_of(&namespace.name))?;
    match gateway.submit_cluster(&call, command).await? {
        Answer::TaskQueueConfig(config) => Ok(UpdateTaskQueueConfigResponse { config: Some(*config) }),
        Answer::Empty | Answer::Namespace(_) => Err(unexpected_answer()),
    }
}
