//! Registering klamm's schemas ahead.

use klamm_avro::frame::Ids;

use crate::{
    Subjects,
    client::{Client, Error, Settings},
};

/// Sees to it that every version of every schema stands in the registry, oldest first, and takes its id. Blocks the thread, at most ten
/// seconds per call.
///
/// A schema that is there already is only looked up: a klamm that may read and not write works with schemas registered by others. Older versions
/// are asked for as well, since records with their ids stand on the topics.
///
/// # Errors
/// [`Error::Away`]: call again later. [`Error::Refused`] and [`Error::Settings`]: not before something was corrected.
pub fn register(settings: &Settings, topic_prefix: &str) -> Result<Ids, Error> {
    let client = Client::new(settings)?;
    let subjects = Subjects::new(topic_prefix);
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
