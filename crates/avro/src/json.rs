//! Shows any framed value as JSON, for people: `klamm topics cat --json`.
//!
//! Records are objects. Fields that are null are left out, because a history event has one of sixty bodies. Enums are their symbols,
//! timestamps RFC 3339 in UTC with microseconds, durations their nanoseconds. Bytes, which hold payloads, are an object of one member,
//! whose name says how they could be read: `{"json": …}` when they are JSON, else `{"text": "…"}` when they are printable UTF-8, else
//! `{"base64": "…"}`. This JSON is made for reading: it cannot be turned back into a value.

use base64::{Engine as _, prelude::BASE64_STANDARD};
use serde_json::{Map, Value as Json, json};

use crate::{
    Error,
    frame::{self, Ids},
    schema::{Parsed, Type},
    schemas::{self, Schema},
    wire,
};

/// A framed value of any topic. Its id may be reserved or in use.
///
/// # Errors
/// [`Error::Corrupt`] and [`Error::UnknownSchema`], as [`frame::decode`].
pub fn to_json(framed: &[u8]) -> Result<Json, Error> {
    to_json_by(frame::schema, framed)
}

/// A framed value of any topic. Its id may be reserved or the registry's.
///
/// # Errors
/// As [`to_json`].
pub fn to_json_with(ids: &Ids, framed: &[u8]) -> Result<Json, Error> {
    to_json_by(|id| ids.schema(id), framed)
}

fn to_json_by(schema: impl Fn(u32) -> Result<&'static Schema, Error>, framed: &[u8]) -> Result<Json, Error> {
    let (id, mut value) = frame::split(framed)?;
    let schema = schemas::parsed(schema(id)?.id)?;
    let shown = show(schema, &schema.root, &mut value)?;
    if value.is_empty() { Ok(shown) } else { Err(Error::corrupt("bytes after the value", value)) }
}

/// Shows one value. The recursion is no deeper than the schema, which does not contain itself.
fn show(schema: &Parsed, of: &Type, input: &mut &[u8]) -> Result<Json, Error> {
    Ok(match of {
        Type::Null => Json::Null,
        Type::Boolean => Json::Bool(wire::get_bool(input)?),
        Type::Int => json!(wire::get_int32(input)?),
        Type::Long => json!(wire::get_int64(input)?),
        Type::TimestampMicros => timestamp(wire::get_int64(input)?),
        Type::Float => fraction(f64::from(wire::get_float(input)?)),
        Type::Double => fraction(wire::get_double(input)?),
        Type::Bytes => bytes(wire::get_slice(input)?),
        Type::String => Json::String(wire::get_string(input)?),
        Type::Nullable(of) => {
            if wire::get_present(input)? {
                show(schema, of, input)?
            } else {
                Json::Null
            }
        }
        Type::Array(of) => Json::Array(wire::get_array(input, |input| show(schema, of, input))?),
        Type::Map(of) => {
            let mut map = Map::new();
            while let Some(count) = wire::get_block(input)? {
                for _ in 0..count {
                    let key = wire::get_string(input)?;
                    map.insert(key, show(schema, of, input)?);
                }
            }
            Json::Object(map)
        }
        Type::Enum(place) => {
            let symbols = &schema.enumeration(*place).symbols;
            let symbol = usize::try_from(wire::get_int64(input)?).ok().and_then(|symbol| symbols.get(symbol));
            json!(symbol.ok_or_else(|| Error::corrupt("no symbol of the enum", input))?)
        }
        Type::Record(place) => {
            let mut fields = Map::new();
            for field in &schema.record(*place).fields {
                let value = show(schema, &field.of, input)?;
                if !value.is_null() {
                    fields.insert(field.name.clone(), value);
                }
            }
            Json::Object(fields)
        }
    })
}

/// A float as JSON. JSON has no numbers for infinity and NaN.
fn fraction(value: f64) -> Json {
    if value.is_finite() { json!(value) } else { Json::String(value.to_string()) }
}

fn bytes(value: &[u8]) -> Json {
    if let Ok(json) = serde_json::from_slice::<Json>(value) {
        return json!({ "json": json });
    }
    match std::str::from_utf8(value) {
        Ok(text) if !text.chars().any(|it| it.is_control() && !matches!(it, '\n' | '\r' | '\t')) => json!({ "text": text }),
        _ => json!({ "base64": BASE64_STANDARD.encode(value) }),
    }
}

/// The time in RFC 3339 for the years 0 to 9999; else its microseconds.
fn timestamp(micros: i64) -> Json {
    const MICROS_PER_SECOND: i64 = 1_000_000;
    const SECONDS_PER_DAY: i64 = 86_400;
    let seconds = micros.div_euclid(MICROS_PER_SECOND);
    let (year, month, day) = date(seconds.div_euclid(SECONDS_PER_DAY));
    if !(0..=9999).contains(&year) {
        return json!(micros);
    }
    let of_day = seconds.rem_euclid(SECONDS_PER_DAY);
    let (hour, minute, second) = (of_day / 3600, of_day / 60 % 60, of_day % 60);
    let fraction = micros.rem_euclid(MICROS_PER_SECOND);
    json!(format!("{year:04}-{month:02}-{day:02}T{hour:02}:{minute:02}:{second:02}.{fraction:06}Z"))
}

/// Year, month and day of a day counted from 1970-01-01, in the Gregorian calendar. Years are counted from March, so that a leap day is the
/// last of its year. 400 years are an era of 146,097 days.
fn date(days_since_epoch: i64) -> (i64, i64, i64) {
    const DAYS_PER_ERA: i64 = 146_097;
    const DAYS_TO_EPOCH: i64 = 719_468;
    let days = days_since_epoch + DAYS_TO_EPOCH;
    let era = days.div_euclid(DAYS_PER_ERA);
    let of_era = days.rem_euclid(DAYS_PER_ERA);
    let year_of_era = (of_era - of_era / 1_460 + of_era / 36_524 - of_era / 146_096) / 365;
    let of_year = of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let month_from_march = (5 * of_year + 2) / 153;
    let day = of_year - (153 * month_from_march + 2) / 5 + 1;
    let month = if month_from_march < 10 { month_from_march + 3 } else { month_from_march - 9 };
    (year_of_era + era * 400 + i64::from(month <= 2), month, day)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_timestamp_is_its_utc_date() {
        for (micros, expected) in [
            (0, "1970-01-01T00:00:00.000000Z"),
            (-1, "1969-12-31T23:59:59.999999Z"),
            (1_709_210_096_000_007, "2024-02-29T12:34:56.000007Z"),
            (951_782_400_000_000, "2000-02-29T00:00:00.000000Z"),
            (253_402_300_799_999_999, "9999-12-31T23:59:59.999999Z"),
        ] {
            assert_eq!(timestamp(micros), json!(expected));
        }
        assert_eq!(timestamp(i64::MAX), json!(i64::MAX));
        assert_eq!(timestamp(i64::MIN), json!(i64::MIN));
    }

    #[test]
    fn bytes_say_how_they_were_readable() {
        assert_eq!(bytes(br#"{"a": [1, "b"]}"#), json!({ "json": { "a": [1, "b"] } }));
        assert_eq!(bytes(b"json/plain"), json!({ "text": "json/plain" }));
        assert_eq!(bytes(b""), json!({ "text": "" }));
        assert_eq!(bytes(&[0xff, 0]), json!({ "base64": "/wA=" }));
        assert_eq!(bytes(b"\x00\x01"), json!({ "base64": "AAE=" }));
    }
}
