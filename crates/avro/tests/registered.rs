//! A registry's ids, once a process is told of them: its own test, since it holds for the whole process.

use klamm_avro::{
    Error, Value,
    frame::{self, Ids},
    json, schemas,
};
use klamm_messages::klamm::v1::{ClusterRecord, Member};

#[test]
fn a_registrys_ids_take_the_place_of_the_reserved_ones() {
    let member = Member { member: "m".to_owned(), address: "here:7233".to_owned(), ..Member::default() };
    let before = frame::encode(&member);
    assert_eq!(frame::split(&before).map(|(id, _)| id), Ok(Member::SCHEMA_ID));

    let ids = || Ids::registered(schemas::versions().iter().enumerate().map(|(place, schema)| (schema, 100 + place as u32)));
    frame::use_ids(ids()).expect("the first ids");
    let place = schemas::versions().iter().position(|schema| schema.id == Member::SCHEMA_ID).expect("a schema");
    let after = frame::encode(&member);
    assert_eq!(after[..frame::HEADER_BYTES], [0, 0, 0, 0, 100 + place as u8]);
    assert_eq!(after[frame::HEADER_BYTES..], before[frame::HEADER_BYTES..]);

    // What was written before the registry came stays readable, by both ways.
    for framed in [&before, &after] {
        assert_eq!(frame::decode::<Member>(framed), Ok(member.clone()));
        assert_eq!(json::to_json(framed).map(|json| json["address"].clone()), Ok("here:7233".into()));
    }
    assert!(matches!(frame::decode::<ClusterRecord>(&after), Err(Error::OtherSubject { .. })));
    let unknown = [0, 0, 0, 0, 1];
    assert_eq!(frame::decode::<Member>(&unknown), Err(Error::UnknownSchema { id: 1 }));
    assert!(frame::use_ids(ids()).is_err(), "ids never change while a process runs");
}
