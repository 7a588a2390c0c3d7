//! What a gateway asks of the visibility index.

use std::future::Future;

use klamm_messages::klamm::v1::{NamespaceState, VisibilityDocument};

use klamm_visibility::Scope;

use crate::errors::Result;

/// A page of runs.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Runs {
    /// Their documents, in the index's order: open ones first, newest first.
    pub documents: Vec<VisibilityDocument>,
    /// Token of the next page; empty at the end.
    pub next_page_token: Vec<u8>,
}

/// How many runs.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Count {
    /// In all.
    pub count: i64,
    /// By status as filters spell it ("Running"), where the query asks for groups.
    pub groups: Vec<(String, i64)>,
}

/// Queries over runs and schedules, by Temporal's filter text (reference, section D). A query that cannot be is InvalidArgument with the prefix "invalid query: ".
pub trait VisibilityQueries: Send + Sync + 'static {
    /// Documents of `scope` that match, at most `page_size`.
    fn list(
        &self,
        scope: Scope,
        namespace: &NamespaceState,
        query: &str,
        page_size: usize,
        next_page_token: &[u8],
    ) -> impl Future<Output = Result<Runs>> + Send;

    /// How many match, by groups where the query says GROUP BY.
    fn count(&self, scope: Scope, namespace: &NamespaceState, query: &str) -> impl Future<Output = Result<Count>> + Send;
}
