//! `temporal.api.operatorservice.v1.OperatorService`: the table of contents.

mod clusters;
mod nexus_endpoints;
mod search_attributes;

use klamm_api::operatorservice::v1::{operator_service_server::OperatorService, *};
use klamm_processor::Backend;
use tonic::{Request, Response, Status};

use crate::{call::Call, gateway::Gateway, table::service, visibility::VisibilityQueries};

service! {
    impl OperatorService;
    built {
        add_search_attributes(AddSearchAttributesRequest) -> AddSearchAttributesResponse = search_attributes::handle_add;
        remove_search_attributes(RemoveSearchAttributesRequest) -> RemoveSearchAttributesResponse = search_attributes::handle_remove;
        list_search_attributes(ListSearchAttributesRequest) -> ListSearchAttributesResponse = search_attributes::handle_list;
        list_clusters(ListClustersRequest) -> ListClustersResponse = clusters::handle_list;
        list_nexus_endpoints(ListNexusEndpointsRequest) -> ListNexusEndpointsResponse = nexus_endpoints::handle_list;
    }
    not_built {
        delete_namespace(DeleteNamespaceRequest) -> DeleteNamespaceResponse = "DeleteNamespace";
        add_or_update_remote_cluster(AddOrUpdateRemoteClusterRequest) -> AddOrUpdateRemoteClusterResponse = "AddOrUpdateRemoteCluster";
        remove_remote_cluster(RemoveRemoteClusterRequest) -> RemoveRemoteClusterResponse = "RemoveRemoteCluster";
        get_nexus_endpoint(GetNexusEndpointRequest) -> GetNexusEndpointResponse = "GetNexusEndpoint";
        create_nexus_endpoint(CreateNexusEndpointRequest) -> CreateNexusEndpointResponse = "CreateNexusEndpoint";
        update_nexus_endpoint(UpdateNexusEndpointRequest) -> UpdateNexusEndpointResponse = "UpdateNexusEndpoint";
        delete_nexus_endpoint(DeleteNexusEndpointRequest) -> DeleteNexusEndpointResponse = "DeleteNexusEndpoint";
    }
}
