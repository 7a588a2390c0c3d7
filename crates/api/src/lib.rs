//! The gRPC services that klamm serves: Temporal's server traits, with clients of them for tests and tools, and klamm's own
//! [`klamm::v1::inspect_server::Inspect`].
//!
//! There is no copy of Temporal's protos: the build script reads the descriptor set that `klamm-messages` announces, and generates only
//! the service code. Nothing here decides or stores anything.

pub mod codec;

/// Server and client of `temporal.api.workflowservice.v1.WorkflowService`.
#[allow(missing_docs, clippy::all)]
pub mod workflowservice {
    /// Version 1.
    pub mod v1 {
        tonic::include_proto!("temporal.api.workflowservice.v1");
        pub use klamm_messages::temporal::workflowservice::v1::*;
    }
}

/// Server and client of `temporal.api.operatorservice.v1.OperatorService`.
#[allow(missing_docs, clippy::all)]
pub mod operatorservice {
    /// Version 1.
    pub mod v1 {
        tonic::include_proto!("temporal.api.operatorservice.v1");
        pub use klamm_messages::temporal::operatorservice::v1::*;
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

/// The HTTP rules of Temporal's services (their `google.api.http` options), one a line: service, call, method, path, and `*` when the body is
/// the request. They stand in the order of the proto files.
pub const HTTP_RULES: &str = include_str!("../http_rules.txt");
