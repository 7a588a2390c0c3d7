//! How much a value holds, before it is decoded.
//!
//! The library makes room for as many values as the bytes say that there are. A few bytes may say so of any number, also where a value takes
//! no byte at all (a null, a record without fields).

use std::collections::HashMap;

use apache_avro::{Schema, schema::Name};
use klamm_triggers::limits::VALUES_MAX;

/// Largest JSON text that names of fields and symbols may make, bytes.
const NAMES_BYTES_MAX: usize = 16 << 20;
/// Longest varint.
const VARINT_BYTES_MAX: usize = 10;

/// Types by their names.
pub(super) type Named = HashMap<Name, Schema>;

/// Why a value is not decoded.
const CUT: &str = "The value is not of its schema: it is cut off.";

/// The types of a schema that have a name.
pub(super) fn named(schema: &Schema) -> Named {
    let mut found = Named::new();
    collect(schema, &mut found);
    found
}

fn collect(schema: &Schema, found: &mut Named) {
    let name = match schema {
        Schema::Array(array) => return collect(&array.items, found),
        Schema::Map(map) => return collect(&map.types, found),
        Schema::Union(union) => return union.variants().iter().for_each(|variant| collect(variant, found)),
        Schema::Decimal(decimal) => return collect(&decimal.inner, found),
        Schema::Record(record) => {
            record.fields.iter().for_each(|field| collect(&field.schema, found));
            &record.name
        }
        Schema::Enum(of) => &of.name,
        Schema::Fixed(of) => &of.name,
        _ => return,
    };
    found.insert(name.clone(), schema.clone());
}

/// Checks that a value is whole, and not more than can be borne.
///
/// # Errors
/// It is not.
pub(super) fn check(schema: &Schema, named: &Named, datum: &[u8]) -> Result<(), String> {
    let mut left = Left { datum, values: VALUES_MAX, names_bytes: NAMES_BYTES_MAX, named };
    left.value(schema)?;
    if left.datum.is_empty() { Ok(()) } else { Err("There are bytes after the value.".to_owned()) }
}

/// What is left.
struct Left<'a> {
    datum: &'a [u8],
    values: usize,
    names_bytes: usize,
    named: &'a Named,
}

impl Left<'_> {
    fn value(&mut self, schema: &Schema) -> Result<(), String> {
        self.values = self.values.checked_sub(1).ok_or_else(|| format!("The value holds more than {VALUES_MAX} values."))?;
        match schema {
            Schema::Null => Ok(()),
            Schema::Boolean => self.bytes(1),
            Schema::Float => self.bytes(4),
            Schema::Double => self.bytes(8),
            Schema::Duration => self.bytes(12),
            Schema::Fixed(fixed) => self.bytes(fixed.size),
            Schema::Decimal(decimal) => match &*decimal.inner {
                Schema::Fixed(fixed) => self.bytes(fixed.size),
                _ => self.counted_bytes(),
            },
            Schema::Bytes | Schema::String | Schema::Uuid | Schema::BigDecimal => self.counted_bytes(),
            Schema::Enum(of) => {
                let symbol = usize::try_from(self.number()?).ok().and_then(|index| of.symbols.get(index));
                self.name(symbol.map_or(0, String::len))
            }
            Schema::Array(array) => self.items(|left| left.value(&array.items)),
            Schema::Map(map) => self.items(|left| {
                left.counted_bytes()?;
                left.value(&map.types)
            }),
            Schema::Union(union) => {
                let variant = usize::try_from(self.number()?).ok().and_then(|index| union.variants().get(index));
                let variant = variant.ok_or("The value is not of its schema: a union has not so many types.")?;
                self.value(variant)
            }
            Schema::Record(record) => {
                for field in &record.fields {
                    self.name(field.name.len())?;
                    self.value(&field.schema)?;
                }
                Ok(())
            }
            Schema::Ref { name } => {
                let named = self.named;
                let found = named.get(name).ok_or_else(|| format!("The schema has no type {name}."))?;
                self.value(found)
            }
            Schema::Int
            | Schema::Long
            | Schema::Date
            | Schema::TimeMillis
            | Schema::TimeMicros
            | Schema::TimestampMillis
            | Schema::TimestampMicros
            | Schema::TimestampNanos
            | Schema::LocalTimestampMillis
            | Schema::LocalTimestampMicros
            | Schema::LocalTimestampNanos => self.number().map(drop),
        }
    }

    /// The blocks of an array or a map. Of each it is said how many items it has; if that is negative, also how many bytes.
    fn items(&mut self, mut item: impl FnMut(&mut Self) -> Result<(), String>) -> Result<(), String> {
        loop {
            let count = self.number()?;
            if count < 0 {
                self.number()?;
            }
            if count == 0 {
                return Ok(());
            }
            for _ in 0..count.unsigned_abs() {
                item(self)?;
            }
        }
    }

    fn name(&mut self, bytes: usize) -> Result<(), String> {
        let why = || format!("The value would be longer than {NAMES_BYTES_MAX} bytes in JSON.");
        self.names_bytes = self.names_bytes.checked_sub(bytes).ok_or_else(why)?;
        Ok(())
    }

    fn counted_bytes(&mut self) -> Result<(), String> {
        let count = self.number()?;
        self.bytes(usize::try_from(count).map_err(|_| CUT.to_owned())?)
    }

    fn bytes(&mut self, count: usize) -> Result<(), String> {
        self.datum = self.datum.get(count..).ok_or(CUT)?;
        Ok(())
    }

    fn number(&mut self) -> Result<i64, String> {
        let mut value = 0_u64;
        for (at, byte) in self.datum.iter().take(VARINT_BYTES_MAX).enumerate() {
            value |= u64::from(byte & 0x7f) << (7 * at);
            if byte & 0x80 == 0 {
                self.datum = &self.datum[at + 1..];
                return Ok((value >> 1).cast_signed() ^ -(value & 1).cast_signed());
            }
        }
        Err(CUT.to_owned())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::avro::to_json;

    fn read(schema: &str, datum: &[u8]) -> Result<String, String> {
        let schema = Schema::parse_str(schema).map(crate::avro::Avro::of).expect("a schema").expect("one that can be used");
        to_json(&schema, datum)
    }

    #[test]
    fn a_few_bytes_make_no_mass_of_values() {
        // Half a billion, as a varint.
        let many = b"\xfe\xff\xff\xff\x03";
        for items in [r#""null""#, r#""long""#, r#"{"type": "record", "name": "R", "fields": []}"#] {
            let array = format!(r#"{{"type": "array", "items": {items}}}"#);
            let why = read(&array, many).expect_err("too many");
            let expected = if items == r#""long""# { "it is cut off" } else { "more than 200000 values" };
            assert!(why.contains(expected), "{items}: {why}");
            let negative = [&b"\xff\xff\xff\xff\x03"[..], many].concat();
            assert!(read(&array, &negative).is_err());
        }
        assert!(read(r#"{"type": "map", "values": "null"}"#, many).unwrap_err().contains("cut off"));
        for kind in [r#""bytes""#, r#""string""#, r#"{"type": "fixed", "name": "F", "size": 1000000000000}"#] {
            assert!(read(kind, many).unwrap_err().contains("cut off"), "{kind}");
        }
        // Each type has two of the one before: no byte, and a billion records.
        let mut schema = r#"{"type": "record", "name": "R0", "fields": []}"#.to_owned();
        for number in 1..30 {
            let before = format!("R{}", number - 1);
            let fields = format!(r#"{{"name": "a", "type": {schema}}}, {{"name": "b", "type": "{before}"}}"#);
            schema = format!(r#"{{"type": "record", "name": "R{number}", "fields": [{fields}]}}"#);
        }
        assert!(read(&schema, b"").unwrap_err().contains("more than 200000 values"));
        let long = "x".repeat(100_000);
        let named =
            format!(r#"{{"type": "array", "items": {{"type": "record", "name": "R", "fields": [{{"name": "{long}", "type": "null"}}]}}}}"#);
        assert!(read(&named, b"\xd0\x0f\x00").unwrap_err().contains("longer than"));
        assert_eq!(read(&named, b"\x02\x00"), Ok(format!(r#"[{{"{long}":null}}]"#)));
    }
}
