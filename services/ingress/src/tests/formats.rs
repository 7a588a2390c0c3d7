//! Values with schemas of a registry.

use apache_avro::{Schema, to_avro_datum, types::Record as AvroRecord};

use super::*;

/// A registry that is away at first.
struct Registry {
    schemas: BTreeMap<SchemaId, SchemaText>,
    asked: Mutex<u32>,
}

impl SchemaSource for Registry {
    fn schema(&self, id: SchemaId) -> Result<Option<SchemaText>, Away> {
        *self.asked.lock() += 1;
        if *self.asked.lock() == 1 { Err(Away("the registry is away".to_owned())) } else { Ok(self.schemas.get(&id).cloned()) }
    }

    fn version(&self, _: &str, _: u32) -> Result<Option<SchemaText>, Away> {
        Ok(None)
    }

    fn latest(&self, _: &str) -> Result<Option<(u32, SchemaText)>, Away> {
        Ok(None)
    }
}

fn framed(id: u32, datum: &[u8]) -> Vec<u8> {
    [&[0][..], &id.to_be_bytes(), datum].concat()
}

#[tokio::test]
async fn avro_of_any_schema_with_the_right_names_is_read() {
    // As ksqlDB and Flink make it: everything is nullable, and arguments are records.
    let schema = r#"{"type": "record", "name": "Order", "fields": [
        {"name": "workflow_id", "type": ["null", "string"]},
        {"name": "start", "type": ["null", {"type": "record", "name": "Start", "fields": [
            {"name": "workflow_type", "type": ["null", "string"]}, {"name": "task_queue", "type": ["null", "string"]},
            {"name": "args", "type": ["null", {"type": "array", "items": {"type": "record", "name": "Arg", "fields": [
                {"name": "id", "type": "long"}, {"name": "at", "type": {"type": "long", "logicalType": "timestamp-millis"}}]}}]},
            {"name": "priority", "type": ["null", "int"]}]}]}]}"#;
    let recursive = r#"{"type": "record", "name": "R", "fields": [{"name": "r", "type": ["null", "R"]}]}"#;
    let parsed = Schema::parse_str(schema).unwrap();
    let mut record = AvroRecord::new(&parsed).unwrap();
    let json = serde_json::json!({"workflow_id": "order-7", "start": {"workflow_type": "Order", "task_queue": "orders",
        "args": [{"id": 7, "at": 1_000}], "priority": null}});
    for (name, value) in json.as_object().unwrap() {
        record.put(name, apache_avro::types::Value::from(value.clone()));
    }
    let value = apache_avro::types::Value::from(record).resolve(&parsed).unwrap();
    let datum = to_avro_datum(&parsed, value).unwrap();

    let (sink, log) = (Sink::new(1, false), log(1));
    let registry = Registry {
        schemas: [(SchemaId::Id(1), SchemaText::avro(schema)), (SchemaId::Id(2), SchemaText::avro(recursive))].into(),
        asked: Mutex::default(),
    };
    let values =
        [framed(1, &datum), framed(2, &[0]), framed(3, &[]), framed(1, &datum[..3]), framed(1, &[&datum[..], &[1]].concat()), vec![0, 1]];
    log.append(TOPIC, 0, values.into_iter().map(|value| Record::new("w", value)).collect()).unwrap();
    log.append(TOPIC, 0, vec![Record::tombstone("w")]).unwrap();
    let (running, _) = start(&sink, &log, Arc::new(registry));
    taken(&sink, 7).await;
    running.abort();

    let bodies = sink.bodies();
    let Body::StartWorkflow(start) = &bodies[0] else { panic!("{:?}", bodies[0]) };
    let request = start.request.as_ref().unwrap();
    assert_eq!((request.workflow_id.as_str(), request.workflow_type.as_ref().unwrap().name.as_str()), ("order-7", "Order"));
    let args = &request.input.as_ref().unwrap().payloads;
    assert_eq!(std::str::from_utf8(&args[0].data).unwrap(), r#"{"at":"1970-01-01T00:00:01Z","id":7}"#);
    let refused: Vec<&str> = bodies[1..]
        .iter()
        .map(|body| if let Body::RefuseRequest(refused) = body { refused.message.as_str() } else { panic!("{body:?}") })
        .collect();
    let expected = [
        "The schema with the id 2 contains itself.",
        "No schema with the id 3 is known.",
        "The value is not of its schema: ",
        "There are bytes after the value.",
        "The value is neither JSON nor Avro",
        "A record without a value is no request.",
    ];
    for (refused, expected) in refused.iter().zip(expected) {
        assert!(refused.starts_with(expected), "{refused}");
    }
}

#[tokio::test]
async fn a_trigger_reads_protobuf_and_waits_for_the_registry() {
    let text = "syntax = \"proto3\"; message Order { string kind = 1; int64 id = 2; }".to_owned();
    let schema = SchemaText { kind: SchemaKind::Protobuf, text, references: Vec::new() };
    let registry = Registry {
        schemas: [(SchemaId::Id(1), schema), (SchemaId::Id(2), SchemaText::avro("\"string\""))].into(),
        asked: Mutex::default(),
    };
    let (sink, log) = (Sink::new(1, false), log(1));
    log.ensure_topics(&[TopicSpec::kept("shop.orders", 1)]).unwrap();
    let order = [&[0][..], b"\x0a\x05order\x10\x07"].concat();
    let values = [framed(1, &order), framed(1, &[0]), framed(2, &order), framed(3, &order), framed(1, &[2, 2]), b"{}".to_vec()];
    log.append("shop.orders", 0, values.into_iter().map(|value| Record::new("k", value)).collect()).unwrap();
    declare(&sink, state(&ORDERS.replace("format: json", "format: protobuf")));
    let (running, _) = start(&sink, &log, Arc::new(registry));
    taken(&sink, 5).await;
    running.abort();
    let bodies = sink.bodies();
    let Body::StartWorkflow(start) = &bodies[0] else { panic!("{:?}", bodies[0]) };
    let request = start.request.as_ref().unwrap();
    assert_eq!(request.workflow_id, "order-7");
    assert_eq!(request.input.as_ref().unwrap().payloads[0].data, r#"{"kind":"order","id":7}"#);
    let letters = bodies[1..].iter().map(|body| if let Body::DeadLetter(letter) = body { letter } else { panic!("{body:?}") });
    let expected = [
        "The schema with the id 2 is none of Protobuf.",
        "No schema with the id 3 is known.",
        "The schema has no message type with the indexes [1].",
        "The value is not in the framing of a schema registry.",
    ];
    for (letter, expected) in letters.zip(expected) {
        assert_eq!((letter.class.as_str(), letter.message.as_str()), ("decode", expected));
    }
}

#[tokio::test]
async fn schemas_are_named_in_headers_and_by_apicurios_ids_too() {
    let avro = SchemaText::avro(
        r#"{"type": "record", "name": "Order", "fields": [{"name": "kind", "type": "string"}, {"name": "id", "type": "long"}]}"#,
    );
    let proto = "syntax = \"proto3\"; message Order { string kind = 1; int64 id = 2; }".to_owned();
    let proto = SchemaText { kind: SchemaKind::Protobuf, text: proto, references: Vec::new() };
    let guid = *b"\x00\x11\x22\x33\x44\x55\x66\x77\x88\x99\xaa\xbb\xcc\xdd\xee\xff";
    let (in_avro, in_proto, in_json): (&[u8], &[u8], &[u8]) = (b"\x0aorder\x0e", b"\x0a\x05order\x10\x07", br#"{"kind":"order","id":7}"#);
    let (confluent, apicurio) = ("__value_schema_id", "apicurio.value.globalId");
    let with_guid = |indexes: &[u8]| [&[1][..], &guid, indexes].concat();
    let eight = |id: u8, value: &[u8]| [&[0, 0, 0, 0, 0, 0, 0, 0, id][..], value].concat();
    let cases = [
        ("avro", "confluent", in_avro.to_vec(), Some((confluent, with_guid(&[])))),
        ("avro", "apicurio_global", eight(4, in_avro), None),
        ("avro", "apicurio_content", in_avro.to_vec(), Some((apicurio, eight(4, &[])[1..].to_vec()))),
        ("protobuf", "confluent", in_proto.to_vec(), Some((confluent, with_guid(&[0])))),
        ("protobuf", "apicurio_content", eight(4, &[b"\x07\x0a\x05Order", in_proto].concat()), None),
        ("json_schema", "confluent", framed(77, in_json), None),
        ("json_schema", "confluent", in_json.to_vec(), Some((confluent, with_guid(&[])))),
        ("json_schema", "apicurio_global", eight(77, in_json), None),
        ("json_schema", "apicurio_global", in_json.to_vec(), Some((apicurio, vec![0; 8]))),
    ];
    for (format, ids, value, header) in cases {
        let schema = if format == "avro" { &avro } else { &proto };
        let known = [SchemaId::Guid(guid), SchemaId::ApicurioGlobal(4), SchemaId::ApicurioContent(4)].map(|id| (id, schema.clone()));
        let source: Arc<dyn SchemaSource> = Arc::new(Registry { schemas: known.into(), asked: Mutex::new(1) });
        let text = ORDERS.replace("format: json", &format!("format: {format}, schema_ids: {ids}"));
        let trigger = klamm_triggers::Trigger::read(&text).expect("a trigger");
        let headers = header.iter().map(|(name, value)| ((*name).to_owned(), value.clone().into())).collect();
        let record = Record { headers, ..Record::new("k", value.clone()) };
        let (sink, log) = (Sink::new(1, false), log(1));
        log.ensure_topics(&[TopicSpec::kept("shop.orders", 1)]).unwrap();
        let bare = Record::new("k", "no schema is named");
        log.append("shop.orders", 0, vec![record.clone(), bare]).unwrap();
        declare(&sink, state(&text));
        let (running, _) = start(&sink, &log, source.clone());
        taken(&sink, 2).await;
        running.abort();
        let case = format!("{format} {ids} {header:?}");
        let bodies = sink.bodies();
        let Body::StartWorkflow(start) = &bodies[0] else { panic!("{case}: {:?}", bodies[0]) };
        let argument = &start.request.as_ref().unwrap().input.as_ref().unwrap().payloads[0].data;
        let argument: serde_json::Value = serde_json::from_slice(argument).expect("JSON");
        assert_eq!(argument, serde_json::json!({"kind": "order", "id": 7}), "{case}");
        let Body::DeadLetter(letter) = &bodies[1] else { panic!("{case}: {:?}", bodies[1]) };
        assert_eq!(letter.class, "decode", "{case}: {}", letter.message);
        // A test of the trigger says the same.
        let stored = klamm_log::Stored { offset: 0, timestamp_ms: 0, record };
        assert_eq!(try_record(&trigger, &source, 0, &stored).await.workflow_id, "order-7", "{case}");
    }
}
