//! Avro values with schemas of other people, as JSON texts.

mod bounded;

use std::collections::BTreeMap;

use apache_avro::{Schema, types::Value};
use base64::{Engine as _, engine::general_purpose::STANDARD};
use chrono::{DateTime, Days, NaiveDate, SecondsFormat};
use serde_json::{Map, Number, Value as Json};

use self::bounded::Named;
use crate::{Away, SchemaId, SchemaKind, SchemaSource, schemas::Usable};

/// A schema of Avro.
pub(crate) struct Avro {
    schema: Schema,
    named: Named,
}

impl Usable for Avro {
    const KNOWN_MAX: usize = 1000;

    fn look_up(source: &dyn SchemaSource, id: SchemaId) -> Result<Option<Result<Self, String>>, Away> {
        let own = if let SchemaId::Id(id) = id { klamm_avro::frame::schema(id).ok() } else { None };
        let text = match own {
            Some(schema) => Some(schema.json.to_owned()),
            None => source.schema(id)?.filter(|schema| schema.kind == SchemaKind::Avro).map(|schema| schema.text),
        };
        Ok(text.map(|text| parsed(id, &text)))
    }
}

impl Avro {
    /// A schema that can be used; `None`: a value of it might be as deep as it is long.
    pub(crate) fn of(schema: Schema) -> Option<Self> {
        let named = bounded::named(&schema);
        (!is_recursive(&schema, &mut Vec::new())).then_some(Self { schema, named })
    }
}

/// The schema of an id, or why it cannot be used.
fn parsed(id: SchemaId, text: &str) -> Result<Avro, String> {
    // A panic would be one of the library's.
    let parsed = std::panic::catch_unwind(|| Schema::parse_str(text)).map_err(|_| format!("Reading the schema with the {id} failed."))?;
    let schema = parsed.map_err(|error| format!("The schema with the {id} is none of Avro's: {error}."))?;
    Avro::of(schema).ok_or_else(|| format!("The schema with the {id} contains itself."))
}

/// Whether a named type contains itself.
fn is_recursive<'s>(schema: &'s Schema, within: &mut Vec<&'s apache_avro::schema::Name>) -> bool {
    match schema {
        Schema::Ref { name } => within.contains(&name),
        Schema::Array(array) => is_recursive(&array.items, within),
        Schema::Map(map) => is_recursive(&map.types, within),
        Schema::Union(union) => union.variants().iter().any(|variant| is_recursive(variant, within)),
        Schema::Record(record) => {
            within.push(&record.name);
            let found = record.fields.iter().any(|field| is_recursive(&field.schema, within));
            within.pop();
            found
        }
        _ => false,
    }
}

/// The JSON text of a value.
///
/// # Errors
/// The bytes are no value of the schema, or it has no form in JSON.
pub(crate) fn to_json(schema: &Avro, datum: &[u8]) -> Result<String, String> {
    bounded::check(&schema.schema, &schema.named, datum)?;
    // A panic would be one of the library's. Without this, the record that causes it would be read again and again.
    let read = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| {
        let mut datum = datum;
        let value = apache_avro::from_avro_datum(&schema.schema, &mut datum, None);
        json(value.map_err(|error| format!("The value is not of its schema: {error}."))?).map(|json| json.to_string())
    }));
    read.unwrap_or_else(|_| Err("Reading the value failed inside klamm.".to_owned()))
}

fn json(value: Value) -> Result<Json, String> {
    Ok(match value {
        Value::Null => Json::Null,
        Value::Boolean(value) => Json::Bool(value),
        Value::Int(value) | Value::TimeMillis(value) => value.into(),
        Value::Long(value) | Value::TimeMicros(value) => value.into(),
        Value::Float(value) => number(f64::from(value))?,
        Value::Double(value) => number(value)?,
        Value::String(text) | Value::Enum(_, text) => Json::String(text),
        Value::Bytes(bytes) | Value::Fixed(_, bytes) => Json::String(STANDARD.encode(bytes)),
        Value::Uuid(id) => Json::String(id.to_string()),
        Value::Union(_, value) => json(*value)?,
        Value::Array(values) => Json::Array(values.into_iter().map(json).collect::<Result<_, _>>()?),
        Value::Map(values) => Json::Object(sorted(values)?),
        Value::Record(fields) => {
            let fields = fields.into_iter().map(|(name, value)| Ok((name, json(value)?)));
            Json::Object(fields.collect::<Result<Map<_, _>, String>>()?)
        }
        Value::Date(days) => date(days)?,
        Value::TimestampMillis(value) | Value::LocalTimestampMillis(value) => time(DateTime::from_timestamp_millis(value))?,
        Value::TimestampMicros(value) | Value::LocalTimestampMicros(value) => time(DateTime::from_timestamp_micros(value))?,
        Value::TimestampNanos(value) | Value::LocalTimestampNanos(value) => time(Some(DateTime::from_timestamp_nanos(value)))?,
        other => return Err(format!("A value of the type {} has no form in JSON here.", kind(&other))),
    })
}

/// Fields in the order of their names, so that the same record always gives the same text.
fn sorted(values: std::collections::HashMap<String, Value>) -> Result<Map<String, Json>, String> {
    let values: BTreeMap<_, _> = values.into_iter().collect();
    values.into_iter().map(|(name, value)| Ok((name, json(value)?))).collect()
}

fn number(value: f64) -> Result<Json, String> {
    Number::from_f64(value).map(Json::Number).ok_or_else(|| format!("The number {value} has no form in JSON."))
}

fn date(days: i32) -> Result<Json, String> {
    let epoch = NaiveDate::default();
    let distance = Days::new(u64::from(days.unsigned_abs()));
    let date = if days < 0 { epoch.checked_sub_days(distance) } else { epoch.checked_add_days(distance) };
    date.map(|date| Json::String(date.to_string())).ok_or_else(|| format!("There is no date {days} days from 1970."))
}

fn time(time: Option<DateTime<chrono::Utc>>) -> Result<Json, String> {
    let time = time.ok_or_else(|| "A time is too far from 1970.".to_owned())?;
    Ok(Json::String(time.to_rfc3339_opts(SecondsFormat::AutoSi, true)))
}

fn kind(value: &Value) -> &'static str {
    match value {
        Value::Decimal(_) => "decimal",
        Value::BigDecimal(_) => "big-decimal",
        Value::Duration(_) => "duration",
        _ => "unknown",
    }
}
