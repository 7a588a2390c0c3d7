//! An OpenAPI 3 document of the calls.

use std::collections::{BTreeMap, BTreeSet};

use prost_reflect::{FieldDescriptor, FileDescriptor, Kind as Type, MessageDescriptor};
use serde_json::{Map, Value, json};

use crate::{
    Api,
    api::{Method, Rule, shown},
    known,
    template::Segment,
};

/// Levels of messages within each other that query parameters may go through.
const PARAMETER_DEPTH_MAX: usize = 3;

/// The document, without `servers`. Paths whose prefix is not `prefix` are left out, because each call has two.
pub fn document(api: &Api, title: &str, version: &str, prefix: &str) -> Value {
    let mut comments = Comments::default();
    let mut wanted = BTreeSet::new();
    let mut paths: BTreeMap<String, Map<String, Value>> = BTreeMap::new();
    for rule in api.rules() {
        let path = shown(&rule.template);
        if path.starts_with(prefix) {
            let operation = operation(rule, &mut comments, &mut wanted);
            paths.entry(path).or_default().insert(rule.method.name().to_owned(), operation);
        }
    }
    wanted.insert("google.rpc.Status".to_owned());
    let schemas = schemas(api, wanted, &mut comments);
    json!({
        "openapi": "3.0.3",
        "info": { "title": title, "version": version },
        "paths": paths,
        "components": { "schemas": schemas },
    })
}

fn operation(rule: &Rule, comments: &mut Comments, wanted: &mut BTreeSet<String>) -> Value {
    let method = rule.call.descriptor();
    let (input, output) = (method.input(), method.output());
    let in_path: BTreeSet<&str> = rule
        .template
        .segments()
        .iter()
        .filter_map(|segment| match segment {
            Segment::Variable(name) => Some(name.as_str()),
            Segment::Literal(_) => None,
        })
        .collect();
    let mut parameters: Vec<_> =
        in_path.iter().map(|name| json!({ "name": name, "in": "path", "required": true, "schema": { "type": "string" } })).collect();
    if rule.body.is_empty() {
        query_parameters(&input, "", "", 0, &in_path, comments, &mut parameters);
    }
    let mut operation = json!({
        "operationId": format!("{}_{}", method.parent_service().name(), method.name()),
        "tags": [method.parent_service().name()],
        "parameters": parameters,
        "responses": {
            "200": { "description": "OK", "content": content(&reference(&output, wanted)) },
            "default": { "description": "An error", "content": content(&json!({ "$ref": "#/components/schemas/google.rpc.Status" })) },
        },
    });
    if let Some(text) = comments.of(&method.parent_file(), method.path()) {
        operation["description"] = text.into();
    }
    if matches!(rule.body.as_str(), "*") && rule.method != Method::Get {
        operation["requestBody"] = json!({ "required": true, "content": content(&reference(&input, wanted)) });
    }
    operation
}

fn content(schema: &Value) -> Value {
    json!({ "application/json": { "schema": schema } })
}

fn query_parameters(
    message: &MessageDescriptor,
    json_prefix: &str,
    prefix: &str,
    depth: usize,
    in_path: &BTreeSet<&str>,
    comments: &mut Comments,
    parameters: &mut Vec<Value>,
) {
    for field in message.fields() {
        let (json_name, name) = (format!("{json_prefix}{}", field.json_name()), format!("{prefix}{}", field.name()));
        if in_path.contains(name.as_str()) || field.is_map() {
            continue;
        }
        let schema = match field.kind() {
            Type::Message(inner) if !known::is_known(inner.full_name()) => {
                if !field.is_list() && depth + 1 < PARAMETER_DEPTH_MAX {
                    query_parameters(&inner, &format!("{json_name}."), &format!("{name}."), depth + 1, in_path, comments, parameters);
                }
                continue;
            }
            kind => schema_of(&kind, &mut BTreeSet::new()),
        };
        let schema = if field.is_list() { json!({ "type": "array", "items": schema }) } else { schema };
        let mut parameter = json!({ "name": json_name, "in": "query", "schema": schema });
        if let Some(text) = comments.of(&field.parent_file(), field.path()) {
            parameter["description"] = text.into();
        }
        parameters.push(parameter);
    }
}

fn schemas(api: &Api, mut wanted: BTreeSet<String>, comments: &mut Comments) -> BTreeMap<String, Value> {
    let mut schemas = BTreeMap::new();
    while let Some(name) = wanted.pop_first() {
        let Some(message) = api.pool().get_message_by_name(&name) else { continue };
        let mut needs = BTreeSet::new();
        let properties: Map<String, Value> =
            message.fields().map(|field| (field.json_name().to_owned(), property(&field, comments, &mut needs))).collect();
        let mut schema = json!({ "type": "object", "properties": properties });
        if let Some(text) = comments.of(&message.parent_file(), message.path()) {
            schema["description"] = text.into();
        }
        if matches!(name.as_str(), "temporal.api.common.v1.Payload" | "temporal.api.common.v1.Payloads") {
            let shorthand = "In shorthand: the value that the payload holds, as JSON. The form in full is described here.";
            schema = json!({ "description": shorthand, "anyOf": [schema, {}] });
        }
        schemas.insert(name, schema);
        wanted.extend(needs.into_iter().filter(|need| !schemas.contains_key(need)));
    }
    schemas
}

fn property(field: &FieldDescriptor, comments: &mut Comments, needs: &mut BTreeSet<String>) -> Value {
    let schema = if field.is_map() {
        let value = field.kind().as_message().map(|entry| entry.map_entry_value_field().kind());
        json!({ "type": "object", "additionalProperties": value.map(|kind| schema_of(&kind, needs)) })
    } else if field.is_list() {
        json!({ "type": "array", "items": schema_of(&field.kind(), needs) })
    } else {
        schema_of(&field.kind(), needs)
    };
    match comments.of(&field.parent_file(), field.path()) {
        Some(text) if schema.get("$ref").is_some() => json!({ "allOf": [schema], "description": text }),
        Some(text) => {
            let mut schema = schema;
            schema["description"] = text.into();
            schema
        }
        None => schema,
    }
}

fn reference(message: &MessageDescriptor, needs: &mut BTreeSet<String>) -> Value {
    schema_of(&Type::Message(message.clone()), needs)
}

fn schema_of(kind: &Type, needs: &mut BTreeSet<String>) -> Value {
    match kind {
        Type::Double | Type::Float => json!({ "type": "number" }),
        Type::Int32 | Type::Sint32 | Type::Sfixed32 => json!({ "type": "integer", "format": "int32" }),
        Type::Uint32 | Type::Fixed32 => json!({ "type": "integer", "format": "uint32" }),
        Type::Int64 | Type::Sint64 | Type::Sfixed64 => json!({ "type": "string", "format": "int64" }),
        Type::Uint64 | Type::Fixed64 => json!({ "type": "string", "format": "uint64" }),
        Type::Bool => json!({ "type": "boolean" }),
        Type::String => json!({ "type": "string" }),
        Type::Bytes => json!({ "type": "string", "format": "byte" }),
        Type::Enum(names) => json!({ "type": "string", "enum": names.values().map(|value| value.name().to_owned()).collect::<Vec<_>>() }),
        Type::Message(message) => match message.full_name() {
            "google.protobuf.Timestamp" => json!({ "type": "string", "format": "date-time" }),
            "google.protobuf.Duration" => json!({ "type": "string", "example": "1.5s" }),
            "google.protobuf.FieldMask" => json!({ "type": "string" }),
            "google.protobuf.Empty" | "google.protobuf.Struct" => json!({ "type": "object" }),
            "google.protobuf.ListValue" => json!({ "type": "array", "items": {} }),
            "google.protobuf.Value" => json!({}),
            "google.protobuf.Any" => {
                json!({ "type": "object", "properties": { "@type": { "type": "string" } }, "additionalProperties": true })
            }
            name if known::is_known(name) => message.get_field_by_name("value").map_or(json!({}), |field| schema_of(&field.kind(), needs)),
            name => {
                needs.insert(name.to_owned());
                json!({ "$ref": format!("#/components/schemas/{name}") })
            }
        },
    }
}

/// The comments of files, by the paths of what they are about.
#[derive(Default)]
struct Comments(BTreeMap<String, BTreeMap<Vec<i32>, String>>);

impl Comments {
    fn of(&mut self, file: &FileDescriptor, path: &[i32]) -> Option<String> {
        let of_file = self.0.entry(file.name().to_owned()).or_insert_with(|| {
            let locations = file.file_descriptor_proto().source_code_info.iter().flat_map(|info| &info.location);
            locations
                .filter_map(|location| {
                    let lines = location.leading_comments().lines().map(str::trim);
                    // Remarks for tools stand between (-- and --).
                    let text: Vec<_> =
                        lines.filter(|line| !line.is_empty() && !line.starts_with("(--") && !line.ends_with("--)")).collect();
                    (!text.is_empty()).then(|| (location.path.clone(), text.join(" ")))
                })
                .collect()
        });
        of_file.get(path).cloned()
    }
}
