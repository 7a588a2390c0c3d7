//! The visibility index of this process as what a gateway asks: its calls block, so each runs on a thread for that.

use std::sync::Arc;

use klamm_messages::{
    klamm::v1::NamespaceState,
    temporal::enums::v1::{IndexedValueType, ResourceExhaustedCause},
};
use klamm_visibility::{Error, Index, Scope, Types};

use crate::{
    errors::{Fault, Result},
    visibility::{Count, Runs, VisibilityQueries},
};

impl VisibilityQueries for Arc<Index> {
    async fn list(&self, scope: Scope, namespace: &NamespaceState, query: &str, page_size: usize, token: &[u8]) -> Result<Runs> {
        let (index, types, name) = (self.clone(), types(namespace), namespace.name.clone());
        let (query, token) = (query.to_owned(), token.to_owned());
        let page = blocking(move || Index::list(&index, scope, &name, &query, &types, page_size, &token)).await?;
        Ok(Runs { documents: page.documents, next_page_token: page.next_page_token })
    }

    async fn count(&self, scope: Scope, namespace: &NamespaceState, query: &str) -> Result<Count> {
        let (index, types, name) = (self.clone(), types(namespace), namespace.name.clone());
        let query = query.to_owned();
        let counted = blocking(move || Index::count(&index, scope, &name, &query, &types)).await?;
        let groups = counted.groups.into_iter().map(|group| (group.value, group.count)).collect();
        Ok(Count { count: counted.total, groups })
    }
}

/// Types of the namespace's custom search attributes.
fn types(namespace: &NamespaceState) -> Types {
    let known = |(name, number): (&String, &i32)| Some((name.clone(), IndexedValueType::try_from(*number).ok()?));
    namespace.search_attributes.iter().filter_map(known).collect()
}

async fn blocking<T: Send + 'static>(call: impl FnOnce() -> std::result::Result<T, Error> + Send + 'static) -> Result<T> {
    match tokio::task::spawn_blocking(call).await {
        Ok(result) => result.map_err(Fault::from),
        Err(error) => Err(Fault::Internal(format!("visibility index: {error}"))),
    }
}

impl From<Error> for Fault {
    fn from(error: Error) -> Self {
        match error {
            Error::InvalidQuery(_) | Error::NotForSchedules(_) | Error::InvalidPageToken => Self::InvalidArgument(error.to_string()),
            Error::Unavailable(_) | Error::File { .. } | Error::Corrupt { .. } => Self::Unavailable(error.to_string()),
            Error::Source { .. } => Self::ResourceExhausted { cause: ResourceExhaustedCause::SystemOverloaded, message: error.to_string() },
        }
    }
}
