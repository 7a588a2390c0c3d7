//! Schemas of other programs that were asked for, by id.

use std::{collections::BTreeMap, sync::Arc};

use klamm_supervise::Part;
use parking_lot::Mutex;

use crate::{Away, SchemaId, SchemaSource};

/// A schema by which values can be read.
pub(crate) trait Usable: Send + Sync + Sized + 'static {
    /// Most of them that are remembered. Topics have few.
    const KNOWN_MAX: usize;

    /// The schema of this id, or why it cannot be used. `None`: it is not known. May block the thread.
    ///
    /// # Errors
    /// The registry does not answer: ask again.
    fn look_up(source: &dyn SchemaSource, id: SchemaId) -> Result<Option<Result<Self, String>>, Away>;

    /// The schema of this id, asked for now.
    ///
    /// # Errors
    /// Why there is none.
    fn once(source: &dyn SchemaSource, id: SchemaId) -> Result<Self, String> {
        Self::look_up(source, id).map_err(|away| away.to_string())?.unwrap_or_else(|| Err(unknown(id)))
    }
}

/// Said of an id that is not known.
fn unknown(id: SchemaId) -> String {
    format!("No schema with the {id} is known.")
}

/// The schemas that were asked for, by id. An id's schema never changes.
pub(crate) struct Schemas<S> {
    source: Arc<dyn SchemaSource>,
    known: Mutex<BTreeMap<SchemaId, Arc<Result<S, String>>>>,
}

impl<S: Usable> Schemas<S> {
    pub(crate) fn new(source: Arc<dyn SchemaSource>) -> Self {
        Self { source, known: Mutex::default() }
    }

    /// The schema of this id, or why it cannot be used.
    ///
    /// # Errors
    /// The registry does not answer: ask again.
    pub(crate) async fn get(&self, part: &Part, id: SchemaId) -> Result<Arc<Result<S, String>>, Away> {
        if let Some(known) = self.known.lock().get(&id) {
            return Ok(known.clone());
        }
        let source = self.source.clone();
        let Some(found) = part.blocking(move || S::look_up(&*source, id)).await? else {
            // It may be registered later.
            return Ok(Arc::new(Err(unknown(id))));
        };
        let schema = Arc::new(found);
        let mut known = self.known.lock();
        if known.len() >= S::KNOWN_MAX {
            known.clear();
        }
        known.insert(id, schema.clone());
        Ok(schema)
    }
}
