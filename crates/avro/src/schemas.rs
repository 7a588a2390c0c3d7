//! The schemas that are checked in under schemas/avro, with their reserved ids.
//!
//! Ids are `0x7fff0000 + n`. n counts all versions of all subjects in the order in which they were made (schemas/ids.json). These ids are
//! far above those that a registry gives out, and are never used again for anything else.

use std::sync::LazyLock;

use crate::{Error, schema::Parsed};

/// First of the reserved ids.
pub const RESERVED_ID_MIN: u32 = 0x7fff_0000;

/// One version of one subject.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Schema {
    /// `<topic>-value`, the topic without prefix.
    pub subject: &'static str,
    /// Number of the version, from 1.
    pub version: u32,
    /// Reserved id.
    pub id: u32,
    /// The schema's text.
    pub json: &'static str,
}

include!(concat!(env!("OUT_DIR"), "/schemas.rs"));

/// The present version of every subject. These are registered, and values are written with them.
pub fn all() -> &'static [Schema] {
    CURRENT
}

/// Every version of every subject, oldest first within a subject.
pub fn versions() -> &'static [Schema] {
    VERSIONS
}

/// The present version of a subject.
pub fn current(subject: &str) -> Option<&'static Schema> {
    CURRENT.iter().find(|schema| schema.subject == subject)
}

/// The version with this reserved id.
pub fn by_id(id: u32) -> Option<&'static Schema> {
    VERSIONS.iter().find(|schema| schema.id == id)
}

/// Every version as data, in the order of [`VERSIONS`]. They are parsed at the first use.
static PARSED: LazyLock<Vec<Result<Parsed, String>>> = LazyLock::new(|| VERSIONS.iter().map(|schema| Parsed::of(schema.json)).collect());

/// The version with this reserved id, as data.
pub(crate) fn parsed(id: u32) -> Result<&'static Parsed, Error> {
    let place = VERSIONS.iter().position(|schema| schema.id == id).ok_or(Error::UnknownSchema { id })?;
    PARSED[place].as_ref().map_err(|what| Error::Resolution { id, what: what.clone() })
}
