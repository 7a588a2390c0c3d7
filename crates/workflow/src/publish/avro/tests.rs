use apache_avro::types::Value;
use proptest::prelude::*;
use serde_json::json;

use super::*;

const ORDER: &str = r#"{"type": "record", "name": "Order", "namespace": "shop", "fields": [
    {"name": "id", "type": "long"},
    {"name": "count", "type": "int", "default": 1},
    {"name": "rate", "type": "double", "default": 0},
    {"name": "share", "type": "float", "default": 0.5},
    {"name": "paid", "type": "boolean", "default": false},
    {"name": "data", "type": "bytes", "default": "\u00ff"},
    {"name": "status", "type": {"type": "enum", "name": "Status", "symbols": ["PLACED", "PAID"]}, "default": "PAID"},
    {"name": "note", "type": ["null", "string"]},
    {"name": "lines", "type": {"type": "array", "items": {"type": "record", "name": "Line", "fields": [
        {"name": "sku", "type": "string"}, {"name": "more", "type": ["null", "Line"], "default": null}]}}, "default": []},
    {"name": "tags", "type": {"type": "map", "values": "long"}, "default": {}},
    {"name": "hash", "type": {"type": "fixed", "name": "Hash", "size": 2}, "default": "\u0001\u0002"},
    {"name": "day", "type": {"type": "int", "logicalType": "date"}, "default": 0},
    {"name": "at", "type": {"type": "long", "logicalType": "timestamp-millis"}, "default": 0},
    {"name": "micros", "type": {"type": "long", "logicalType": "timestamp-micros"}, "default": 0},
    {"name": "here", "type": {"type": "long", "logicalType": "local-timestamp-millis"}, "default": 0},
    {"name": "total", "type": {"type": "bytes", "logicalType": "decimal", "precision": 6, "scale": 2}, "default": "\u0000"},
    {"name": "fee", "type": {"type": "fixed", "name": "Fee", "size": 4, "logicalType": "decimal", "precision": 9, "scale": 3}, "default": "\u0000\u0000\u0000\u0000"},
    {"name": "uuid", "type": {"type": "string", "logicalType": "uuid"}, "default": "67e55044-10b1-426f-9247-bb680e5fe0c8"},
    {"name": "either", "type": ["null", "int", "double", "string", "shop.Status", "shop.Hash"], "default": null},
    {"name": "again", "type": ["null", "Order"], "default": null}
]}"#;

fn written(schema: &str, value: &Json) -> Result<Vec<u8>, Refusal> {
    framed(7, schema.as_bytes(), &value.to_string(), 10_000)
}

/// The value as another implementation reads it.
fn read(schema: &str, framed: &[u8]) -> Value {
    assert_eq!(framed[..5], [0, 0, 0, 0, 7]);
    // It takes no defaults of logical types, and needs none to read.
    let mut without_defaults = serde_json::from_str(schema).expect("JSON");
    drop_defaults(&mut without_defaults);
    let parsed = apache_avro::Schema::parse(&without_defaults).expect("a schema");
    let mut datum = &framed[5..];
    let value = apache_avro::from_avro_datum(&parsed, &mut datum, None).expect("a value");
    assert!(datum.is_empty() && value.validate(&parsed), "{value:?}");
    value
}

fn drop_defaults(schema: &mut Json) {
    match schema {
        Json::Object(fields) => {
            fields.remove("default");
            fields.values_mut().for_each(drop_defaults);
        }
        Json::Array(branches) => branches.iter_mut().for_each(drop_defaults),
        _ => {}
    }
}

/// A field of an order that has only an id and this field.
fn field(name: &str, value: Json) -> Value {
    let Value::Record(fields) = read(ORDER, &written(ORDER, &json!({"id": 1, name: value})).expect("a value")) else { panic!("no record") };
    fields.into_iter().find(|(other, _)| other == name).expect("the field").1
}

fn refused(value: Json) -> String {
    match written(ORDER, &value) {
        Err(Refusal::Value(why)) => why,
        other => panic!("{other:?}"),
    }
}

#[test]
fn each_type_is_written_as_others_read_it() {
    assert_eq!(field("id", json!(1)), Value::Long(1));
    for number in [0, -1, 63, 64, -64, -65, i64::MAX, i64::MIN] {
        assert_eq!(read("\"long\"", &written("\"long\"", &json!(number)).unwrap()), Value::Long(number));
    }
    assert_eq!(field("count", json!(i32::MIN)), Value::Int(i32::MIN));
    assert_eq!((field("rate", json!(3)), field("share", json!(0.25))), (Value::Double(3.0), Value::Float(0.25)));
    assert_eq!(field("data", json!("AQI=")), Value::Bytes(vec![1, 2]));
    assert_eq!(field("status", json!("PLACED")), Value::Enum(0, "PLACED".to_owned()));
    assert_eq!(field("note", json!("é")), Value::Union(1, Box::new(Value::String("é".to_owned()))));
    let line = |sku: &str, more| Value::Record(vec![("sku".to_owned(), Value::String(sku.to_owned())), ("more".to_owned(), more)]);
    let null = || Value::Union(0, Box::new(Value::Null));
    let nested = line("a", Value::Union(1, Box::new(line("b", null()))));
    assert_eq!(field("lines", json!([{"sku": "a", "more": {"sku": "b"}}, {"sku": "c"}])), Value::Array(vec![nested, line("c", null())]));
    assert_eq!(
        field("tags", json!({"b": 2, "a": 1})),
        Value::Map([("a".to_owned(), Value::Long(1)), ("b".to_owned(), Value::Long(2))].into())
    );
    assert_eq!(field("hash", json!("/wA=")), Value::Fixed(2, vec![0xff, 0]));
    assert_eq!((field("day", json!("1970-02-01")), field("day", json!("1969-12-31"))), (Value::Date(31), Value::Date(-1)));
    assert_eq!(field("at", json!("1970-01-01T01:00:01.5+01:00")), Value::TimestampMillis(1500));
    assert_eq!(field("at", json!(-5)), Value::TimestampMillis(-5));
    assert_eq!(field("micros", json!("1970-01-01T00:00:01.000002999Z")), Value::TimestampMicros(1_000_002));
    assert_eq!(field("here", json!("1970-01-01T00:00:02")), Value::LocalTimestampMillis(2000));
    let id = "67e55044-10b1-426f-9247-bb680e5fe0c8";
    assert_eq!(field("uuid", json!(id)), Value::Uuid(id.parse().unwrap()));
}

#[test]
fn decimals_keep_every_digit() {
    let number = |value: Json| match field("total", value) {
        Value::Decimal(decimal) => Vec::try_from(decimal).unwrap(),
        other => panic!("{other:?}"),
    };
    for (value, expected) in [
        (json!("0"), vec![0]),
        (json!("-0.00"), vec![0]),
        (json!("1.27"), vec![0x7f]),
        (json!("1.28"), vec![0, 0x80]),
        (json!("-1.28"), vec![0x80]),
        (json!("-1.29"), vec![0xff, 0x7f]),
        (json!(12.5), vec![4, 0xe2]),
        (json!(12), vec![4, 0xb0]),
        (json!("0012.500"), vec![4, 0xe2]),
        (json!("9999.99"), vec![0x0f, 0x42, 0x3f]),
    ] {
        assert_eq!(number(value.clone()), expected, "{value}");
    }
    let bytes = written(ORDER, &json!({"id": 1, "fee": "-0.001"})).expect("a value");
    assert!(bytes.windows(4).any(|four| four == [0xff; 4]), "{bytes:?}");
    for (value, why) in [
        (json!("1.234"), "more than 2 digits behind the point"),
        (json!("10000"), "more than 6 digits, of which 2"),
        (json!("1e3"), "\"1e3\" is none"),
        (json!("1."), "is none"),
        (json!(""), "is none"),
        (json!("+1"), "is none"),
        (json!(1e30), "not all known"),
        (json!(true), "is none"),
    ] {
        let said = refused(json!({"id": 1, "total": value}));
        assert!(said.starts_with("total: ") && said.contains(why), "{said}");
    }
    let wide = r#"{"type": "bytes", "logicalType": "decimal", "precision": 50, "scale": 0}"#;
    assert!(written(wide, &json!("9".repeat(38))).is_ok());
    assert!(matches!(written(wide, &json!("9".repeat(39))), Err(Refusal::Value(_))));
}

#[test]
fn a_union_takes_the_first_type_that_fits_or_the_one_that_is_named() {
    let union = |value: Json| match field("either", value) {
        Value::Union(number, _) => number,
        other => panic!("{other:?}"),
    };
    let status = json!({"shop.Status": "PAID"});
    let hash = json!({"shop.Hash": "AQI="});
    let all = [json!(null), json!(1), json!(1.5), json!("PAID"), status, hash, json!({"double": 1})].map(union);
    assert_eq!(all, [0, 1, 2, 3, 4, 5, 2]);
    assert_eq!(refused(json!({"id": 1, "either": []})), "either: none of null, int, double, string, shop.Status, shop.Hash takes []");
    assert_eq!(refused(json!({"id": 1, "note": 5})), "note: a text is needed, and 5 is none");
}

#[test]
fn what_does_not_fit_is_told_with_its_place() {
    for (value, why) in [
        (json!({}), "id: it is missing, and has no default"),
        (json!({"id": "1"}), "id: a whole number of 64 bits is needed, and \"1\" is none"),
        (json!({"id": 1.0}), "id: a whole number of 64 bits is needed, and 1.0 is none"),
        (json!({"id": 1, "count": 3_000_000_000_u32}), "count: a whole number of 32 bits is needed, and 3000000000 is none"),
        (json!({"id": 1, "idd": 1}), "shop.Order has no field \"idd\""),
        (json!({"id": 1, "lines": [{"sku": "a"}, {"sku": 5}]}), "lines[1].sku: a text is needed, and 5 is none"),
        (json!({"id": 1, "tags": {"a": null}}), "tags.a: a whole number of 64 bits is needed, and null is none"),
        (json!({"id": 1, "status": "LOST"}), "status: one of PLACED, PAID is needed, and \"LOST\" is none"),
        (json!({"id": 1, "hash": "AQ=="}), "hash: base64 of 2 bytes is needed, and \"AQ==\" is none"),
        (json!({"id": 1, "data": "?"}), "data: base64 is needed, and \"?\" is none"),
        (json!([]), "an object (shop.Order) is needed, and [] is none"),
    ] {
        assert_eq!(refused(value), why);
    }
    assert!(matches!(framed(1, b"\"int\"", "{", 100), Err(Refusal::Value(_))));
    assert_eq!(written("\"string\"", &json!("x".repeat(10_000))), Err(Refusal::Large));
    for schema in [
        "{",
        "\"other\"",
        "5",
        r#"{"type": "record", "name": "A"}"#,
        r#"{"type": "array"}"#,
        r#"[{"type": "fixed", "name": "A", "size": -1}]"#,
    ] {
        assert!(matches!(written(schema, &json!(1)), Err(Refusal::Schema(_))), "{schema}");
    }
}

#[test]
fn what_would_never_end_is_given_up() {
    let endless = r#"{"type": "record", "name": "A", "fields": [{"name": "a", "type": "A", "default": {}}]}"#;
    let Err(Refusal::Value(why)) = written(endless, &json!({})) else { panic!("written") };
    assert!(why.contains("nested deeper"), "{why}");
    // Each level is tried with both types, and only the innermost value fits neither.
    let branching = r#"{"type": "record", "name": "A", "fields": [{"name": "a", "type": ["null", "A",
        {"type": "record", "name": "B", "fields": [{"name": "a", "type": ["null", "A", "B"]}]}]}]}"#;
    let mut value = json!({"a": 5});
    for _ in 0..60 {
        value = json!({ "a": value });
    }
    let Err(Refusal::Value(why)) = written(branching, &value) else { panic!("written") };
    assert!(why.contains("steps"), "{why}");
}

fn any_json() -> impl Strategy<Value = Json> {
    let leaf = prop_oneof![
        Just(Json::Null),
        any::<bool>().prop_map(Json::from),
        any::<i64>().prop_map(Json::from),
        any::<i16>().prop_map(Json::from),
        any::<f64>().prop_map(Json::from),
        prop::sample::select(vec![
            "PAID",
            "AQI=",
            "2026-01-01",
            "2026-01-01T00:00:00Z",
            "1.25",
            "67e55044-10b1-426f-9247-bb680e5fe0c8",
            "x"
        ])
        .prop_map(Json::from),
    ];
    leaf.prop_recursive(3, 16, 4, |inner| {
        let name = prop::sample::select(vec!["sku", "more", "id", "a", "int"]);
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..3).prop_map(Json::from),
            prop::collection::btree_map(name, inner, 0..3).prop_map(|map| json!(map))
        ]
    })
}

proptest! {
    #[test]
    fn what_is_written_can_be_read(
        fields in prop::collection::btree_map(
            prop::sample::select(vec!["count", "rate", "share", "paid", "data", "status", "note", "lines", "tags", "hash", "day", "at", "micros", "here", "total", "fee", "either", "again"]),
            any_json(),
            0..3,
        )
    ) {
        let mut value = json!(fields);
        value["id"] = json!(1);
        if let Ok(bytes) = written(ORDER, &value) {
            read(ORDER, &bytes);
            prop_assert_eq!(Ok(bytes), written(ORDER, &value));
        }
    }
}
