//! gRPC services that klamm serves: Temporal's server traits, over the messages that its SDK's crate has, and klamm's own
//! [`klamm::v1::inspect_server::Inspect`].
//!
//! No copy of Temporal's protos: the build script reads the descriptor set that `temporalio-protos` announces and generates
//! the service code alone. Nothing here decides or stores anything.

/// Server code of `temporal.api.workflowservice.v1.WorkflowService`.
#[allow(missing_docs, clippy::all)]
pub mod workflowservice {
    /// Version 1.
    pub mod v1 {
        tonic::include_proto!("temporal.api.workflowservice.v1");
        pub use temporalio_protos::temporal::api::workflowservice::v1::*;
    }
}

/// Server code of `temporal.api.operatorservice.v1.OperatorService`.
#[allow(missing_docs, clippy::all)]
pub mod operatorservice {
    /// Version 1.
    pub mod v1 {
        tonic::include_proto!("temporal.api.operatorservice.v1");
        pub use temporalio_protos::temporal::api::operatorservice::v1::*;
    }
}

/// klamm's own service; the contract is schemas/proto/klamm/v1/inspect.proto.
#[allow(missing_docs, clippy::all)]
pub mod klamm {
    /// Version 1.
    pub mod v1 {
        tonic::include_proto!("klamm.v1");
    }
}

/// Descriptors of all services here and of the messages that they use (an encoded `FileDescriptorSet`), for server reflection.
pub const FILE_DESCRIPTOR_SET: &[u8] = include_bytes!(concat!(env!("OUT_DIR"), "/api_descriptors.bin"));
