//! Writes the model as an Avro schema.

use std::collections::BTreeSet;

use super::{
    json::Json,
    model::{Field, Member, Model, Shape, Type},
};

/// Schema of one record with all that it reaches. Each named type is defined where it is first used, and referred to by name after that.
pub fn of(model: &Model, record: usize) -> String {
    Writer { model, defined: BTreeSet::new() }.record(record).document()
}

struct Writer<'a> {
    model: &'a Model,
    defined: BTreeSet<String>,
}

impl Writer<'_> {
    fn record(&mut self, index: usize) -> Json {
        let record = &self.model.records[index];
        if !self.defined.insert(record.name.full()) {
            return Json::text(record.name.full());
        }
        let mut fields = Vec::new();
        for member in &record.members {
            match member {
                Member::Field(field) => fields.push(self.field(field)),
                Member::Oneof { cases, .. } => fields.extend(cases.iter().map(|case| self.field(case))),
                Member::Chain { name, link, .. } => {
                    let items = self.record(*link);
                    fields.push(field(name, array(items), Json::Array(Vec::new()), Some("The chain of causes, nearest first.".to_owned())));
                }
            }
        }
        let mut members = vec![
            ("type", Json::text("record")),
            ("name", Json::text(&record.name.name)),
            ("namespace", Json::text(&record.name.namespace)),
        ];
        members.extend(record.doc.as_ref().map(|doc| ("doc", Json::text(doc))));
        members.push(("fields", Json::Array(fields)));
        Json::Object(members)
    }

    fn field(&mut self, it: &Field) -> Json {
        let (of, default, unit) = match &it.shape {
            Shape::Plain(of) => (self.value(*of), self.default_of(*of), unit(*of)),
            Shape::Nullable(of) => (Json::Array(vec![Json::text("null"), self.value(*of)]), Json::Null, unit(*of)),
            Shape::Array(of) => (array(self.value(*of)), Json::Array(Vec::new()), unit(*of)),
            Shape::Map(of) => {
                let values = self.value(*of);
                (Json::Object(vec![("type", Json::text("map")), ("values", values)]), Json::Object(Vec::new()), unit(*of))
            }
        };
        let doc = match (&it.doc, unit) {
            (Some(doc), Some(unit)) => Some(format!("{doc} {unit}")),
            (doc, unit) => doc.clone().or(unit.map(str::to_owned)),
        };
        field(&it.name, of, default, doc)
    }

    fn value(&mut self, of: Type) -> Json {
        match of {
            Type::Bool => Json::text("boolean"),
            Type::Int32 => Json::text("int"),
            Type::Int64 | Type::Uint32 | Type::Uint64 | Type::Duration => Json::text("long"),
            Type::Float => Json::text("float"),
            Type::Double => Json::text("double"),
            Type::String => Json::text("string"),
            Type::Bytes => Json::text("bytes"),
            Type::Timestamp => Json::Object(vec![("type", Json::text("long")), ("logicalType", Json::text("timestamp-micros"))]),
            Type::Enum(index) => self.enumeration(index),
            Type::Record(index) => self.record(index),
        }
    }

    fn enumeration(&mut self, index: usize) -> Json {
        let it = &self.model.enums[index];
        if !self.defined.insert(it.name.full()) {
            return Json::text(it.name.full());
        }
        Json::Object(vec![
            ("type", Json::text("enum")),
            ("name", Json::text(&it.name.name)),
            ("namespace", Json::text(&it.name.namespace)),
            ("symbols", Json::Array(it.symbols.iter().map(Json::text).collect())),
            ("default", Json::text(&it.symbols[0])),
        ])
    }

    /// Default of a value that is always there. Messages have none, because they are nullable.
    fn default_of(&self, of: Type) -> Json {
        match of {
            Type::Bool => Json::Bool(false),
            Type::Int32 | Type::Int64 | Type::Uint32 | Type::Uint64 | Type::Timestamp | Type::Duration => Json::Integer(0),
            Type::Float | Type::Double => Json::Number("0.0"),
            Type::String | Type::Bytes => Json::text(""),
            Type::Enum(index) => Json::text(&self.model.enums[index].symbols[0]),
            Type::Record(_) => Json::Null,
        }
    }
}

fn field(name: &str, of: Json, default: Json, doc: Option<String>) -> Json {
    let mut members = vec![("name", Json::text(name))];
    members.extend(doc.map(|doc| ("doc", Json::text(doc))));
    members.extend([("type", of), ("default", default)]);
    Json::Object(members)
}

fn array(items: Json) -> Json {
    Json::Object(vec![("type", Json::text("array")), ("items", items)])
}

fn unit(of: Type) -> Option<&'static str> {
    match of {
        Type::Duration => Some("Nanoseconds."),
        Type::Uint64 => Some("Unsigned: the same bits."),
        _ => None,
    }
}
