//! ListNexusEndpoints: the list is empty, since no endpoint can be created yet. (The web UI asks for it on every page.)

use klamm_backend::Backend;
use klamm_filters::VisibilityQueries;
use klamm_messages::temporal::operatorservice::v1::{ListNexusEndpointsRequest, ListNexusEndpointsResponse};
use klamm_requests::Result;

use crate::{call::Call, gateway::Gateway};

pub(super) async fn handle_list<B: Backend, V: VisibilityQueries>(
    _gateway: &Gateway<B, V>,
    _call: Call,
    _request: ListNexusEndpointsRequest,
) -> Result<ListNexusEndpointsResponse> {
    Ok(ListNexusEndpointsResponse::default())
}
