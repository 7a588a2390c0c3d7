//! What the endpoints answer from.

use std::sync::Arc;

use crate::Subjects;

/// What the endpoints answer from.
#[derive(Debug)]
pub(super) struct Served {
    pub(super) subjects: Subjects,
    /// The registry that klamm's records name, if it is another.
    pub(super) elsewhere: Option<String>,
}

/// As the endpoints take it.
pub(super) type State = axum::extract::State<Arc<Served>>;
