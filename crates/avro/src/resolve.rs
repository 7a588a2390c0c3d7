//! Converts a value of one schema version to another: Avro's schema resolution for the shapes that the mapping has.
//!
//! It goes straight from bytes to bytes. This way is slow, and is taken only for records that are older than the present schema.

use serde_json::Value as Json;

use crate::{
    Error,
    schema::{Field, Parsed, Record, Type},
    wire,
};

/// Converts `value`, written with `writer`, to `reader`. `id` is the writer's, for errors.
///
/// Fields are matched by name. Those that only the writer has are passed over; those that only the reader has get their default. Symbols of
/// enums are matched by name; one that the reader does not know becomes its default. A value may have become nullable, and a number wider.
///
/// # Errors
/// [`Error::Corrupt`] when the bytes are no value of `writer`; [`Error::Resolution`] when the two are not compatible.
pub fn carry_over(writer: &Parsed, reader: &Parsed, id: u32, mut value: &[u8]) -> Result<Vec<u8>, Error> {
    let carrier = Carrier { writer, reader, id };
    let mut out = Vec::with_capacity(value.len());
    carrier.value(&writer.root, &reader.root, &mut value, &mut out)?;
    if value.is_empty() { Ok(out) } else { Err(Error::corrupt("bytes after the value", value)) }
}

struct Carrier<'a> {
    writer: &'a Parsed,
    reader: &'a Parsed,
    id: u32,
}

impl Carrier<'_> {
    fn value(&self, from: &Type, to: &Type, input: &mut &[u8], out: &mut Vec<u8>) -> Result<(), Error> {
        match (from, to) {
            (Type::Nullable(from), Type::Nullable(to)) => {
                if wire::get_present(input)? {
                    wire::put_present(out);
                    self.value(from, to, input, out)?;
                } else {
                    wire::put_nulls(1, out);
                }
            }
            (from, Type::Nullable(to)) => {
                wire::put_present(out);
                self.value(from, to, input, out)?;
            }
            (Type::Array(from), Type::Array(to)) => {
                self.blocks(input, out, |input, out| self.value(from, to, input, out))?;
            }
            (Type::Map(from), Type::Map(to)) => self.blocks(input, out, |input, out| {
                wire::put_string(&wire::get_string(input)?, out);
                self.value(from, to, input, out)
            })?,
            (Type::Enum(from), Type::Enum(to)) => self.symbol(*from, *to, input, out)?,
            (Type::Record(from), Type::Record(to)) => self.record(self.writer.record(*from), self.reader.record(*to), input, out)?,
            (Type::Boolean, Type::Boolean) => wire::put_bool(&wire::get_bool(input)?, out),
            (Type::Int, Type::Int) => wire::put_int32(&wire::get_int32(input)?, out),
            (Type::Int, Type::Long) => wire::put_int64(&i64::from(wire::get_int32(input)?), out),
            (Type::Long | Type::TimestampMicros, Type::Long | Type::TimestampMicros) => wire::put_int64(&wire::get_int64(input)?, out),
            (Type::Float, Type::Float) => wire::put_float(&wire::get_float(input)?, out),
            (Type::Float, Type::Double) => wire::put_double(&f64::from(wire::get_float(input)?), out),
            (Type::Double, Type::Double) => wire::put_double(&wire::get_double(input)?, out),
            (Type::Bytes, Type::Bytes) => wire::put_bytes(&wire::get_slice(input)?, out),
            (Type::String, Type::String) => wire::put_string(&wire::get_string(input)?, out),
            _ => return Err(self.incompatible(format!("{from:?} is no {to:?}"))),
        }
        Ok(())
    }

    /// Converts blocks of items. The result has the same blocks with as many items each; it never states a block's size in bytes.
    fn blocks(
        &self,
        input: &mut &[u8],
        out: &mut Vec<u8>,
        item: impl Fn(&mut &[u8], &mut Vec<u8>) -> Result<(), Error>,
    ) -> Result<(), Error> {
        while let Some(count) = wire::get_block(input)? {
            wire::put_int64(&(count as i64), out);
            for _ in 0..count {
                item(input, out)?;
            }
        }
        out.push(0);
        Ok(())
    }

    fn symbol(&self, from: usize, to: usize, input: &mut &[u8], out: &mut Vec<u8>) -> Result<(), Error> {
        let (from, to) = (self.writer.enumeration(from), self.reader.enumeration(to));
        let symbol = usize::try_from(wire::get_int64(input)?).ok().and_then(|place| from.symbols.get(place));
        let symbol = symbol.ok_or_else(|| Error::corrupt("no symbol of the enum", input))?;
        let place = |name: &String| to.symbols.iter().position(|it| it == name);
        let known = place(symbol).or_else(|| place(to.default.as_ref()?));
        let known = known.ok_or_else(|| self.incompatible(format!("{} has no {symbol}", to.name)))?;
        wire::put_int64(&(known as i64), out);
        Ok(())
    }

    /// Converts a record. Values are read in the writer's order and written in the reader's.
    fn record(&self, from: &Record, to: &Record, input: &mut &[u8], out: &mut Vec<u8>) -> Result<(), Error> {
        if from.name != to.name {
            return Err(self.incompatible(format!("{} is no {}", from.name, to.name)));
        }
        let mut carried: Vec<Option<Vec<u8>>> = vec![None; to.fields.len()];
        for field in &from.fields {
            match to.fields.iter().position(|it| it.name == field.name) {
                Some(place) => {
                    let mut bytes = Vec::new();
                    self.value(&field.of, &to.fields[place].of, input, &mut bytes)?;
                    carried[place] = Some(bytes);
                }
                None => self.pass_over(&field.of, input)?,
            }
        }
        for (field, bytes) in to.fields.iter().zip(carried) {
            match bytes {
                Some(bytes) => out.extend_from_slice(&bytes),
                None => self.default(to, field, out)?,
            }
        }
        Ok(())
    }

    fn pass_over(&self, of: &Type, input: &mut &[u8]) -> Result<(), Error> {
        match of {
            Type::Null => {}
            Type::Boolean => drop(wire::get_bool(input)?),
            Type::Int | Type::Long | Type::TimestampMicros | Type::Enum(_) => drop(wire::get_int64(input)?),
            Type::Float => drop(wire::get_float(input)?),
            Type::Double => drop(wire::get_double(input)?),
            Type::Bytes | Type::String => drop(wire::get_slice(input)?),
            Type::Nullable(of) => {
                if wire::get_present(input)? {
                    self.pass_over(of, input)?;
                }
            }
            Type::Array(of) => {
                while let Some(count) = wire::get_block(input)? {
                    (0..count).try_for_each(|_| self.pass_over(of, input))?;
                }
            }
            Type::Map(of) => {
                while let Some(count) = wire::get_block(input)? {
                    for _ in 0..count {
                        wire::get_slice(input)?;
                        self.pass_over(of, input)?;
                    }
                }
            }
            Type::Record(place) => {
                for field in &self.writer.record(*place).fields {
                    self.pass_over(&field.of, input)?;
                }
            }
        }
        Ok(())
    }

    /// Writes a default. The mapping makes only these: null, zero, empty, and the first symbol.
    fn default(&self, record: &Record, field: &Field, out: &mut Vec<u8>) -> Result<(), Error> {
        let none = || self.incompatible(format!("{}.{} has no default of its type", record.name, field.name));
        let default = field.default.as_ref().ok_or_else(none)?;
        match (&field.of, default) {
            (Type::Nullable(_), Json::Null) => wire::put_nulls(1, out),
            (Type::Boolean, Json::Bool(value)) => wire::put_bool(value, out),
            (Type::Int | Type::Long | Type::TimestampMicros, Json::Number(value)) => {
                wire::put_int64(&value.as_i64().ok_or_else(none)?, out)
            }
            (Type::Float, Json::Number(value)) => wire::put_float(&(value.as_f64().ok_or_else(none)? as f32), out),
            (Type::Double, Json::Number(value)) => wire::put_double(&value.as_f64().ok_or_else(none)?, out),
            (Type::String, Json::String(value)) => wire::put_string(value, out),
            (Type::Bytes, Json::String(value)) if value.is_empty() => out.push(0),
            (Type::Array(_), Json::Array(items)) if items.is_empty() => out.push(0),
            (Type::Map(_), Json::Object(entries)) if entries.is_empty() => out.push(0),
            (Type::Enum(place), Json::String(symbol)) => {
                let place = self.reader.enumeration(*place).symbols.iter().position(|it| it == symbol).ok_or_else(none)?;
                wire::put_int64(&(place as i64), out);
            }
            _ => return Err(none()),
        }
        Ok(())
    }

    fn incompatible(&self, what: String) -> Error {
        Error::Resolution { id: self.id, what }
    }
}

#[cfg(test)]
mod tests {
    use apache_avro::{Schema, from_avro_datum, to_avro_datum, types::Value};

    use crate::{Error, compatibility::check_reads, schema::Parsed};

    fn carry_over(writer: &str, reader: &str, id: u32, value: &[u8]) -> Result<Vec<u8>, Error> {
        let parse = |text| Parsed::of(text).expect("a schema");
        super::carry_over(&parse(writer), &parse(reader), id, value)
    }

    const ONE: &str = r#"{"type": "record", "name": "R", "namespace": "n", "fields": [
        {"name": "gone", "type": {"type": "array", "items": {"type": "record", "name": "S", "namespace": "n", "fields": [
            {"name": "a", "type": "string", "default": ""}]}}, "default": []},
        {"name": "count", "type": "int", "default": 0},
        {"name": "colour", "type": {"type": "enum", "name": "C", "namespace": "n", "symbols": ["NONE", "RED", "BLUE"], "default": "NONE"},
            "default": "NONE"},
        {"name": "part", "type": ["null", "n.S"], "default": null},
        {"name": "gone_too", "type": {"type": "map", "values": ["null", "bytes"]}, "default": {}},
        {"name": "kept", "type": {"type": "map", "values": "n.S"}, "default": {}}]}"#;

    const TWO: &str = r#"{"type": "record", "name": "R", "namespace": "n", "fields": [
        {"name": "kept", "type": {"type": "map", "values": {"type": "record", "name": "S", "namespace": "n", "fields": [
            {"name": "more", "type": "bytes", "default": ""},
            {"name": "a", "type": "string", "default": ""}]}}, "default": {}},
        {"name": "part", "type": ["null", "n.S"], "default": null},
        {"name": "fresh", "type": ["null", "string"], "default": null},
        {"name": "list", "type": {"type": "array", "items": "long"}, "default": []},
        {"name": "colour", "type": {"type": "enum", "name": "C", "namespace": "n", "symbols": ["NONE", "BLUE"], "default": "NONE"},
            "default": "NONE"},
        {"name": "tint", "type": "n.C", "default": "BLUE"},
        {"name": "count", "type": "long", "default": 0},
        {"name": "rate", "type": "double", "default": 0.0},
        {"name": "on", "type": "boolean", "default": false}]}"#;

    fn part(text: &str) -> Value {
        Value::Record(vec![("a".to_owned(), Value::String(text.to_owned()))])
    }

    fn value(count: i32, colour: (u32, &str), with_part: bool) -> Value {
        let optional = if with_part { Value::Union(1, Box::new(part("p"))) } else { Value::Union(0, Box::new(Value::Null)) };
        let bytes = Value::Union(1, Box::new(Value::Bytes(vec![1, 2])));
        Value::Record(vec![
            ("gone".to_owned(), Value::Array(vec![part("x"), part("y")])),
            ("count".to_owned(), Value::Int(count)),
            ("colour".to_owned(), Value::Enum(colour.0, colour.1.to_owned())),
            ("part".to_owned(), optional),
            ("gone_too".to_owned(), Value::Map([("k".to_owned(), bytes)].into())),
            ("kept".to_owned(), Value::Map([("m".to_owned(), part("z"))].into())),
        ])
    }

    /// As Avro's own resolution does.
    #[test]
    fn a_value_is_carried_over_to_a_newer_schema() {
        assert_eq!(check_reads(ONE, TWO), Ok(()));
        let (one, two) = (Schema::parse_str(ONE).expect("a schema"), Schema::parse_str(TWO).expect("a schema"));
        for (count, colour, with_part) in [(0, (0, "NONE"), false), (-7, (1, "RED"), true), (i32::MAX, (2, "BLUE"), true)] {
            let bytes = to_avro_datum(&one, value(count, colour, with_part)).expect("a value of the schema");
            let carried = carry_over(ONE, TWO, 1, &bytes).expect("compatible schemas");
            let mut rest = carried.as_slice();
            let ours = from_avro_datum(&two, &mut rest, None).expect("a value of the newer schema");
            assert!(rest.is_empty());
            let theirs = from_avro_datum(&one, &mut bytes.as_slice(), Some(&two)).expect("compatible schemas");
            assert_eq!(ours, theirs);
        }
    }

    #[test]
    fn bytes_that_are_no_value_are_refused() {
        let one = Schema::parse_str(ONE).expect("a schema");
        let bytes = to_avro_datum(&one, value(1, (1, "RED"), true)).expect("a value of the schema");
        for end in 0..bytes.len() {
            assert!(matches!(carry_over(ONE, TWO, 1, &bytes[..end]), Err(Error::Corrupt { .. })), "cut at {end}");
        }
        let longer = [bytes.as_slice(), &[0]].concat();
        assert!(matches!(carry_over(ONE, TWO, 1, &longer), Err(Error::Corrupt { remaining: 1, .. })));
    }

    #[test]
    fn schemas_that_do_not_fit_are_told() {
        let other = r#"{"type": "record", "name": "Q", "namespace": "n", "fields": []}"#;
        assert!(matches!(carry_over(ONE, other, 9, &[0; 6]), Err(Error::Resolution { id: 9, .. })));
    }
}
