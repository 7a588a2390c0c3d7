//! A schema with all that it imports.

use std::collections::{BTreeMap, VecDeque};

use crate::{Away, SchemaKind, SchemaSource, SchemaText};

/// Most files of a schema, with those that it imports.
const FILES_MAX: usize = 100;
/// Longest text of all of them, bytes.
const TEXT_BYTES_MAX: usize = 1 << 20;

/// The texts of a schema.
pub(super) struct Sources {
    /// The schema's own text.
    pub(super) main: String,
    /// What it imports, by the names of the files.
    pub(super) imports: BTreeMap<String, String>,
}

/// Asks for everything that the schema refers to.
///
/// # Errors
/// The registry does not answer, or does not have what it lets a schema refer to: ask again. The inner error: why the schema cannot be used.
pub(super) fn gather(source: &dyn SchemaSource, schema: SchemaText) -> Result<Result<Sources, String>, Away> {
    let SchemaText { text: main, references, .. } = schema;
    let mut imports: BTreeMap<String, String> = BTreeMap::new();
    let mut bytes = main.len();
    let mut left: VecDeque<_> = references.into();
    while let Some(reference) = left.pop_front() {
        if imports.contains_key(&reference.name) {
            continue;
        }
        if bytes > TEXT_BYTES_MAX || imports.len() + 1 >= FILES_MAX {
            break;
        }
        let (subject, version) = (&reference.subject, reference.version);
        let Some(found) = source.version(subject, version)? else {
            return Err(Away(format!("the registry has no version {version} of {subject}, to which a schema refers")));
        };
        if found.kind != SchemaKind::Protobuf {
            return Ok(Err(format!("version {version} of {subject}, to which it refers, is none of Protobuf")));
        }
        bytes += found.text.len();
        imports.insert(reference.name, found.text);
        left.extend(found.references);
    }
    if bytes > TEXT_BYTES_MAX {
        return Ok(Err(format!("with what it imports it is longer than {TEXT_BYTES_MAX} bytes")));
    }
    if imports.len() + 1 >= FILES_MAX {
        return Ok(Err(format!("it has {FILES_MAX} files or more")));
    }
    Ok(Ok(Sources { main, imports }))
}
