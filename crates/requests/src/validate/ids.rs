//! Ids, names, identities, request ids.

use crate::{
    fault::{Fault, Result},
    limits::Limits,
    terms::Terms,
};

/// Checks the identity of a caller.
pub fn identity(identity: &str, limits: &Limits) -> Result<()> {
    at_most(identity, limits, "Identity length exceeds limit.")
}

/// Checks the name of a namespace. It may be empty.
pub fn namespace(name: &str, limits: &Limits) -> Result<()> {
    at_most(name, limits, "Namespace length exceeds limit.")
}

/// Checks the workflow id of a start.
pub fn workflow_id(id: &str, limits: &Limits) -> Result<()> {
    if id.is_empty() {
        return Err(Fault::invalid("WorkflowId is not set on request."));
    }
    if id.len() > limits.id_bytes {
        return Err(Fault::invalid(format!("WorkflowId exceeds maximum allowed length ({}/{})", id.len(), limits.id_bytes)));
    }
    Ok(())
}

/// Checks the request id of a start. If it is empty, one is made up, so that a command that the front sends twice takes effect once.
pub fn request_id(id: &mut String, terms: &Terms<'_>) -> Result<()> {
    if id.is_empty() {
        *id = (terms.new_id)();
    }
    at_most(id, terms.limits, "RequestId length exceeds limit.")
}

/// Refuses longer ids than the limit with this message.
pub fn at_most(id: &str, limits: &Limits, message: &str) -> Result<()> {
    if id.len() > limits.id_bytes { Err(Fault::invalid(message)) } else { Ok(()) }
}
