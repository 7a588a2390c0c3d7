//! Registers klamm's schemas before the first record is written.

use klamm_avro::frame::Ids;

use crate::{
    Subjects,
    client::{Client, Error, Settings},
};

/// Makes sure that the registry has every version of every schema, oldest first, and gives their ids. Blocks the thread, at most ten
/// seconds per call.
///
/// A schema that is there already is only looked up. So a klamm that may read but not write works with schemas that others registered.
/// Older versions are asked for as well, since the topics hold records with their ids.
///
/// # Errors
/// [`Error::Away`]: call again later. [`Error::Refused`] and [`Error::Settings`]: something has to be corrected first.
pub fn register(settings: &Settings, subjects: &Subjects) -> Result<Ids, Error> {
    let client = Client::new(settings)?;
    let mut ids = Vec::new();
    for subject in subjects.names() {
        for schema in subjects.versions(&subject) {
            let id = match client.look_up(&subject, schema.json)? {
                Some(id) => id,
                None => client.register(&subject, schema.json)?,
            };
            ids.push((schema, id));
        }
    }
    Ok(Ids::registered(ids))
}

/// Checks that the settings can be used: reads their files, but asks no registry.
///
/// # Errors
/// [`Error::Settings`].
pub fn check(settings: &Settings) -> Result<(), Error> {
    Client::new(settings).map(drop)
}

/// Asks a registry for klamm's schemas, and registers none. Gives everything that would stop a start. Blocks the thread, at most ten
/// seconds per call.
pub fn probe(settings: &Settings, subjects: &Subjects) -> Vec<Error> {
    let client = match Client::new(settings) {
        Ok(client) => client,
        Err(error) => return vec![error],
    };
    let mut wrong = Vec::new();
    for subject in subjects.names() {
        for schema in subjects.versions(&subject) {
            match client.look_up(&subject, schema.json) {
                Ok(_) => {}
                // All other schemas would give the same error.
                Err(error @ (Error::Away { .. } | Error::Settings { .. })) => return vec![error],
                Err(error) => {
                    wrong.push(error);
                    break;
                }
            }
        }
    }
    wrong
}
