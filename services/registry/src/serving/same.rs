//! Whether two texts are the same schema. The texts may differ, because libraries write a schema anew before they send it.

use serde_json::{Map, Value as Json};

/// Names of Avro's own types, which are not names of schemas.
const PRIMITIVES: [&str; 8] = ["null", "boolean", "int", "long", "float", "double", "bytes", "string"];

/// A form that is equal for equal schemas: names are full, documentation is left out, and members have no order. Defaults stay.
///
/// # Errors
/// The text is no JSON.
pub fn form(schema: &str) -> Result<Json, String> {
    let schema = serde_json::from_str(schema).map_err(|error| error.to_string())?;
    Ok(of(schema, ""))
}

fn of(schema: Json, namespace: &str) -> Json {
    match schema {
        Json::String(name) => Json::String(full(&name, namespace)),
        Json::Array(branches) => Json::Array(branches.into_iter().map(|branch| of(branch, namespace)).collect()),
        Json::Object(members) => object(members, namespace),
        other => other,
    }
}

fn object(mut members: Map<String, Json>, namespace: &str) -> Json {
    members.remove("doc");
    let own = members.remove("namespace").and_then(|it| it.as_str().map(str::to_owned)).unwrap_or_else(|| namespace.to_owned());
    let mut inner = own.clone();
    if let Some(Json::String(name)) = members.get_mut("name") {
        *name = full(name, &own);
        inner = name.rsplit_once('.').map(|(namespace, _)| namespace.to_owned()).unwrap_or_default();
    }
    if let Some(Json::Array(fields)) = members.get_mut("fields") {
        for field in fields.iter_mut().filter_map(Json::as_object_mut) {
            field.remove("doc");
            // Ascending is the default, so it is left out.
            if field.get("order").is_some_and(|order| order == "ascending") {
                field.remove("order");
            }
            replace(field, "type", &inner);
        }
    }
    for member in ["items", "values", "type"] {
        replace(&mut members, member, &inner);
    }
    // {"type": "string"} means the same as "string".
    match members.remove("type") {
        Some(Json::String(name)) if members.is_empty() => Json::String(name),
        Some(of) => {
            members.insert("type".to_owned(), of);
            Json::Object(members)
        }
        None => Json::Object(members),
    }
}

fn replace(members: &mut Map<String, Json>, member: &str, namespace: &str) {
    if let Some(schema) = members.get_mut(member) {
        *schema = of(schema.take(), namespace);
    }
}

/// The full name of a type. `record`, `enum` and the like may be in the place of a type's name: they are left as they are.
fn full(name: &str, namespace: &str) -> String {
    let complex = ["record", "enum", "array", "map", "fixed", "error"];
    if name.contains('.') || namespace.is_empty() || PRIMITIVES.contains(&name) || complex.contains(&name) {
        return name.to_owned();
    }
    format!("{namespace}.{name}")
}

#[cfg(test)]
mod tests {
    use super::form;

    #[test]
    fn spelling_does_not_count_and_content_does() {
        let own = r#"{"type": "record", "name": "A", "namespace": "n", "doc": "said", "fields": [
            {"name": "b", "type": {"type": "record", "name": "B", "fields": []}, "doc": "said"},
            {"name": "c", "type": ["null", "B"], "default": null}]}"#;
        for same in [
            r#"{"name":"n.A","type":"record","fields":[{"name":"b","type":{"name":"n.B","type":"record","fields":[]}},{"name":"c","type":["null","n.B"],"default":null}]}"#,
            r#"{"namespace":"n","name":"A","type":"record","fields":[{"type":{"namespace":"n","name":"B","type":"record","fields":[]},"name":"b"},{"default":null,"order":"ascending","name":"c","type":[{"type":"null"},"B"]}]}"#,
        ] {
            assert_eq!(form(own), form(same), "{same}");
        }
        for other in [
            own.replace(r#""name": "c""#, r#""name": "d""#),
            own.replace("[\"null\", \"B\"]", "[\"null\", \"string\"]"),
            own.replace(r#""namespace": "n""#, r#""namespace": "m""#),
        ] {
            assert_ne!(form(own), form(&other), "{other}");
        }
        assert!(form("{").is_err());
    }
}
