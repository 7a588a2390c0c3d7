//! Avro schemas, as far as they are needed to write values.

use std::collections::BTreeMap;

use serde_json::{Map, Value as Json};

/// A schema.
#[derive(Debug)]
pub(super) struct Schema {
    pub(super) root: Type,
    named: Vec<Named>,
}

/// A type. What is annotated with a logical type that is not here is written as the type beneath.
#[derive(Debug, Clone)]
pub(super) enum Type {
    Null,
    Boolean,
    Int,
    Long,
    Float,
    Double,
    Bytes,
    String,
    /// Days since 1970.
    Date,
    Timestamp(Unit),
    /// A time of day and a date without a zone.
    LocalTimestamp(Unit),
    /// In bytes.
    Decimal(Decimal),
    Array(Box<Type>),
    Map(Box<Type>),
    Union(Vec<Type>),
    /// The number of a named type.
    Named(usize),
}

/// What a time is counted in.
#[derive(Debug, Clone, Copy)]
pub(super) enum Unit {
    Milliseconds,
    Microseconds,
    Nanoseconds,
}

/// How many digits a decimal number has, and how many of them stand behind the point.
#[derive(Debug, Clone, Copy)]
pub(super) struct Decimal {
    pub(super) precision: u32,
    pub(super) scale: u32,
}

/// A type with a name.
#[derive(Debug)]
pub(super) struct Named {
    /// With its namespace.
    pub(super) name: String,
    pub(super) kind: Kind,
}

#[derive(Debug)]
pub(super) enum Kind {
    Record(Vec<Field>),
    Enum(Vec<String>),
    /// So many bytes, which may be a decimal number or a UUID.
    Fixed(usize, Option<Decimal>, bool),
}

#[derive(Debug)]
pub(super) struct Field {
    pub(super) name: String,
    pub(super) kind: Type,
    pub(super) default: Option<Json>,
}

impl Schema {
    /// Reads a schema.
    ///
    /// # Errors
    /// What is wrong with it.
    pub(super) fn read(text: &[u8]) -> Result<Self, String> {
        // The parser refuses what is nested deeper than 128.
        let json: Json = serde_json::from_slice(text).map_err(|error| error.to_string())?;
        let mut reading = Reading { named: Vec::new(), numbers: BTreeMap::new() };
        let root = reading.kind(&json, "")?;
        let named = reading.named.into_iter().map(|(name, kind)| Some(Named { name, kind: kind? })).collect::<Option<_>>();
        Ok(Self { root, named: named.ok_or("a named type is not complete")? })
    }

    /// A named type.
    pub(super) fn named(&self, number: usize) -> &Named {
        &self.named[number]
    }

    /// The name that Avro gives a type, as it stands in messages and in the JSON form of a union.
    pub(super) fn name<'s>(&'s self, kind: &Type) -> &'s str {
        match kind {
            Type::Null => "null",
            Type::Boolean => "boolean",
            Type::Int | Type::Date => "int",
            Type::Long | Type::Timestamp(_) | Type::LocalTimestamp(_) => "long",
            Type::Float => "float",
            Type::Double => "double",
            Type::Bytes | Type::Decimal(_) => "bytes",
            Type::String => "string",
            Type::Array(_) => "array",
            Type::Map(_) => "map",
            Type::Union(_) => "union",
            Type::Named(number) => &self.named(*number).name,
        }
    }
}

/// A schema that is being read.
struct Reading {
    /// Names and types. A type that is being read has none yet.
    named: Vec<(String, Option<Kind>)>,
    numbers: BTreeMap<String, usize>,
}

impl Reading {
    fn kind(&mut self, json: &Json, namespace: &str) -> Result<Type, String> {
        match json {
            Json::String(name) => self.by_name(name, namespace),
            Json::Array(branches) => Ok(Type::Union(branches.iter().map(|branch| self.kind(branch, namespace)).collect::<Result<_, _>>()?)),
            Json::Object(fields) => self.complex(fields, namespace),
            _ => Err(format!("{json} is no type")),
        }
    }

    fn by_name(&self, name: &str, namespace: &str) -> Result<Type, String> {
        Ok(match name {
            "null" => Type::Null,
            "boolean" => Type::Boolean,
            "int" => Type::Int,
            "long" => Type::Long,
            "float" => Type::Float,
            "double" => Type::Double,
            "bytes" => Type::Bytes,
            "string" => Type::String,
            _ => {
                let found = self.numbers.get(&full_name(name, namespace)).or_else(|| self.numbers.get(name));
                Type::Named(*found.ok_or_else(|| format!("the type {name:?} is not known"))?)
            }
        })
    }

    fn complex(&mut self, json: &Map<String, Json>, namespace: &str) -> Result<Type, String> {
        let part = |name: &str| json.get(name).ok_or_else(|| format!("a type has no {name:?}"));
        let kind = part("type")?;
        match kind.as_str() {
            Some("array") => Ok(Type::Array(Box::new(self.kind(part("items")?, namespace)?))),
            Some("map") => Ok(Type::Map(Box::new(self.kind(part("values")?, namespace)?))),
            Some("record" | "error") => {
                let (number, namespace) = self.begin(json, namespace)?;
                let fields = part("fields")?.as_array().ok_or("fields are no list")?;
                let fields = fields.iter().map(|field| self.field(field, &namespace)).collect::<Result<_, _>>()?;
                Ok(self.end(number, Kind::Record(fields)))
            }
            Some("enum") => {
                let (number, _) = self.begin(json, namespace)?;
                let symbols = part("symbols")?.as_array().ok_or("symbols are no list")?;
                let symbols = symbols.iter().map(|symbol| symbol.as_str().map(str::to_owned)).collect::<Option<_>>();
                Ok(self.end(number, Kind::Enum(symbols.ok_or("a symbol is no text")?)))
            }
            Some("fixed") => {
                let (number, _) = self.begin(json, namespace)?;
                let size = part("size")?.as_u64().and_then(|size| usize::try_from(size).ok()).ok_or("a size is no number")?;
                let is_uuid = size == 16 && logical(json) == Some("uuid");
                Ok(self.end(number, Kind::Fixed(size, decimal(json), is_uuid)))
            }
            _ => {
                let kind = self.kind(kind, namespace)?;
                Ok(match (&kind, logical(json)) {
                    (Type::Int, Some("date")) => Type::Date,
                    (Type::Long, Some("timestamp-millis")) => Type::Timestamp(Unit::Milliseconds),
                    (Type::Long, Some("timestamp-micros")) => Type::Timestamp(Unit::Microseconds),
                    (Type::Long, Some("timestamp-nanos")) => Type::Timestamp(Unit::Nanoseconds),
                    (Type::Long, Some("local-timestamp-millis")) => Type::LocalTimestamp(Unit::Milliseconds),
                    (Type::Long, Some("local-timestamp-micros")) => Type::LocalTimestamp(Unit::Microseconds),
                    (Type::Long, Some("local-timestamp-nanos")) => Type::LocalTimestamp(Unit::Nanoseconds),
                    (Type::Bytes, Some("decimal")) => decimal(json).map_or(kind, Type::Decimal),
                    _ => kind,
                })
            }
        }
    }

    fn field(&mut self, json: &Json, namespace: &str) -> Result<Field, String> {
        let name = json.get("name").and_then(Json::as_str).ok_or("a field has no name")?.to_owned();
        let kind = json.get("type").ok_or_else(|| format!("the field {name:?} has no type"))?;
        Ok(Field { name, kind: self.kind(kind, namespace)?, default: json.get("default").cloned() })
    }

    /// Takes note of a named type; its number, and the namespace of what stands in it.
    fn begin(&mut self, json: &Map<String, Json>, namespace: &str) -> Result<(usize, String), String> {
        let name = json.get("name").and_then(Json::as_str).ok_or("a type has no name")?;
        let name = full_name(name, json.get("namespace").and_then(Json::as_str).unwrap_or(namespace));
        let within = name.rsplit_once('.').map_or("", |(namespace, _)| namespace).to_owned();
        let number = self.named.len();
        if self.numbers.insert(name.clone(), number).is_some() {
            return Err(format!("there are two types {name:?}"));
        }
        self.named.push((name, None));
        Ok((number, within))
    }

    fn end(&mut self, number: usize, kind: Kind) -> Type {
        self.named[number].1 = Some(kind);
        Type::Named(number)
    }
}

fn full_name(name: &str, namespace: &str) -> String {
    if name.contains('.') || namespace.is_empty() { name.to_owned() } else { format!("{namespace}.{name}") }
}

fn logical(json: &Map<String, Json>) -> Option<&str> {
    json.get("logicalType").and_then(Json::as_str)
}

/// `None`: it is no decimal number, or one that Avro's specification wants ignored.
fn decimal(json: &Map<String, Json>) -> Option<Decimal> {
    if logical(json) != Some("decimal") {
        return None;
    }
    let number = |name: &str| json.get(name).map_or(Some(0), |number| number.as_u64().and_then(|number| u32::try_from(number).ok()));
    let (precision, scale) = (number("precision")?, number("scale")?);
    (precision > 0 && scale <= precision).then_some(Decimal { precision, scale })
}
