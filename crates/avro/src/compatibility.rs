//! Whether values written with one schema can be read with another: Avro's rules for the shapes that the mapping has.
//!
//! This is stricter than Avro where readers of the topics would notice: a logical type may neither be added nor removed.

use std::collections::BTreeSet;

use crate::schema::{Parsed, Type};

/// Checks that values of `writer` can be read as `reader`. Both are the texts of schemas.
///
/// # Errors
/// The first thing that cannot be read, with its place.
pub fn check_reads(writer: &str, reader: &str) -> Result<(), String> {
    let (writer, reader) = (Parsed::of(writer)?, Parsed::of(reader)?);
    let mut check = Check { writer: &writer, reader: &reader, seen: BTreeSet::new() };
    check.value(&writer.root, &reader.root, "the value")
}

struct Check<'a> {
    writer: &'a Parsed,
    reader: &'a Parsed,
    /// Pairs of records that were already looked at.
    seen: BTreeSet<(usize, usize)>,
}

impl Check<'_> {
    fn value(&mut self, from: &Type, to: &Type, place: &str) -> Result<(), String> {
        match (from, to) {
            (Type::Nullable(from), Type::Nullable(to)) | (Type::Array(from), Type::Array(to)) | (Type::Map(from), Type::Map(to)) => {
                self.value(from, to, place)
            }
            (from, Type::Nullable(to)) => self.value(from, to, place),
            (Type::Enum(from), Type::Enum(to)) => self.enumeration(*from, *to, place),
            (Type::Record(from), Type::Record(to)) => self.record(*from, *to, place),
            (Type::Int, Type::Long) | (Type::Float, Type::Double) => Ok(()),
            (from, to) if from == to => Ok(()),
            _ => Err(format!("{place}: {from:?} became {to:?}")),
        }
    }

    fn enumeration(&self, from: usize, to: usize, place: &str) -> Result<(), String> {
        let (from, to) = (self.writer.enumeration(from), self.reader.enumeration(to));
        if from.name != to.name {
            return Err(format!("{place}: {} became {}", from.name, to.name));
        }
        match from.symbols.iter().find(|symbol| !to.symbols.contains(symbol)) {
            Some(symbol) if to.default.is_none() => Err(format!("{place}: the symbol {symbol} has nothing to become")),
            _ => Ok(()),
        }
    }

    fn record(&mut self, from: usize, to: usize, place: &str) -> Result<(), String> {
        if !self.seen.insert((from, to)) {
            return Ok(());
        }
        let (from, to) = (self.writer.record(from), self.reader.record(to));
        if from.name != to.name {
            return Err(format!("{place}: {} became {}", from.name, to.name));
        }
        for field in &to.fields {
            let place = format!("{}.{}", to.name, field.name);
            match from.fields.iter().find(|it| it.name == field.name) {
                Some(written) => self.value(&written.of, &field.of, &place)?,
                None if field.default.is_none() => return Err(format!("{place} has no default")),
                None => {}
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::check_reads;

    fn record(fields: &str) -> String {
        format!(r#"{{"type": "record", "name": "R", "namespace": "n", "fields": [{fields}]}}"#)
    }

    #[test]
    fn fields_come_and_go_with_defaults_only() {
        let (one, two) =
            (record(r#"{"name": "a", "type": "int"}"#), record(r#"{"name": "a", "type": "int"}, {"name": "b", "type": "int"}"#));
        assert_eq!(check_reads(&one, &two), Err("n.R.b has no default".to_owned()));
        assert_eq!(check_reads(&two, &one), Ok(()));
        let with_default = record(r#"{"name": "a", "type": "int"}, {"name": "b", "type": "int", "default": 0}"#);
        assert_eq!(check_reads(&one, &with_default), Ok(()));
    }

    #[test]
    fn types_stay() {
        let of = |of: &str| record(&format!(r#"{{"name": "a", "type": {of}}}"#));
        assert_eq!(check_reads(&of(r#""int""#), &of(r#""long""#)), Ok(()));
        assert!(check_reads(&of(r#""long""#), &of(r#""int""#)).is_err());
        assert_eq!(check_reads(&of(r#""long""#), &of(r#"["null", "long"]"#)), Ok(()));
        assert!(check_reads(&of(r#"["null", "long"]"#), &of(r#""long""#)).is_err());
        assert!(check_reads(&of(r#""long""#), &of(r#"{"type": "long", "logicalType": "timestamp-micros"}"#)).is_err());
        assert!(check_reads(&of(r#"{"type": "array", "items": "long"}"#), &of(r#"{"type": "array", "items": "string"}"#)).is_err());
    }

    #[test]
    fn symbols_need_a_default_to_become() {
        let of = |symbols: &str| format!(r#"{{"type": "enum", "name": "E", "namespace": "n", "symbols": {symbols}, "default": "A"}}"#);
        let without = r#"{"type": "enum", "name": "E", "namespace": "n", "symbols": ["A"]}"#;
        assert_eq!(check_reads(&of(r#"["A", "B"]"#), &of(r#"["A"]"#)), Ok(()));
        assert_eq!(check_reads(&of(r#"["A", "B"]"#), without), Err("the value: the symbol B has nothing to become".to_owned()));
    }
}
