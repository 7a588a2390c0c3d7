//! ListNexusEndpoints: none can be created yet, so that the list is empty (the web UI asks for it on every page).

use klamm_messages::temporal::operatorservice::v1::{ListNexusEndpointsRequest, ListNexusEndpointsResponse};
use klamm_processor::Backend;

use crate::{call::Call, errors::Result, gateway::Gateway, visibility::VisibilityQueries};

pub(super) async fn handle_list<B: Backend, V: VisibilityQueries>(
    _gateway: &Gateway<B, V>,
    _call: Call,
    _request: ListNexusEndpointsRequest,
) -> Result<ListNexusEndpointsResponse> {
    Ok(ListNexusEndpointsResponse::default())
}
