//! Comments of klamm's own .proto files, which become the `doc` of records and fields. Temporal's comments are left out: they would make
//! the schemas several times as large, and change them with every release.

use std::collections::BTreeMap;

use prost_reflect::{FieldDescriptor, FileDescriptor, MessageDescriptor};

/// Leading comments by file and place.
#[derive(Default)]
pub struct Docs {
    files: BTreeMap<String, BTreeMap<Vec<i32>, String>>,
}

impl Docs {
    /// The comment above a message.
    pub fn of_message(&mut self, message: &MessageDescriptor) -> Option<String> {
        self.of(&message.parent_file(), message.path())
    }

    /// The comment above a field.
    pub fn of_field(&mut self, field: &FieldDescriptor) -> Option<String> {
        self.of(&field.parent_file(), field.path())
    }

    fn of(&mut self, file: &FileDescriptor, path: &[i32]) -> Option<String> {
        if !file.package_name().starts_with("klamm.") {
            return None;
        }
        self.files.entry(file.name().to_owned()).or_insert_with(|| comments(file)).get(path).cloned()
    }
}

fn comments(file: &FileDescriptor) -> BTreeMap<Vec<i32>, String> {
    let Some(info) = &file.file_descriptor_proto().source_code_info else { return BTreeMap::new() };
    info.location.iter().filter_map(|location| Some((location.path.clone(), one_line(location.leading_comments.as_deref()?)))).collect()
}

fn one_line(comment: &str) -> String {
    comment.split_whitespace().collect::<Vec<_>>().join(" ")
}
