//! What an index is asked, and what it answers. The visibility service is one; tests have a fake one.

use std::future::Future;

use klamm_messages::klamm::v1::{NamespaceState, VisibilityDocument};

use crate::Scope;

/// A page of documents.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Page {
    /// The documents in the index's order: those of open runs first, newest first.
    pub documents: Vec<VisibilityDocument>,
    /// Token of the next page; empty: this is the last.
    pub next_page_token: Vec<u8>,
}

/// How many runs fit.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Count {
    /// All of them.
    pub total: i64,
    /// By status, in the order of the enum; empty without GROUP BY.
    pub groups: Vec<Group>,
}

/// Runs of one status.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Group {
    /// The status as filters spell it ("Running").
    pub value: String,
    /// How many.
    pub count: i64,
}

/// Why an index did not answer, by what the caller does next.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Error {
    /// The filter or the page token is wrong; the text is Temporal's.
    #[error("{0}")]
    Invalid(String),
    /// The index cannot answer now; try again.
    #[error("{0}")]
    Unavailable(String),
    /// Too much at once; try again later.
    #[error("{0}")]
    Exhausted(String),
    /// A bug.
    #[error("{0}")]
    Internal(String),
}

/// Queries over the documents of runs and schedules, by filters in Temporal's language ([`crate::Query`]).
pub trait VisibilityQueries: Send + Sync + 'static {
    /// Documents of `scope` in the namespace that fit the filter `query`, at most `page_size`. `page_token` is empty or the last page's.
    fn list(
        &self,
        scope: Scope,
        namespace: &NamespaceState,
        query: &str,
        page_size: usize,
        page_token: &[u8],
    ) -> impl Future<Output = Result<Page, Error>> + Send;

    /// How many documents fit, by groups where the query says GROUP BY.
    fn count(&self, scope: Scope, namespace: &NamespaceState, query: &str) -> impl Future<Output = Result<Count, Error>> + Send;
}
