//! An Avro schema as data, for code that works with any schema: it shows values and converts them to another version. It knows only the
//! shapes that the mapping makes: no unions but nullable, no `fixed`, no logical types but timestamp-micros.

use std::collections::BTreeMap;

use serde_json::Value as Json;

/// A parsed schema. It holds each named type once; types refer to it by its index.
#[derive(Debug)]
pub struct Parsed {
    /// The value's own type.
    pub root: Type,
    records: Vec<Record>,
    enums: Vec<Enum>,
}

/// A type.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Type {
    /// No value.
    Null,
    /// True or false.
    Boolean,
    /// 32 bits.
    Int,
    /// 64 bits.
    Long,
    /// Microseconds since the epoch.
    TimestampMicros,
    /// 32 bits, floating point.
    Float,
    /// 64 bits, floating point.
    Double,
    /// Any bytes.
    Bytes,
    /// UTF-8.
    String,
    /// The union ["null", T].
    Nullable(Box<Type>),
    /// Items in order.
    Array(Box<Type>),
    /// Values by string.
    Map(Box<Type>),
    /// See [`Parsed::enumeration`].
    Enum(usize),
    /// See [`Parsed::record`].
    Record(usize),
}

/// A record.
#[derive(Debug)]
pub struct Record {
    /// Full name of the record.
    pub name: String,
    /// Fields, in the order of the encoding.
    pub fields: Vec<Field>,
}

/// A record's field.
#[derive(Debug)]
pub struct Field {
    /// Name within the record.
    pub name: String,
    /// Type of the field's value.
    pub of: Type,
    /// Value for a record whose writer had no such field.
    pub default: Option<Json>,
}

/// An enum.
#[derive(Debug)]
pub struct Enum {
    /// Full name.
    pub name: String,
    /// Symbols, in the order of the encoding.
    pub symbols: Vec<String>,
    /// Symbol that a reader uses in place of one that it does not know.
    pub default: Option<String>,
}

impl Parsed {
    /// Parses a schema's text. The error says what is not understood.
    pub fn of(text: &str) -> Result<Self, String> {
        let json: Json = serde_json::from_str(text).map_err(|error| error.to_string())?;
        let mut parser = Parser { names: BTreeMap::new(), records: Vec::new(), enums: Vec::new() };
        let root = parser.of(&json)?;
        Ok(Self { root, records: parser.records, enums: parser.enums })
    }

    /// The record of a [`Type::Record`] of this schema.
    pub fn record(&self, place: usize) -> &Record {
        &self.records[place]
    }

    /// The enum of a [`Type::Enum`] of this schema.
    pub fn enumeration(&self, place: usize) -> &Enum {
        &self.enums[place]
    }
}

struct Parser {
    names: BTreeMap<String, Type>,
    records: Vec<Record>,
    enums: Vec<Enum>,
}

impl Parser {
    fn of(&mut self, json: &Json) -> Result<Type, String> {
        match json {
            Json::String(name) => self.named(name),
            Json::Array(branches) => match branches.as_slice() {
                [null, of] if null == "null" => Ok(Type::Nullable(Box::new(self.of(of)?))),
                _ => Err("a union that is not nullable".to_owned()),
            },
            Json::Object(members) => {
                let inner = |name: &str| members.get(name).ok_or_else(|| format!("a type without {name}"));
                match text(json, "type")?.as_str() {
                    "array" => Ok(Type::Array(Box::new(self.of(inner("items")?)?))),
                    "map" => Ok(Type::Map(Box::new(self.of(inner("values")?)?))),
                    "enum" => self.enumeration(json),
                    "record" => self.record(json),
                    "long" if members.get("logicalType").is_some_and(|it| it == "timestamp-micros") => Ok(Type::TimestampMicros),
                    primitive => self.named(primitive),
                }
            }
            _ => Err("no type".to_owned()),
        }
    }

    fn named(&self, name: &str) -> Result<Type, String> {
        Ok(match name {
            "null" => Type::Null,
            "boolean" => Type::Boolean,
            "int" => Type::Int,
            "long" => Type::Long,
            "float" => Type::Float,
            "double" => Type::Double,
            "bytes" => Type::Bytes,
            "string" => Type::String,
            _ => self.names.get(name).cloned().ok_or_else(|| format!("the type {name} is not defined"))?,
        })
    }

    fn enumeration(&mut self, json: &Json) -> Result<Type, String> {
        let name = full_name(json)?;
        let symbols = list(json, "symbols")?.iter().filter_map(|symbol| symbol.as_str().map(str::to_owned)).collect();
        let default = json.get("default").and_then(Json::as_str).map(str::to_owned);
        self.enums.push(Enum { name: name.clone(), symbols, default });
        let of = Type::Enum(self.enums.len() - 1);
        self.names.insert(name, of.clone());
        Ok(of)
    }

    /// Parses a record. Its name is known only behind it, so a record cannot contain itself.
    fn record(&mut self, json: &Json) -> Result<Type, String> {
        let name = full_name(json)?;
        let mut fields = Vec::new();
        for field in list(json, "fields")? {
            let of = self.of(field.get("type").ok_or("a field without type")?).map_err(|error| format!("{name}: {error}"))?;
            fields.push(Field { name: text(field, "name")?, of, default: field.get("default").cloned() });
        }
        self.records.push(Record { name: name.clone(), fields });
        let of = Type::Record(self.records.len() - 1);
        self.names.insert(name, of.clone());
        Ok(of)
    }
}

fn full_name(json: &Json) -> Result<String, String> {
    Ok(format!("{}.{}", text(json, "namespace")?, text(json, "name")?))
}

fn text(json: &Json, member: &str) -> Result<String, String> {
    json.get(member).and_then(Json::as_str).map(str::to_owned).ok_or_else(|| format!("no {member}"))
}

fn list<'a>(json: &'a Json, member: &str) -> Result<&'a Vec<Json>, String> {
    json.get(member).and_then(Json::as_array).ok_or_else(|| format!("no {member}"))
}
