//! Lets a gateway ask the index. The index's calls block, so each runs on a thread for blocking work.

use klamm_filters::{
    Scope, Types,
    index::{self, Count, Page, VisibilityQueries},
};
use klamm_messages::{klamm::v1::NamespaceState, temporal::enums::v1::IndexedValueType};

use crate::{Error, Index, Result};

impl VisibilityQueries for Index {
    async fn list(
        &self,
        scope: Scope,
        namespace: &NamespaceState,
        query: &str,
        page_size: usize,
        page_token: &[u8],
    ) -> std::result::Result<Page, index::Error> {
        let (index, types, name) = (self.clone(), types(namespace), namespace.name.clone());
        let (query, token) = (query.to_owned(), page_token.to_owned());
        blocking(move || Index::list(&index, scope, &name, &query, &types, page_size, &token)).await
    }

    async fn count(&self, scope: Scope, namespace: &NamespaceState, query: &str) -> std::result::Result<Count, index::Error> {
        let (index, types, name) = (self.clone(), types(namespace), namespace.name.clone());
        let query = query.to_owned();
        blocking(move || Index::count(&index, scope, &name, &query, &types)).await
    }
}

/// Types of the namespace's custom search attributes.
fn types(namespace: &NamespaceState) -> Types {
    let known = |(name, number): (&String, &i32)| Some((name.clone(), IndexedValueType::try_from(*number).ok()?));
    namespace.search_attributes.iter().filter_map(known).collect()
}

async fn blocking<T: Send + 'static>(call: impl FnOnce() -> Result<T> + Send + 'static) -> std::result::Result<T, index::Error> {
    match tokio::task::spawn_blocking(call).await {
        Ok(result) => result.map_err(index::Error::from),
        Err(error) => Err(index::Error::Internal(format!("visibility index: {error}"))),
    }
}

impl From<Error> for index::Error {
    fn from(error: Error) -> Self {
        let message = error.to_string();
        match error {
            Error::Filter(_) | Error::InvalidPageToken => Self::Invalid(message),
            Error::Unavailable(_) | Error::File { .. } | Error::Corrupt { .. } | Error::Ahead { .. } => Self::Unavailable(message),
            Error::Source { .. } => Self::Exhausted(message),
        }
    }
}
