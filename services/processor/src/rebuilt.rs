//! The store that a verification rebuilds. It is on the disk, so that it needs no more memory than any store, and is deleted at the end.

use std::{
    ops::Deref,
    path::{Path, PathBuf},
    sync::Arc,
};

use klamm_store::{Error, Settings, Store};

/// Write buffer of such a store. It can be small, since the store is written once and read once, in order.
const WRITE_BUFFER_BYTES: usize = 4 << 20;
/// Block cache of such a store, small for the same reason.
const CACHE_BYTES: usize = 4 << 20;
/// Table files that such a store keeps open.
const OPEN_FILES_MAX: i32 = 32;

/// A temporary store.
pub(crate) struct Rebuilt {
    store: Arc<Store>,
    /// Dropped after the store, so that the store's files are closed by then.
    _dir: Option<Dir>,
}

impl Rebuilt {
    /// An empty store in a new directory within `parent`; in memory when there is no `parent`.
    ///
    /// # Errors
    /// Those of the store.
    pub(crate) fn new(parent: Option<&Path>) -> Result<Self, Error> {
        let settings = Settings {
            write_buffer_bytes: WRITE_BUFFER_BYTES,
            cache_bytes: CACHE_BYTES,
            open_files_max: OPEN_FILES_MAX,
            ..Settings::default()
        };
        let dir = parent.map(|parent| Dir(parent.join(uuid::Uuid::new_v4().to_string())));
        let store = match &dir {
            Some(Dir(path)) => Store::open(path, &settings)?,
            None => Store::in_memory(&settings)?,
        };
        Ok(Self { store: Arc::new(store), _dir: dir })
    }
}

impl Deref for Rebuilt {
    type Target = Arc<Store>;

    fn deref(&self) -> &Arc<Store> {
        &self.store
    }
}

/// A directory that is deleted when this is dropped. After a crash it stays; the next start of the process removes the parent directory.
struct Dir(PathBuf);

impl Drop for Dir {
    fn drop(&mut self) {
        if let Err(error) = std::fs::remove_dir_all(&self.0) {
            tracing::warn!(directory = %self.0.display(), error = %error, "the store of a verification could not be removed");
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_stays_of_it() {
        let parent = tempfile::tempdir().expect("a directory");
        let rebuilt = Rebuilt::new(Some(parent.path())).expect("a store");
        rebuilt.write(0, [(b"key", Some(b"value"))]).expect("written");
        rebuilt.flush().expect("flushed");
        assert_eq!(std::fs::read_dir(parent.path()).expect("a directory").count(), 1);
        drop(rebuilt);
        assert_eq!(std::fs::read_dir(parent.path()).expect("a directory").count(), 0);
    }
}
