//! Looks up the schemas that other programs have registered.

use crate::{
    apicurio,
    client::{Client, Error, Settings, Stored},
};

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

    /// The schema with this GUID, in its usual form with dashes; `None`: there is none. Blocks the thread, at most ten seconds.
    ///
    /// # Errors
    /// As [`Schemas::schema`].
    pub fn of_guid(&self, guid: &str) -> Result<Option<Stored>, Error> {
        self.0.of_guid(guid)
    }

    /// The schema with this global id of Apicurio's; `None`: there is none. Blocks the thread, at most twice ten seconds.
    ///
    /// # Errors
    /// As [`Schemas::schema`].
    pub fn of_global_id(&self, id: u64) -> Result<Option<Stored>, Error> {
        apicurio::of_global_id(&self.0, id)
    }

    /// Whether the registry is Apicurio, by its address.
    pub fn is_apicurio(&self) -> bool {
        apicurio::base(&self.0).is_some()
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
