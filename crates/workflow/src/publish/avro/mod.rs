//! JSON values as Avro, by the schema that the command carries. The same value and schema always give the same bytes.

mod scalars;
mod schema;
#[cfg(test)]
mod tests;

use base64::{Engine as _, engine::general_purpose::STANDARD};
use serde_json::{Map, Value as Json};

use self::schema::{Decimal, Field, Kind, Schema, Type};

/// Most steps of one value. A value of a union is tried with each of its types, and so are the unions in it.
const STEPS_MAX: u32 = 2_000_000;
/// How deep values are nested, with those that defaults add.
const DEPTH_MAX: u32 = 150;
/// First byte of what stands in the framing of a schema registry.
const MAGIC: u8 = 0;
/// Ends a list or map: a block of nothing.
const BLOCKS_END: u8 = 0;
/// How many characters of a value are shown that does not fit.
const SHOWN_CHARS: usize = 60;

/// Why there are no bytes.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Refusal {
    /// The schema is none that can be used.
    Schema(String),
    /// The value does not fit the schema.
    Value(String),
    /// They would be more than so many.
    Large,
}

/// The value in the framing of a schema registry, at most `bytes_max` long.
///
/// # Errors
/// [`Refusal`].
pub(super) fn framed(id: u32, schema: &[u8], value: &str, bytes_max: usize) -> Result<Vec<u8>, Refusal> {
    let schema = Schema::read(schema).map_err(Refusal::Schema)?;
    let value: Json = serde_json::from_str(value).map_err(|error| Refusal::Value(error.to_string()))?;
    let mut out = vec![MAGIC];
    out.extend(id.to_be_bytes());
    let mut writer = Writer { schema: &schema, out, bytes_max, steps: 0, depth: 0 };
    match writer.write(&schema.root, &value, false) {
        Ok(()) => Ok(writer.out),
        Err(Unfit { path, why: Why::Misfit(reason) | Why::Endless(reason) }) => {
            Err(Refusal::Value(if path.is_empty() { reason } else { format!("{path}: {reason}") }))
        }
        Err(Unfit { why: Why::Large, .. }) => Err(Refusal::Large),
    }
}

/// What does not fit.
struct Unfit {
    /// Where in the value.
    path: String,
    why: Why,
}

enum Why {
    /// Another type of a union may take it.
    Misfit(String),
    /// It is given up.
    Endless(String),
    /// There are too many bytes.
    Large,
}

impl Unfit {
    /// Stands in the field or element `step` of what is around it.
    fn within(mut self, step: &str) -> Self {
        let point = if self.path.is_empty() || self.path.starts_with('[') { "" } else { "." };
        self.path = format!("{step}{point}{}", self.path);
        self
    }
}

fn misfit(reason: impl Into<String>) -> Unfit {
    Unfit { path: String::new(), why: Why::Misfit(reason.into()) }
}

fn endless(reason: String) -> Unfit {
    Unfit { path: String::new(), why: Why::Endless(reason) }
}

struct Writer<'s> {
    schema: &'s Schema,
    out: Vec<u8>,
    bytes_max: usize,
    steps: u32,
    depth: u32,
}

impl Writer<'_> {
    /// Appends a value. Bytes are base64 in a value, and characters of one byte each in a default.
    fn write(&mut self, kind: &Type, value: &Json, is_default: bool) -> Result<(), Unfit> {
        self.steps += 1;
        if self.steps > STEPS_MAX {
            return Err(endless(format!("it takes more than {STEPS_MAX} steps")));
        }
        self.depth += 1;
        if self.depth > DEPTH_MAX {
            return Err(endless(format!("it is nested deeper than {DEPTH_MAX}")));
        }
        self.written(kind, value, is_default)?;
        self.depth -= 1;
        // In a union the next type may need fewer. That would still be the wrong one.
        if self.out.len() > self.bytes_max { Err(Unfit { path: String::new(), why: Why::Large }) } else { Ok(()) }
    }

    fn written(&mut self, kind: &Type, value: &Json, is_default: bool) -> Result<(), Unfit> {
        let wanted = |what: &str| misfit(format!("{what} is needed, and {} is none", shown(value)));
        match kind {
            Type::Null => value.as_null().ok_or_else(|| wanted("null"))?,
            Type::Boolean => self.out.push(u8::from(value.as_bool().ok_or_else(|| wanted("true or false"))?)),
            Type::Int => {
                let number = value.as_i64().and_then(|number| i32::try_from(number).ok());
                self.long(number.ok_or_else(|| wanted("a whole number of 32 bits"))?.into());
            }
            Type::Long => self.long(value.as_i64().ok_or_else(|| wanted("a whole number of 64 bits"))?),
            #[expect(clippy::cast_possible_truncation, reason = "a float has the nearest number that it can hold")]
            Type::Float => self.out.extend((value.as_f64().ok_or_else(|| wanted("a number"))? as f32).to_le_bytes()),
            Type::Double => self.out.extend(value.as_f64().ok_or_else(|| wanted("a number"))?.to_le_bytes()),
            Type::String => self.bytes(value.as_str().ok_or_else(|| wanted("a text"))?.as_bytes()),
            Type::Bytes => self.bytes(&bytes(value, is_default).ok_or_else(|| wanted("base64"))?),
            Type::Date => self.long(scalars::date(value).ok_or_else(|| wanted("a date such as \"2026-01-31\""))?.into()),
            Type::Timestamp(unit) => {
                let time = scalars::timestamp(value, *unit);
                self.long(time.ok_or_else(|| wanted("a time such as \"2026-01-31T12:00:00Z\""))?);
            }
            Type::LocalTimestamp(unit) => {
                let time = scalars::local_timestamp(value, *unit);
                self.long(time.ok_or_else(|| wanted("a time such as \"2026-01-31T12:00:00\""))?);
            }
            Type::Decimal(decimal) => {
                let number = self.decimal(value, *decimal, is_default)?;
                self.bytes(&number);
            }
            Type::Array(items) => {
                let values = value.as_array().ok_or_else(|| wanted("a list"))?;
                self.count(values.len());
                for (at, value) in values.iter().enumerate() {
                    self.write(items, value, is_default).map_err(|unfit| unfit.within(&format!("[{at}]")))?;
                }
                self.out.push(BLOCKS_END);
            }
            Type::Map(values) => {
                let fields = value.as_object().ok_or_else(|| wanted("an object"))?;
                self.count(fields.len());
                for (name, value) in sorted(fields) {
                    self.bytes(name.as_bytes());
                    self.write(values, value, is_default).map_err(|unfit| unfit.within(name))?;
                }
                self.out.push(BLOCKS_END);
            }
            Type::Union(kinds) => self.union(kinds, value, is_default)?,
            Type::Named(number) => self.named(*number, value, is_default)?,
        }
        Ok(())
    }

    fn named(&mut self, number: usize, value: &Json, is_default: bool) -> Result<(), Unfit> {
        let named = self.schema.named(number);
        let wanted = |what: String| misfit(format!("{what} is needed, and {} is none", shown(value)));
        match &named.kind {
            Kind::Record(fields) => {
                let given = value.as_object().ok_or_else(|| wanted(format!("an object ({})", named.name)))?;
                self.record(&named.name, fields, given, is_default)
            }
            Kind::Enum(symbols) => {
                let at = value.as_str().and_then(|text| symbols.iter().position(|symbol| symbol == text));
                let at = at.ok_or_else(|| wanted(format!("one of {}", symbols.join(", "))))?;
                self.long(i64::try_from(at).unwrap_or(i64::MAX));
                Ok(())
            }
            Kind::Fixed(size, Some(decimal), _) => {
                let number = self.decimal(value, *decimal, is_default)?;
                let number = scalars::widened(&number, *size).ok_or_else(|| wanted(format!("a number of {size} bytes")))?;
                self.out.extend(number);
                Ok(())
            }
            Kind::Fixed(_, None, true) if scalars::uuid(value).is_some() => {
                self.out.extend(scalars::uuid(value).unwrap_or_default());
                Ok(())
            }
            Kind::Fixed(size, ..) => {
                let bytes = bytes(value, is_default).filter(|bytes| bytes.len() == *size);
                self.out.extend(bytes.ok_or_else(|| wanted(format!("base64 of {size} bytes")))?);
                Ok(())
            }
        }
    }

    fn record(&mut self, name: &str, fields: &[Field], given: &Map<String, Json>, is_default: bool) -> Result<(), Unfit> {
        if let Some(unknown) = sorted(given).map(|(name, _)| name).find(|name| fields.iter().all(|field| field.name != **name)) {
            return Err(misfit(format!("{name} has no field {unknown:?}")));
        }
        for Field { name, kind, default } in fields {
            let written = match (given.get(name), default) {
                (Some(value), _) => self.write(kind, value, is_default),
                (None, Some(default)) => self.write(kind, default, true),
                (None, None) if may_be_null(kind) => self.write(kind, &Json::Null, true),
                (None, None) => Err(misfit("it is missing, and has no default")),
            };
            written.map_err(|unfit| unfit.within(name))?;
        }
        Ok(())
    }

    /// The first type that takes the value. Where the value names a type, as in Avro's own JSON, that type.
    fn union(&mut self, kinds: &[Type], value: &Json, is_default: bool) -> Result<(), Unfit> {
        let mut refused = Vec::new();
        for (number, kind) in kinds.iter().enumerate().filter(|(_, kind)| matches!(kind, Type::Null) == value.is_null()) {
            match self.branch(number, kind, value, is_default) {
                Err(Unfit { path, why: Why::Misfit(reason) }) => refused.push(Unfit { path, why: Why::Misfit(reason) }),
                done => return done,
            }
        }
        if let Some(fields) = value.as_object().filter(|fields| fields.len() == 1)
            && let Some((name, value)) = fields.iter().next()
            && let Some((number, kind)) = kinds.iter().enumerate().find(|(_, kind)| self.schema.name(kind) == name)
        {
            return self.branch(number, kind, value, is_default).map_err(|unfit| unfit.within(name));
        }
        match (refused.pop(), refused.is_empty()) {
            // There is one type beside null, so its reason is the reason.
            (Some(only), true) => Err(only),
            _ => {
                let names: Vec<_> = kinds.iter().map(|kind| self.schema.name(kind)).collect();
                Err(misfit(format!("none of {} takes {}", names.join(", "), shown(value))))
            }
        }
    }

    fn branch(&mut self, number: usize, kind: &Type, value: &Json, is_default: bool) -> Result<(), Unfit> {
        let (before, depth) = (self.out.len(), self.depth);
        self.long(i64::try_from(number).unwrap_or(i64::MAX));
        let written = self.write(kind, value, is_default);
        if written.is_err() {
            self.out.truncate(before);
            self.depth = depth;
        }
        written
    }

    fn decimal(&self, value: &Json, decimal: Decimal, is_default: bool) -> Result<Vec<u8>, Unfit> {
        if is_default && let Some(bytes) = bytes(value, true) {
            return Ok(bytes);
        }
        scalars::decimal(value, decimal).map_err(misfit)
    }

    fn long(&mut self, value: i64) {
        let mut left = ((value << 1) ^ (value >> 63)).cast_unsigned();
        while left > 0x7f {
            self.out.push(0x80 | (left & 0x7f) as u8);
            left >>= 7;
        }
        self.out.push(left as u8);
    }

    fn bytes(&mut self, bytes: &[u8]) {
        self.long(i64::try_from(bytes.len()).unwrap_or(i64::MAX));
        self.out.extend_from_slice(bytes);
    }

    /// Begins the only block of a list or map.
    fn count(&mut self, count: usize) {
        if count > 0 {
            self.long(i64::try_from(count).unwrap_or(i64::MAX));
        }
    }
}

fn may_be_null(kind: &Type) -> bool {
    match kind {
        Type::Null => true,
        Type::Union(kinds) => kinds.iter().any(|kind| matches!(kind, Type::Null)),
        _ => false,
    }
}

/// The bytes that a text stands for.
fn bytes(value: &Json, is_default: bool) -> Option<Vec<u8>> {
    let text = value.as_str()?;
    if is_default { text.chars().map(|it| u8::try_from(u32::from(it)).ok()).collect() } else { STANDARD.decode(text).ok() }
}

/// In the order of the names, whatever order the parser keeps.
fn sorted(fields: &Map<String, Json>) -> impl Iterator<Item = (&String, &Json)> {
    fields.iter().collect::<std::collections::BTreeMap<_, _>>().into_iter()
}

fn shown(value: &Json) -> String {
    let text = value.to_string();
    if text.chars().count() > SHOWN_CHARS { text.chars().take(SHOWN_CHARS).chain("…".chars()).collect() } else { text }
}
