//! The one place where a refusal becomes a gRPC status.

use bytes::Bytes;
use klamm_messages::rpc;
use klamm_requests::{Fault, fault::Told};
use prost::Message;
use tonic::{Code, Status, metadata::MetadataValue};

/// The status with the refusal's code, message and detail. When something is exhausted, it also has Temporal's headers.
pub(crate) fn of(fault: Fault) -> Status {
    let exhausted = fault.exhausted();
    let Told { code, message, detail } = fault.told();
    let code = Code::from_i32(code as i32);
    let Some(detail) = detail else {
        return Status::new(code, message);
    };
    let status = rpc::Status { code: code as i32, message: message.clone(), details: vec![detail] };
    let mut status = Status::with_details(code, message, Bytes::from(status.encode_to_vec()));
    if let Some(exhausted) = exhausted {
        let headers = status.metadata_mut();
        headers.insert("x-resource-exhausted-cause", MetadataValue::from_static(exhausted.cause));
        headers.insert("x-resource-exhausted-scope", MetadataValue::from_static(exhausted.scope));
    }
    status
}

#[cfg(test)]
#[path = "status_tests.rs"]
mod tests;
