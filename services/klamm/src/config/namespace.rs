//! `[namespaces.NAME]`: what is set for single namespaces.

use klamm_gateway::Limits;
use serde::{Deserialize, Serialize};

/// `[namespaces.NAME]`
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Namespace {
    /// Limits. Those that the section does not name are those of `[limits]`.
    pub limits: Limits,
}
