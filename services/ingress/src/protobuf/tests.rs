use std::collections::BTreeMap;

use proptest::prelude::*;
use prost::Message;
use serde_json::json;

use super::*;
use crate::{SchemaReference, SchemaText};

const SHOP: &str = r#"
syntax = "proto3";
package shop;
import "shop/money.proto";
import "google/protobuf/timestamp.proto";
import "google/protobuf/wrappers.proto";
import "google/protobuf/struct.proto";
import "confluent/type/decimal.proto";
message Heartbeat {}
message Order {
  enum Status { UNKNOWN = 0; PLACED = 1; }
  message Line { string sku_code = 1; int32 count = 2; message Note { string text = 1; } }
  int64 order_id = 1;
  Status status = 2;
  repeated Line lines = 3;
  Money total = 4;
  map<string, uint64> tags = 5;
  optional string coupon = 6;
  oneof payment { string card = 7; bytes cheque = 8; }
  google.protobuf.Timestamp placed_at = 9;
  google.protobuf.Int64Value weight = 10;
  google.protobuf.Struct extra = 11;
  confluent.type.Decimal tax = 12;
  float rate = 13 [json_name = "theRate"];
}
"#;
const MONEY: &str =
    r#"syntax = "proto3"; package shop; import "shop/currency.proto"; message Money { sint64 cents = 1; Currency currency = 2; }"#;
const CURRENCY: &str = r#"syntax = "proto3"; package shop; enum Currency { NONE = 0; EUR = 1; }"#;

/// Schemas by id and by subject, whose version is 1.
#[derive(Default)]
struct Registry {
    ids: BTreeMap<u32, SchemaText>,
    subjects: BTreeMap<String, SchemaText>,
}

impl SchemaSource for Registry {
    fn schema(&self, id: SchemaId) -> Result<Option<SchemaText>, Away> {
        let SchemaId::Id(id) = id else { return Ok(None) };
        Ok(self.ids.get(&id).cloned())
    }

    fn version(&self, subject: &str, version: u32) -> Result<Option<SchemaText>, Away> {
        Ok(self.subjects.get(subject).filter(|_| version == 1).cloned())
    }

    fn latest(&self, _: &str) -> Result<Option<(u32, SchemaText)>, Away> {
        Ok(None)
    }
}

fn proto(text: &str, references: &[&str]) -> SchemaText {
    let reference = |name: &&str| SchemaReference { name: (*name).to_owned(), subject: format!("of/{name}"), version: 1 };
    SchemaText { kind: SchemaKind::Protobuf, text: text.to_owned(), references: references.iter().map(reference).collect() }
}

fn shop() -> Registry {
    Registry {
        ids: [(1, proto(SHOP, &["shop/money.proto"])), (2, SchemaText::avro("\"string\""))].into(),
        subjects: [
            ("of/shop/money.proto".to_owned(), proto(MONEY, &["shop/currency.proto"])),
            ("of/shop/currency.proto".to_owned(), proto(CURRENCY, &[])),
        ]
        .into(),
    }
}

fn refused(registry: &Registry, id: u32) -> String {
    match Protobuf::look_up(registry, SchemaId::Id(id)) {
        Ok(Some(Err(why))) => why,
        Ok(Some(Ok(_))) => "no refusal".to_owned(),
        Ok(None) => "not known".to_owned(),
        Err(away) => away.to_string(),
    }
}

/// The message of a type, encoded, behind these indexes.
fn framed(schema: &Protobuf, name: &str, indexes: &[u8], value: Json) -> Vec<u8> {
    let descriptor = schema.file.parent_pool().get_message_by_name(name).expect("a type");
    let message = DynamicMessage::deserialize(descriptor, value).expect("a value of the type");
    [indexes, &message.encode_to_vec()].concat()
}

fn read(schema: &Protobuf, framed: &[u8]) -> Json {
    serde_json::from_str(&to_json(schema, MessageType::IndexesBefore, framed).expect("a value")).expect("JSON")
}

#[test]
fn a_message_has_its_own_names_its_numbers_and_its_defaults() {
    let schema = Protobuf::once(&shop(), SchemaId::Id(1)).expect("a schema");
    let given = json!({
        "orderId": "9007199254740993", "status": "PLACED", "lines": [{"skuCode": "a", "count": 2}, {}],
        "total": {"cents": "-5", "currency": "EUR"}, "tags": {"b": "2", "a": "18446744073709551615"}, "cheque": "AQI=",
        "placedAt": "2026-01-02T03:04:05Z", "weight": "7", "extra": {"z": [1.5, null], "a": true},
        "tax": {"value": "AQ==", "precision": 3, "scale": 2}, "theRate": 1.1,
    });
    let bytes = framed(&schema, "shop.Order", &[2, 2], given);
    let expected = concat!(
        r#"{"cheque":"AQI=","extra":{"a":true,"z":[1.5,null]},"lines":[{"count":2,"sku_code":"a"},{"count":0,"sku_code":""}],"#,
        r#""order_id":9007199254740993,"placed_at":"2026-01-02T03:04:05Z","rate":1.1,"status":"PLACED","#,
        r#""tags":{"a":18446744073709551615,"b":2},"tax":{"precision":3,"scale":2,"value":"AQ=="},"#,
        r#""total":{"cents":-5,"currency":"EUR"},"weight":7}"#
    );
    for _ in 0..10 {
        // The library has maps in no order.
        assert_eq!(to_json(&schema, MessageType::IndexesBefore, &bytes).as_deref(), Ok(expected));
    }
    // What has no presence is there with its default, and what has one is left out.
    let empty = json!({"order_id": 0, "status": "UNKNOWN", "lines": [], "tags": {}, "rate": 0.0});
    assert_eq!(read(&schema, &[2, 2]), empty);
    // A number that its enum does not name, and a field that its type does not have.
    assert_eq!(read(&schema, &[2, 2, 0x10, 9, 0xf8, 0x07, 1])["status"], json!(9));
}

#[test]
fn the_indexes_say_which_type_it_is() {
    let schema = Protobuf::once(&shop(), SchemaId::Id(1)).expect("a schema");
    // A single 0 is the first type of the file; so are its indexes written out.
    assert_eq!(read(&schema, &[0]), json!({}));
    assert_eq!(read(&schema, &[2, 0]), json!({}));
    // Order.Line and Order.Line.Note. Types of maps stand among a type's own: they have the highest indexes here.
    assert_eq!(read(&schema, &[4, 2, 0, 0x10, 7]), json!({"sku_code": "", "count": 7}));
    assert_eq!(read(&schema, &[6, 2, 0, 0]), json!({"text": ""}));
    let wrong = |bytes: &[u8]| to_json(&schema, MessageType::IndexesBefore, bytes).expect_err("no value");
    assert_eq!(wrong(&[2, 4]), "The schema has no message type with the indexes [2].");
    assert_eq!(wrong(&[4, 0, 0]), "The schema has no message type with the indexes [0, 0].");
    assert_eq!(wrong(&[2, 1]), "The schema has no message type with the indexes [-1].");
    for none in [&[][..], &[4, 2], &[0x80], &[0xff; 11]] {
        assert!(wrong(none).starts_with("The value has no message indexes"), "{none:?}");
    }
    assert_eq!(wrong(&[66]), "The value has 33 message indexes; klamm reads 32 at most.");
    assert_eq!(wrong(&[1]), "The value has -1 message indexes; klamm reads 32 at most.");
    assert!(wrong(&[2, 2, 0x0a, 9]).starts_with("The value is not of its schema: "));
}

#[test]
fn the_type_may_be_said_elsewhere() {
    let schema = Protobuf::once(&shop(), SchemaId::Id(1)).expect("a schema");
    let order = b"\x08\x07";
    let read = |message_type, bytes: &[u8]| to_json(&schema, message_type, bytes);
    let expected = to_json(&schema, MessageType::IndexesBefore, &[&[2, 2][..], order].concat());
    assert!(expected.as_ref().is_ok_and(|it| it.contains("\"order_id\":7")));
    assert_eq!(read(MessageType::Indexes(&[2, 2]), order), expected);
    let with_ref = [b"\x07\x0a\x05Order", &order[..]].concat();
    assert_eq!(read(MessageType::RefBefore, &with_ref), expected);
    assert_eq!(read(MessageType::Name("Order"), order), expected);
    assert_eq!(read(MessageType::Name("Order"), &with_ref), expected, "said twice");
    let wrong = |message_type, bytes: &[u8]| to_json(&schema, message_type, bytes).expect_err("no value");
    assert!(wrong(MessageType::Indexes(&[]), order).starts_with("The value has no message indexes"));
    for name in ["shop.Order", "Line", ""] {
        assert_eq!(wrong(MessageType::Name(name), order), format!("The schema has no message type with the name {name:?}."));
    }
    for cut in [&[][..], b"\x07\x0a\x05Ord", b"\x02\x0a\x05Order", &[0xff; 11]] {
        assert!(wrong(MessageType::RefBefore, cut).starts_with("The value has no name of a message type"), "{cut:?}");
    }
    assert_eq!(wrong(MessageType::RefBefore, &[0]), "The schema has no message type with the name \"\".");
}

#[test]
fn a_schema_that_cannot_be_used_says_why_and_what_is_missing_may_come() {
    let mut registry = shop();
    assert_eq!(refused(&registry, 9), "not known");
    assert_eq!(Protobuf::once(&registry, SchemaId::Id(9)).err().unwrap(), "No schema with the id 9 is known.");
    assert_eq!(refused(&registry, 2), "The schema with the id 2 is none of Protobuf.");
    let add = |registry: &mut Registry, schema| {
        registry.ids.insert(3, schema);
        refused(registry, 3)
    };
    let broken = add(&mut registry, proto("syntax = \"proto3\"; message {", &[]));
    assert!(broken.starts_with("The schema with the id 3 cannot be used: "), "{broken}");
    let unnamed = add(&mut registry, proto("import \"other.proto\";", &[]));
    assert!(unnamed.contains("other.proto"), "{unnamed}");
    let away = add(&mut registry, proto("", &["gone.proto"]));
    assert_eq!(away, "the registry has no version 1 of of/gone.proto, to which a schema refers");
    registry.subjects.insert("of/a.avsc".to_owned(), SchemaText::avro("\"int\""));
    assert!(add(&mut registry, proto("", &["a.avsc"])).contains("is none of Protobuf"));
    registry.subjects.insert("of/self.proto".to_owned(), proto("import \"self.proto\";", &["self.proto"]));
    assert!(add(&mut registry, proto("import \"self.proto\";", &["self.proto"])).contains("cannot be used"));
}

#[test]
fn schemas_are_bounded() {
    let mut registry = shop();
    let mut add = |schema| {
        registry.ids.insert(3, schema);
        refused(&registry, 3)
    };
    let nested = |depth: usize| "message A {".repeat(depth) + &"}".repeat(depth);
    assert_eq!(add(proto(&nested(90), &[])), "no refusal");
    assert!(add(proto(&nested(50_000), &[])).contains("nested deeper"));
    // Braces in comments and texts neither count nor hide others.
    let comments =
        format!("// {}\n/* {} */ message A {{ optional string a = 1 [json_name = \"{}\"]; }}", "{".repeat(200), "}".repeat(9), "x{'");
    assert_eq!(add(proto(&comments, &[])), "no refusal");
    let hidden = "/*}*/ message A {\"}\\\"}\"".repeat(200);
    assert!(add(proto(&hidden, &[])).contains("nested deeper"));
    assert!(add(proto(&format!("//{}", "x".repeat(1 << 20)), &[])).contains("longer than"));
    let number = |digits: usize| format!("message A {{ optional int64 a = 1 [default = {}]; }}", "9".repeat(digits));
    assert!(add(proto(&number(100_000), &[])).contains("a name or number that is longer than 1000 bytes"));
    assert_eq!(add(proto(&number(18), &[])), "no refusal");
    // Of each of these it could be said where it stands.
    let twice = format!("message A {{ {} }}", "missing a = 1; ".repeat(20_000));
    let begun = std::time::Instant::now();
    assert!(add(proto(&twice, &[])).contains("cannot be used"));
    assert!(begun.elapsed() < std::time::Duration::from_secs(20), "{:?}", begun.elapsed());
    let names: Vec<_> = (0..100).map(|number| format!("f{number}.proto")).collect();
    let names: Vec<_> = names.iter().map(String::as_str).collect();
    let chained = proto("", &names);
    registry.subjects.extend(names.iter().map(|name| (format!("of/{name}"), proto("", &[]))));
    registry.ids.insert(3, chained);
    assert!(refused(&registry, 3).contains("100 files or more"));
}

#[test]
fn values_are_bounded() {
    let fields: String = (1..500).map(|number| format!("string field_{number} = {number};")).collect();
    let text = format!("syntax = \"proto3\"; message All {{ repeated Wide wide = 1; All deeper = 2; }} message Wide {{ {fields} }}");
    let registry = Registry { ids: [(1, proto(&text, &[]))].into(), ..Registry::default() };
    let schema = Protobuf::once(&registry, SchemaId::Id(1)).expect("a schema");
    let many = [&[0][..], &[0x0a, 0].repeat(100_000)].concat();
    assert!(to_json(&schema, MessageType::IndexesBefore, &many).unwrap_err().contains("longer than"));
    // Each level is a message that holds the rest.
    let mut deep = Vec::new();
    for _ in 0..200 {
        let mut outer = vec![0x12];
        prost::encoding::encode_varint(deep.len() as u64, &mut outer);
        outer.append(&mut deep);
        deep = outer;
    }
    deep.insert(0, 0);
    assert!(to_json(&schema, MessageType::IndexesBefore, &deep).unwrap_err().starts_with("The value is not of its schema"));
}

proptest! {
    #[test]
    fn any_bytes_are_a_value_or_refused(bytes in prop::collection::vec(any::<u8>(), 0..200), order in any::<bool>()) {
        thread_local! {
            static SCHEMA: Protobuf = Protobuf::once(&shop(), SchemaId::Id(1)).expect("a schema");
        }
        let bytes = if order { [&[2, 2][..], &bytes].concat() } else { bytes };
        SCHEMA.with(|schema| {
            if let Ok(text) = to_json(schema, MessageType::IndexesBefore, &bytes) {
                prop_assert!(serde_json::from_str::<Json>(&text).is_ok());
            }
            Ok(())
        })?;
    }

    #[test]
    fn any_text_is_a_schema_or_refused(text in "[a-zA-Z0-9 ={};\"'/*<>\\[\\].,\\n]{0,200}") {
        let registry = Registry { ids: [(1, proto(&format!("syntax = \"proto3\"; message A {{ {text}"), &[]))].into(), ..Registry::default() };
        let _ = Protobuf::look_up(&registry, SchemaId::Id(1));
    }
}
