//! What a process keeps in its data directory besides the log.

use std::path::{Path, PathBuf};

use klamm_store::{Error as StoreError, Settings as StoreSettings, Store};

use super::descriptors::Budget;

/// Directory for the stores that verifications rebuild. If a process was killed during a verification, its files are removed here.
pub fn verify_dir(data_dir: &Path) -> PathBuf {
    let dir = data_dir.join("verify");
    if let Err(error) = std::fs::remove_dir_all(&dir)
        && error.kind() != std::io::ErrorKind::NotFound
    {
        tracing::warn!(directory = %dir.display(), error = %error, "the files that a verification left cannot be removed");
    }
    dir
}

/// Opens the store. A damaged one is thrown away, because the topics hold all that it held.
pub fn store(path: &Path, budget: &Budget) -> Result<Store, StoreError> {
    let settings = StoreSettings { open_files_max: budget.tables, ..StoreSettings::default() };
    match Store::open(path, &settings) {
        Err(error @ StoreError::Corrupt { .. }) => {
            tracing::warn!(error = %error, "the store is damaged: it is thrown away and rebuilt from the log");
            std::fs::remove_dir_all(path).map_err(|error| StoreError::Unavailable { reason: error.to_string() })?;
            Store::open(path, &settings)
        }
        result => result,
    }
}
