use klamm_messages::temporal::{common::v1::Payload, enums::v1::IndexedValueType};

use super::*;

fn namespace() -> NamespaceState {
    let types = [
        ("Amount", IndexedValueType::Double),
        ("Count", IndexedValueType::Int),
        ("Due", IndexedValueType::Datetime),
        ("Name", IndexedValueType::Keyword),
        ("Open", IndexedValueType::Bool),
        ("Tags", IndexedValueType::KeywordList),
        ("Words", IndexedValueType::Text),
    ];
    NamespaceState {
        name: "n".to_owned(),
        search_attributes: types.into_iter().map(|(name, kind)| (name.to_owned(), kind as i32)).collect(),
        ..NamespaceState::default()
    }
}

fn json(data: &str) -> Payload {
    klamm_search_attributes::payload(data, IndexedValueType::Text)
}

fn check(name: &str, payload: Payload) -> Result<SearchAttributes> {
    let mut attributes = SearchAttributes { indexed_fields: [(name.to_owned(), payload)].into() };
    check_and_type(Some(&mut attributes), &namespace(), &Limits::default())?;
    Ok(attributes)
}

#[test]
fn values_are_checked_against_the_registered_type() {
    for (name, data, fits) in [
        ("Name", r#""a""#, true),
        ("Name", r#"["a"]"#, true),
        ("Name", "1", false),
        ("Name", "null", true),
        ("Words", r#""a b""#, true),
        ("Tags", r#"["a","b"]"#, true),
        ("Tags", "[]", true),
        ("Tags", "[1]", false),
        ("Tags", r#""a""#, false),
        ("Count", "5", true),
        ("Count", "5.5", false),
        ("Count", r#""5""#, false),
        ("Amount", "5", true),
        ("Amount", "5.25", true),
        ("Open", "true", true),
        ("Open", r#""true""#, false),
        ("Due", r#""2026-01-02T03:04:05.6Z""#, true),
        ("Due", r#""yesterday""#, false),
        ("Name", "{not json", false),
    ] {
        assert_eq!(check(name, json(data)).is_ok(), fits, "{name} {data}");
    }
}

#[test]
fn the_registered_type_replaces_what_the_client_wrote() {
    let attributes = check("Count", json("5")).unwrap();
    assert_eq!(attributes.indexed_fields["Count"].metadata["type"], "Int");
    let attributes = check("TemporalChangeVersion", json(r#"["a-1"]"#)).unwrap();
    assert_eq!(attributes.indexed_fields["TemporalChangeVersion"].metadata["type"], "KeywordList");
}

#[test]
fn refusals_say_what_temporal_says() {
    for (name, payload, message) in [
        ("Unknown", json("1"), "Namespace n has no mapping defined for search attribute Unknown"),
        ("WorkflowId", json(r#""w""#), "WorkflowId attribute can't be set in SearchAttributes"),
        ("TemporalWorkerDeployment", json(r#""d""#), "TemporalWorkerDeployment attribute can't be set in SearchAttributes"),
        ("Count", json(r#""five""#), "invalid value for search attribute Count of type Int: five"),
        ("Tags", json("[1,2]"), "invalid value for search attribute Tags of type KeywordList: [1 2]"),
        ("Words", json(&format!("\"{}\"", "x".repeat(2047))), "search attribute Words value size 2049 exceeds size limit 2048"),
    ] {
        assert_eq!(check(name, payload).unwrap_err(), Fault::invalid(message));
    }
    let mut many = SearchAttributes { indexed_fields: (0..101).map(|n| (format!("Name{n}"), json("1"))).collect() };
    let mut wide = namespace();
    wide.search_attributes = (0..101).map(|n| (format!("Name{n}"), IndexedValueType::Int as i32)).collect();
    assert_eq!(
        check_and_type(Some(&mut many), &wide, &Limits::default()),
        Err(Fault::invalid("number of search attributes 101 exceeds limit 100"))
    );
}
