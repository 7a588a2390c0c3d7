//! Names: of Avro's types, and of the Rust items that prost generates.

use heck::{ToSnakeCase as _, ToUpperCamelCase as _};
use prost_reflect::{MessageDescriptor, OneofDescriptor};

/// Name of an Avro type: proto's package, and proto's name with `_` between nested names.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct AvroName {
    /// Proto's package.
    pub namespace: String,
    /// Name within it.
    pub name: String,
}

impl AvroName {
    /// The name of a message or an enum, from its full name and its package.
    pub fn of(full_name: &str, package: &str) -> Self {
        let nested = full_name.strip_prefix(package).unwrap_or(full_name).trim_start_matches('.');
        Self { namespace: package.to_owned(), name: nested.replace('.', "_") }
    }

    /// The name as other types refer to it.
    pub fn full(&self) -> String {
        format!("{}.{}", self.namespace, self.name)
    }

    /// The name of something nested in this one.
    pub fn nested(&self, name: &str) -> Self {
        Self { namespace: self.namespace.clone(), name: format!("{}_{name}", self.name) }
    }
}

/// Path of the struct that prost generates for a message.
pub fn struct_path(message: &MessageDescriptor) -> String {
    match message.full_name() {
        "google.protobuf.Empty" => "()".to_owned(),
        _ => format!("{}::{}", module_around(message), camel(message.name())),
    }
}

/// Path of the enum that prost generates for a oneof.
pub fn oneof_path(oneof: &OneofDescriptor) -> String {
    let message = oneof.parent_message();
    format!("{}::{}::{}", module_around(message), snake(message.name()), camel(oneof.name()))
}

/// A field's identifier in prost's struct.
pub fn field(name: &str) -> String {
    snake(name)
}

/// A oneof case's identifier in prost's enum.
pub fn variant(name: &str) -> String {
    camel(name)
}

/// Module in which prost puts a message: that of its package, or that of the message around it.
fn module_around(message: &MessageDescriptor) -> String {
    if let Some(parent) = message.parent_message() {
        return format!("{}::{}", module_around(&parent), snake(parent.name()));
    }
    let package = message.package_name();
    if package == "google.protobuf" {
        return "::prost_types".to_owned();
    }
    // klamm-messages leaves out Temporal's `api`.
    let package = package.replacen("temporal.api.", "temporal.", 1);
    let modules: Vec<String> = package.split('.').map(snake).collect();
    format!("::klamm_messages::{}", modules.join("::"))
}

fn snake(name: &str) -> String {
    sanitized(name.to_snake_case())
}

fn camel(name: &str) -> String {
    sanitized(name.to_upper_camel_case())
}

/// prost's rule for identifiers that are keywords (prost-build, ident.rs).
fn sanitized(identifier: String) -> String {
    match identifier.as_str() {
        "as" | "break" | "const" | "continue" | "else" | "enum" | "false" | "fn" | "for" | "if" | "impl" | "in" | "let" | "loop"
        | "match" | "mod" | "move" | "mut" | "pub" | "ref" | "return" | "static" | "struct" | "trait" | "true" | "type" | "unsafe"
        | "use" | "where" | "while" | "dyn" | "abstract" | "become" | "box" | "do" | "final" | "macro" | "override" | "priv" | "typeof"
        | "unsized" | "virtual" | "yield" | "async" | "await" | "try" | "gen" => format!("r#{identifier}"),
        "_" | "super" | "self" | "Self" | "extern" | "crate" => format!("{identifier}_"),
        _ => identifier,
    }
}
