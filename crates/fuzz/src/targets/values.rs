//! Values of triggers: random schemas of Avro and Protobuf, values of them and random bytes, in each framing.

use klamm_ingress::{Away, SchemaId, SchemaKind, SchemaReference, SchemaSource, SchemaText, value_text};
use klamm_log::Record;
use klamm_triggers::{Format, SchemaIds};

use crate::{
    campaign::Target,
    mutate::{mutate, mutate_text},
    random::Random,
};

/// How deep generated types are nested.
const DEPTH: usize = 4;

/// Values with their schemas.
#[derive(Debug)]
pub struct Values {
    last_schema: String,
    last_value: Vec<u8>,
}

/// A record and the schema that the registry has for whatever it names.
#[derive(Debug)]
pub struct Input {
    schema: String,
    format: Format,
    ids: SchemaIds,
    record: Record,
    /// Nothing is damaged, and all of it has a form in JSON.
    is_good: bool,
}

/// Has one schema, and a file that it may import.
struct One(Format, String);

impl SchemaSource for One {
    fn schema(&self, _: SchemaId) -> Result<Option<SchemaText>, Away> {
        let kind = if self.0 == Format::Avro { SchemaKind::Avro } else { SchemaKind::Protobuf };
        let reference = SchemaReference { name: "other.proto".to_owned(), subject: "other".to_owned(), version: 1 };
        Ok(Some(SchemaText { kind, text: self.1.clone(), references: vec![reference] }))
    }

    fn version(&self, _: &str, _: u32) -> Result<Option<SchemaText>, Away> {
        let text = "syntax = \"proto3\"; message Other { int64 a = 1; repeated string b = 2; }".to_owned();
        Ok(Some(SchemaText { kind: SchemaKind::Protobuf, text, references: Vec::new() }))
    }

    fn latest(&self, _: &str) -> Result<Option<(u32, SchemaText)>, Away> {
        Ok(None)
    }
}

impl Target for Values {
    type Input = Input;

    const NAME: &'static str = "values";

    fn new() -> Self {
        Self { last_schema: String::new(), last_value: Vec::new() }
    }

    fn input(&mut self, random: &mut Random) -> Input {
        let format = *random.pick(&[Format::Avro, Format::Avro, Format::Protobuf, Format::Protobuf, Format::JsonSchema]);
        let ids = *random.pick(&[SchemaIds::Confluent, SchemaIds::ApicurioGlobal, SchemaIds::ApicurioContent]);
        let mut made = Made { value: Vec::new(), names: 0, is_good: true };
        let mut schema = match format {
            Format::Avro => made.avro(random, DEPTH),
            Format::Protobuf => made.protobuf(random),
            _ => {
                made.value = random.pick(&["{}", "[1e400]", "{\"a\": 1.50}", "", "nul"]).as_bytes().to_vec();
                String::new()
            }
        };
        let Made { mut value, mut is_good, .. } = made;
        if random.chance(1, 6) {
            schema = mutate_text(&schema, &self.last_schema, random);
            is_good = false;
        }
        if random.chance(1, 3) {
            value = if random.chance(1, 4) { random.bytes(60) } else { mutate(value, &self.last_value, random) };
            is_good = false;
        }
        self.last_schema.clone_from(&schema);
        self.last_value.clone_from(&value);
        let (framed, mut headers) = framed(random, ids, format, value);
        let value = if random.chance(1, 6) {
            is_good = false;
            mutate(framed, &self.last_value, random)
        } else {
            framed
        };
        if random.chance(1, 6)
            && let Some((_, header)) = headers.last_mut()
        {
            is_good = false;
            *header = mutate(std::mem::take(header), &self.last_value, random);
        }
        let headers = headers.into_iter().map(|(name, value)| (name.to_owned(), value.into())).collect();
        Input { schema, format, ids, record: Record { headers, ..Record::new("k", value) }, is_good }
    }

    fn try_input(&mut self, input: &Input) -> Result<(), String> {
        match value_text(&One(input.format, input.schema.clone()), input.format, input.ids, &input.record) {
            None => Err("there is a value, and nothing was said of it".to_owned()),
            Some(Ok(_)) if input.format == Format::JsonSchema => Ok(()),
            Some(Ok(text)) if serde_json::from_str::<serde_json::Value>(&text).is_err() => Err(format!("no JSON: {text}")),
            Some(Err(why)) if input.is_good => Err(format!("refused: {why}")),
            Some(_) => Ok(()),
        }
    }
}

/// The value behind an id, or with one in a header.
fn framed(random: &mut Random, ids: SchemaIds, format: Format, value: Vec<u8>) -> (Vec<u8>, Vec<(&'static str, Vec<u8>)>) {
    let in_header = random.chance(1, 2);
    let is_confluent = ids == SchemaIds::Confluent;
    let message_type: &[u8] = match format {
        // The indexes of the first type, or its name.
        Format::Protobuf if is_confluent && random.chance(1, 2) => &[0],
        Format::Protobuf if is_confluent => &[2, 0],
        Format::Protobuf => b"\x05\x0a\x03Top",
        _ => b"",
    };
    let id = random.bits().to_be_bytes();
    if !in_header {
        let id = if is_confluent { &[0, 0, 0, 0, 1][..] } else { &[&[0], &id[..]].concat() };
        return ([id, message_type, &value].concat(), Vec::new());
    }
    if is_confluent {
        let header = [&[1], &id[..], &id[..], message_type].concat();
        return (value, vec![("__value_schema_id", header)]);
    }
    let name = *random.pick(&["apicurio.value.globalId", "apicurio.value.contentId"]);
    match random.chance(1, 2) && format == Format::Protobuf {
        true => (value, vec![("apicurio.protobuf.type", b"Top".to_vec()), (name, id.to_vec())]),
        false => ([message_type, &value].concat(), vec![(name, id.to_vec())]),
    }
}

/// A value that is made beside its schema.
struct Made {
    value: Vec<u8>,
    names: usize,
    is_good: bool,
}

impl Made {
    fn name(&mut self) -> String {
        self.names += 1;
        format!("n{}", self.names)
    }

    fn zigzag(&mut self, number: i64) {
        self.varint(((number << 1) ^ (number >> 63)).cast_unsigned());
    }

    fn varint(&mut self, mut number: u64) {
        while number > 0x7f {
            self.value.push(number as u8 | 0x80);
            number >>= 7;
        }
        self.value.push(number as u8);
    }

    fn bytes(&mut self, bytes: &[u8]) {
        self.zigzag(bytes.len() as i64);
        self.value.extend_from_slice(bytes);
    }

    /// A type, and a value of it.
    fn avro(&mut self, random: &mut Random, depth: usize) -> String {
        match random.below(if depth == 0 { 8 } else { 13 }) {
            0 => "\"null\"".to_owned(),
            1 => {
                self.value.push(random.below(2) as u8);
                "\"boolean\"".to_owned()
            }
            2 => {
                self.zigzag(random.int() as i32 as i64);
                random.pick(&["\"int\"", "{\"type\": \"int\", \"logicalType\": \"time-millis\"}"]).to_string()
            }
            3 => {
                self.zigzag(random.int());
                let other = random.below(3);
                // Times and days far from 1970 have no form.
                self.is_good &= other == 0;
                [
                    "\"long\"",
                    "{\"type\": \"long\", \"logicalType\": \"timestamp-millis\"}",
                    "{\"type\": \"long\", \"logicalType\": \"local-timestamp-micros\"}",
                ][other]
                    .to_owned()
            }
            4 => {
                let number = random.float();
                self.is_good &= number.is_finite();
                self.value.extend_from_slice(&number.to_le_bytes());
                "\"double\"".to_owned()
            }
            5 => {
                let text = random.text();
                self.bytes(text.as_bytes());
                "\"string\"".to_owned()
            }
            6 => {
                let bytes = random.bytes(20);
                self.bytes(&bytes);
                let is_decimal = random.chance(1, 4);
                self.is_good &= !is_decimal;
                if is_decimal { r#"{"type": "bytes", "logicalType": "decimal", "precision": 9, "scale": 2}"# } else { "\"bytes\"" }
                    .to_owned()
            }
            7 => {
                let size = random.below(20);
                self.value.extend((0..size).map(|_| random.bits() as u8));
                format!(r#"{{"type": "fixed", "name": "{}", "size": {size}}}"#, self.name())
            }
            8 => {
                self.zigzag(random.below(3) as i64);
                format!(r#"{{"type": "enum", "name": "{}", "symbols": ["A", "B", "C"]}}"#, self.name())
            }
            9 => self.avro_items(random, depth, "array", "items", false),
            10 => self.avro_items(random, depth, "map", "values", true),
            11 => {
                let is_null = random.chance(1, 2);
                self.zigzag(i64::from(!is_null));
                let before = self.value.len();
                let mut other = self.avro(random, depth - 1);
                if other == "\"null\"" || other.starts_with('[') {
                    self.value.truncate(before);
                    self.value.push(1);
                    other = "\"boolean\"".to_owned();
                }
                if is_null {
                    self.value.truncate(before);
                }
                format!("[\"null\", {other}]")
            }
            _ => {
                let name = self.name();
                let fields: Vec<_> = (0..random.below(5))
                    .map(|number| format!(r#"{{"name": "f{number}", "type": {}}}"#, self.avro(random, depth - 1)))
                    .collect();
                format!(r#"{{"type": "record", "name": "{name}", "fields": [{}]}}"#, fields.join(", "))
            }
        }
    }

    /// A list or map of two values that are alike, or of none.
    fn avro_items(&mut self, random: &mut Random, depth: usize, kind: &str, items: &str, is_keyed: bool) -> String {
        let begin = self.value.len();
        let of = self.avro(random, depth - 1);
        let one = self.value.split_off(begin);
        if random.chance(3, 4) {
            self.zigzag(2);
            for key in ["a", "b"] {
                if is_keyed {
                    self.bytes(key.as_bytes());
                }
                self.value.extend_from_slice(&one);
            }
        }
        self.zigzag(0);
        format!(r#"{{"type": "{kind}", "{items}": {of}}}"#)
    }

    /// A file, and a message of its first type.
    fn protobuf(&mut self, random: &mut Random) -> String {
        let imported = random.chance(1, 4);
        let mut fields = String::new();
        for number in 1..=random.below(8) as u64 {
            let is_list = random.chance(1, 4);
            let label = if is_list { "repeated " } else { *random.pick(&["", "", "optional "]) };
            let kind = *random.pick(&["int64", "sint32", "bool", "double", "fixed32", "string", "bytes", "E", "M", "Top", "map", "Other"]);
            let kind = if kind == "Other" && !imported { "bool" } else { kind };
            let count = if is_list { random.below(3) } else { random.below(2) };
            match kind {
                "map" => fields += &format!("map<string, int64> f{number} = {number}; "),
                _ => fields += &format!("{label}{kind} f{number} = {number}; "),
            }
            for _ in 0..count {
                self.field(random, number, kind);
            }
        }
        if random.chance(1, 4) {
            // A field that the type does not have.
            self.varint(1000 << 3);
            self.varint(random.bits());
        }
        let import = if imported { "import \"other.proto\"; " } else { "" };
        format!(
            "syntax = \"proto3\"; {import}message Top {{ {fields}}} enum E {{ A = 0; B = 1; }} message M {{ string a = 1; oneof o {{ int64 b = 2; bytes c = 3; }} }}"
        )
    }

    fn field(&mut self, random: &mut Random, number: u64, kind: &str) {
        match kind {
            "int64" | "sint32" | "E" | "bool" => {
                self.varint(number << 3);
                self.varint(if kind == "int64" { random.bits() } else { random.below(2) as u64 });
            }
            "double" => {
                self.varint(number << 3 | 1);
                self.value.extend_from_slice(&random.float().to_le_bytes());
            }
            "fixed32" => {
                self.varint(number << 3 | 5);
                self.value.extend_from_slice(&(random.bits() as u32).to_le_bytes());
            }
            "string" | "bytes" | "map" | "M" | "Other" | "Top" => {
                let value = match kind {
                    "string" => random.text().into_bytes(),
                    "bytes" => random.bytes(20),
                    "map" => b"\x0a\x01k\x10\x07".to_vec(),
                    "M" => b"\x0a\x01a\x10\x07".to_vec(),
                    "Other" => b"\x08\x07\x12\x01b".to_vec(),
                    _ => Vec::new(),
                };
                self.varint(number << 3 | 2);
                self.varint(value.len() as u64);
                self.value.extend_from_slice(&value);
            }
            _ => {}
        }
    }
}
