//! `temporal.api.operatorservice.v1.OperatorService`: the table of contents.

mod clusters;
mod delete_namespace;
mod nexus_endpoints;
mod search_attributes;

use klamm_api::operatorservice::v1::{operator_service_server::OperatorService, *};
use klamm_backend::Backend;
use klamm_filters::VisibilityQueries;
use tonic::{Request, Response, Status};

use crate::{call::Call, gateway::Gateway, table::service};

service! {
    impl OperatorService;
    built {
        admin(namespace) add_search_attributes(AddSearchAttributesRequest) -> AddSearchAttributesResponse = search_attributes::handle_add;
        admin(namespace) remove_search_attributes(RemoveSearchAttributesRequest) -> RemoveSearchAttributesResponse = search_attributes::handle_remove;
        read(namespace) list_search_attributes(ListSearchAttributesRequest) -> ListSearchAttributesResponse = search_attributes::handle_list;
        admin(namespace) delete_namespace(DeleteNamespaceRequest) -> DeleteNamespaceResponse = delete_namespace::handle;
        admin(system) list_clusters(ListClustersRequest) -> ListClustersResponse = clusters::handle_list;
        admin(system) list_nexus_endpoints(ListNexusEndpointsRequest) -> ListNexusEndpointsResponse = nexus_endpoints::handle_list;
    }
    not_built {
        admin(system) add_or_update_remote_cluster(AddOrUpdateRemoteClusterRequest) -> AddOrUpdateRemoteClusterResponse = "AddOrUpdateRemoteCluster";
        admin(system) remove_remote_cluster(RemoveRemoteClusterRequest) -> RemoveRemoteClusterResponse = "RemoveRemoteCluster";
        admin(system) get_nexus_endpoint(GetNexusEndpointRequest) -> GetNexusEndpointResponse = "GetNexusEndpoint";
        admin(system) create_nexus_endpoint(CreateNexusEndpointRequest) -> CreateNexusEndpointResponse = "CreateNexusEndpoint";
        admin(system) update_nexus_endpoint(UpdateNexusEndpointRequest) -> UpdateNexusEndpointResponse = "UpdateNexusEndpoint";
        admin(system) delete_nexus_endpoint(DeleteNexusEndpointRequest) -> DeleteNexusEndpointResponse = "DeleteNexusEndpoint";
    }
}
