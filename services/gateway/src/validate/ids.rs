//! Ids, names, identities, request ids.

use uuid::Uuid;

use crate::{
    config::Limits,
    errors::{Fault, Result},
};

/// The identity of a caller.
pub fn identity(identity: &str, limits: &Limits) -> Result<()> {
    at_most(identity, limits, "Identity length exceeds limit.")
}

/// The name of a namespace; may be empty.
pub fn namespace(name: &str, limits: &Limits) -> Result<()> {
    at_most(name, limits, "Namespace length exceeds limit.")
}

/// The workflow id of a start.
pub fn workflow_id(id: &str, limits: &Limits) -> Result<()> {
    if id.is_empty() {
        return Err(Fault::invalid("WorkflowId is not set on request."));
    }
    if id.len() > limits.id_bytes {
        return Err(Fault::invalid(format!("WorkflowId exceeds maximum allowed length ({}/{})", id.len(), limits.id_bytes)));
    }
    Ok(())
}

/// The request id of a start: filled when empty, so that the gateway's own re-sends take effect once.
pub fn request_id(id: &mut String, limits: &Limits) -> Result<()> {
    if id.is_empty() {
        *id = Uuid::new_v4().to_string();
    }
    at_most(id, limits, "RequestId length exceeds limit.")
}

/// Refuses longer ids than the limit with this message.
pub fn at_most(id: &str, limits: &Limits, message: &str) -> Result<()> {
    if id.len() > limits.id_bytes { Err(Fault::invalid(message)) } else { Ok(()) }
}
