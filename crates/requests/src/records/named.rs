//! Whom a request is about.

use klamm_messages::temporal::common::v1::Header;

/// Whom a request is about, and who asks.
#[derive(Debug, Clone)]
pub(super) struct Named {
    pub(super) namespace: String,
    pub(super) workflow_id: String,
    pub(super) run_id: String,
    pub(super) request_id: String,
    pub(super) identity: String,
    pub(super) header: Option<Header>,
}
