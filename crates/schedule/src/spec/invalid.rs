//! A spec that cannot be used.

/// Why a spec cannot be used, in Temporal's words (what it says after "Invalid schedule spec: ").
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
#[error("{0}")]
pub struct InvalidSpec(pub(super) String);
