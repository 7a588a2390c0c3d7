//! The generator refuses, by name, what the mapping has no place for.

// Build dependencies are not those of tests; the generator is compiled once more.
#[path = "../codegen/mod.rs"]
#[allow(dead_code)]
mod codegen;

use prost::Message as _;
use prost_reflect::prost_types::{
    DescriptorProto, EnumDescriptorProto, EnumValueDescriptorProto, FieldDescriptorProto, FileDescriptorProto, FileDescriptorSet,
    MessageOptions,
    field_descriptor_proto::{Label, Type},
};

fn field(name: &str, number: i32, of: Type, label: Label, type_name: Option<&str>) -> FieldDescriptorProto {
    FieldDescriptorProto {
        name: Some(name.to_owned()),
        number: Some(number),
        label: Some(label as i32),
        r#type: Some(of as i32),
        type_name: type_name.map(str::to_owned),
        ..Default::default()
    }
}

fn message(name: &str, fields: Vec<FieldDescriptorProto>) -> DescriptorProto {
    DescriptorProto { name: Some(name.to_owned()), field: fields, ..Default::default() }
}

fn generate(messages: Vec<DescriptorProto>, enums: Vec<EnumDescriptorProto>) -> Result<codegen::Output, String> {
    let file = FileDescriptorProto {
        name: Some("t.proto".to_owned()),
        package: Some("t.v1".to_owned()),
        syntax: Some("proto3".to_owned()),
        message_type: messages,
        enum_type: enums,
        ..Default::default()
    };
    codegen::generate(&FileDescriptorSet { file: vec![file] }.encode_to_vec(), &[("things", "t.v1.Root")])
        .map_err(|error| error.to_string())
}

#[test]
fn recursion_is_refused_with_its_way() {
    let refused = generate(
        vec![
            message("Root", vec![field("a", 1, Type::Message, Label::Optional, Some(".t.v1.A"))]),
            message("A", vec![field("b", 1, Type::Message, Label::Repeated, Some(".t.v1.B"))]),
            message("B", vec![field("a", 1, Type::Message, Label::Optional, Some(".t.v1.A"))]),
        ],
        vec![],
    );
    assert_eq!(refused.err().as_deref(), Some("recursion: t.v1.A → t.v1.B → t.v1.A"));
}

#[test]
fn maps_by_number_are_refused() {
    let entry = DescriptorProto {
        options: Some(MessageOptions { map_entry: Some(true), ..Default::default() }),
        ..message(
            "CountsEntry",
            vec![field("key", 1, Type::Int64, Label::Optional, None), field("value", 2, Type::Int64, Label::Optional, None)],
        )
    };
    let mut root = message("Root", vec![field("counts", 1, Type::Message, Label::Repeated, Some(".t.v1.Root.CountsEntry"))]);
    root.nested_type.push(entry);
    let refused = generate(vec![root], vec![]);
    assert_eq!(refused.err().as_deref(), Some("t.v1.Root.counts is a map whose keys are no strings"));
}

#[test]
fn elements_without_bytes_are_refused() {
    let root = message("Root", vec![field("nothings", 1, Type::Message, Label::Repeated, Some(".t.v1.Nothing"))]);
    let refused = generate(vec![root, message("Nothing", vec![])], vec![]);
    assert_eq!(refused.err().as_deref(), Some("t.v1.Root.nothings is repeated, but its elements have no fields"));
}

#[test]
fn two_messages_of_one_name_are_refused() {
    let mut root = message(
        "Root",
        vec![
            field("one", 1, Type::Message, Label::Optional, Some(".t.v1.Root.Part")),
            field("two", 2, Type::Message, Label::Optional, Some(".t.v1.Root_Part")),
        ],
    );
    root.nested_type.push(message("Part", vec![field("a", 1, Type::Bool, Label::Optional, None)]));
    let refused = generate(vec![root, message("Root_Part", vec![field("a", 1, Type::Bool, Label::Optional, None)])], vec![]);
    assert_eq!(refused.err().as_deref(), Some("two messages become t.v1.Root_Part"));
}

#[test]
fn a_schema_reads_as_told() {
    let root = message(
        "Root",
        vec![
            field("name", 1, Type::String, Label::Optional, None),
            field("colour", 2, Type::Enum, Label::Optional, Some(".t.v1.Colour")),
            field("colours", 3, Type::Enum, Label::Repeated, Some(".t.v1.Colour")),
            field("size", 4, Type::Uint64, Label::Optional, None),
        ],
    );
    let value = |name: &str, number| EnumValueDescriptorProto { name: Some(name.to_owned()), number: Some(number), ..Default::default() };
    let colour =
        EnumDescriptorProto { name: Some("Colour".to_owned()), value: vec![value("NONE", 0), value("RED", 4)], ..Default::default() };
    let output = generate(vec![root], vec![colour]).expect("a mapping");
    let expected = r#"{
  "type": "record",
  "name": "Root",
  "namespace": "t.v1",
  "fields": [
    {"name": "name", "type": "string", "default": ""},
    {
      "name": "colour",
      "type": {"type": "enum", "name": "Colour", "namespace": "t.v1", "symbols": ["NONE", "RED"], "default": "NONE"},
      "default": "NONE"
    },
    {"name": "colours", "type": {"type": "array", "items": "t.v1.Colour"}, "default": []},
    {"name": "size", "doc": "Unsigned: the same bits.", "type": "long", "default": 0}
  ]
}
"#;
    assert_eq!(output.schemas[0].json, expected);
}
