//! Looks up the schemas that other programs have registered.

use crate::client::{Client, Error, Settings, Stored};

/// The schemas of a registry, by id.
pub struct Schemas(Client);

impl Schemas {
    /// Reads the files that the settings name; asks nothing yet.
    ///
    /// # Errors
    /// [`Error::Settings`].
    pub fn new(settings: &Settings) -> Result<Self, Error> {
        Client::new(settings).map(Self)
    }

    /// The schema with this id; `None`: there is none. Blocks the thread, at most ten seconds.
    ///
    /// # Errors
    /// [`Error::Away`]: ask again later. [`Error::Refused`]: something has to be corrected first.
    pub fn schema(&self, id: u32) -> Result<Option<Stored>, Error> {
        self.0.schema(id)
    }

    /// A version of a subject; `None`: there is none. Blocks the thread, at most ten seconds.
    ///
    /// # Errors
    /// As [`Schemas::schema`].
    pub fn version(&self, subject: &str, version: u32) -> Result<Option<Stored>, Error> {
        self.0.version(subject, &version.to_string())
    }

    /// The newest version of a subject; `None`: there is none. Blocks the thread, at most ten seconds.
    ///
    /// # Errors
    /// As [`Schemas::schema`].
    pub fn latest(&self, subject: &str) -> Result<Option<Stored>, Error> {
        self.0.version(subject, "latest")
    }
}
