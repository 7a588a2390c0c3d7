//! Compiles `.proto` texts.

use std::collections::BTreeMap;

use prost_reflect::{FileDescriptor, prost_types::FileDescriptorProto};
use protox::{
    Compiler,
    file::{ChainFileResolver, File, FileResolver, GoogleFileResolver},
};

use super::sources::Sources;

/// How deep braces and brackets of a text may be nested. The parser uses the stack as deep as they are.
const DEPTH_MAX: usize = 100;
/// How long names and numbers may be, bytes. The parser uses the stack as deep as a number is long, unless it was compiled with optimisation.
const WORD_BYTES_MAX: usize = 1_000;
/// What the schema's own file is called. A registry gives it no name.
const MAIN: &str = "klamm/the-schema.proto";

/// Files that Confluent's registry knows without a reference, and that its converters of Kafka Connect import.
const KNOWN: [(&str, &str); 4] = [
    (
        "confluent/meta.proto",
        r#"syntax = "proto3"; package confluent; import "google/protobuf/descriptor.proto";
        message Meta { string doc = 1; map<string, string> params = 2; repeated string tags = 3; }
        extend google.protobuf.FileOptions { Meta file_meta = 1088; }
        extend google.protobuf.MessageOptions { Meta message_meta = 1088; }
        extend google.protobuf.FieldOptions { Meta field_meta = 1088; }
        extend google.protobuf.EnumOptions { Meta enum_meta = 1088; }
        extend google.protobuf.EnumValueOptions { Meta enum_value_meta = 1088; }"#,
    ),
    (
        "confluent/type/decimal.proto",
        r#"syntax = "proto3"; package confluent.type; message Decimal { bytes value = 1; uint32 precision = 2; int32 scale = 3; }"#,
    ),
    (
        "google/type/date.proto",
        r#"syntax = "proto3"; package google.type; message Date { int32 year = 1; int32 month = 2; int32 day = 3; }"#,
    ),
    (
        "google/type/timeofday.proto",
        r#"syntax = "proto3"; package google.type; message TimeOfDay { int32 hours = 1; int32 minutes = 2; int32 seconds = 3; int32 nanos = 4; }"#,
    ),
];

/// A schema of Protobuf.
pub(crate) struct Protobuf {
    pub(super) file: FileDescriptor,
    /// Maps have no order of their own.
    pub(super) has_maps: bool,
}

/// Compiles a schema with what it imports.
///
/// # Errors
/// Why that cannot be done.
pub(super) fn compile(sources: Sources) -> Result<Protobuf, String> {
    let Sources { main, mut imports } = sources;
    imports.insert(MAIN.to_owned(), main);
    for text in imports.values() {
        let Shape { depth, word_bytes } = shape(text);
        if depth > DEPTH_MAX {
            return Err(format!("it is nested deeper than {DEPTH_MAX}"));
        }
        if word_bytes > WORD_BYTES_MAX {
            return Err(format!("it has a name or number that is longer than {WORD_BYTES_MAX} bytes"));
        }
    }
    // A panic would be one of the library's.
    std::panic::catch_unwind(|| compiled(imports)).unwrap_or_else(|_| Err("compiling it failed inside klamm".to_owned()))
}

fn compiled(files: BTreeMap<String, String>) -> Result<Protobuf, String> {
    let mut resolver = ChainFileResolver::new();
    resolver.add(Texts(files));
    // Google's own files need no reference.
    resolver.add(GoogleFileResolver::new());
    resolver.add(Texts(KNOWN.map(|(name, text)| (name.to_owned(), text.to_owned())).into()));
    let mut compiler = Compiler::with_file_resolver(resolver);
    compiler.open_file(MAIN).map_err(|error| error.to_string())?;
    let pool = compiler.descriptor_pool();
    let file = pool.get_file_by_name(MAIN).ok_or("it has no file")?;
    let has_maps = pool.all_messages().any(|message| message.is_map_entry());
    Ok(Protobuf { file, has_maps })
}

/// Files by their names.
struct Texts(BTreeMap<String, String>);

impl FileResolver for Texts {
    fn open_file(&self, name: &str) -> Result<File, protox::Error> {
        let text = self.0.get(name).ok_or_else(|| protox::Error::file_not_found(name))?;
        let mut file = FileDescriptorProto::from(File::from_source(name, text)?);
        // For each thing that is wrong its place would be looked for among all places of the text. A mass of faults would take minutes.
        file.source_code_info = None;
        Ok(File::from_file_descriptor_proto(file))
    }
}

/// What the parser's use of the stack depends on, outside of comments and texts.
struct Shape {
    /// How deep braces and brackets are nested.
    depth: usize,
    /// The longest run of letters, digits, underscores and points.
    word_bytes: usize,
}

fn shape(text: &str) -> Shape {
    let (mut now, mut deepest) = (0_usize, 0);
    let (mut word, mut longest) = (0_usize, 0);
    let mut left = text.bytes().peekable();
    while let Some(byte) = left.next() {
        word = if byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'.') { word + 1 } else { 0 };
        longest = longest.max(word);
        match (byte, left.peek()) {
            (b'/', Some(b'/')) => {
                left.by_ref().find(|byte| *byte == b'\n');
            }
            (b'/', Some(b'*')) => {
                left.next();
                while left.by_ref().any(|byte| byte == b'*') && left.peek() != Some(&b'/') {}
                left.next();
            }
            (quote @ (b'"' | b'\''), _) => {
                while let Some(byte) = left.next() {
                    match byte {
                        b'\\' => drop(left.next()),
                        b'\n' => break,
                        byte if byte == quote => break,
                        _ => {}
                    }
                }
            }
            (b'{' | b'[' | b'(' | b'<', _) => {
                now += 1;
                deepest = deepest.max(now);
            }
            (b'}' | b']' | b')' | b'>', _) => now = now.saturating_sub(1),
            _ => {}
        }
    }
    Shape { depth: deepest, word_bytes: longest }
}
