//! Our bytes, as another implementation of Avro reads and writes them.

mod support;

use apache_avro::{Schema, from_avro_datum, to_avro_datum};
use klamm_avro::{Value, schemas};
use klamm_messages::klamm::v1 as klamm;
use prost::Message;

fn check<T: Value + Message + Default + PartialEq + std::fmt::Debug>(cases: u64) {
    let schema = schemas::by_id(T::SCHEMA_ID).expect("the present schema");
    let schema = Schema::parse_str(schema.json).expect("a schema");
    for seed in 0..cases {
        let message: T = support::random(T::NAME, seed);
        let mut ours = Vec::new();
        message.encode_avro(&mut ours);

        let mut rest = ours.as_slice();
        let generic = from_avro_datum(&schema, &mut rest, None).expect("our bytes are a value of our schema");
        assert!(rest.is_empty(), "seed {seed}: {} bytes too many", rest.len());

        // Its maps have no order, so the bytes are compared after another reading.
        let theirs = to_avro_datum(&schema, generic).expect("a value that was read");
        assert_eq!(theirs.len(), ours.len(), "seed {seed}");
        let back = T::decode_avro(&mut theirs.as_slice()).expect("their bytes are a value of our schema");
        let mut again = Vec::new();
        back.encode_avro(&mut again);
        assert_eq!(again, ours, "seed {seed}");
        assert_eq!(back, message, "seed {seed}");
    }
}

#[test]
fn commands_are_read_and_written_elsewhere() {
    check::<klamm::Command>(200);
}

#[test]
fn history_records_are_read_and_written_elsewhere() {
    check::<klamm::HistoryRecord>(200);
}

#[test]
fn visibility_documents_are_read_and_written_elsewhere() {
    check::<klamm::VisibilityDocument>(200);
}

#[test]
fn cluster_records_are_read_and_written_elsewhere() {
    check::<klamm::ClusterRecord>(200);
}

#[test]
fn held_records_are_read_and_written_elsewhere() {
    check::<klamm::HeldRecord>(200);
}

#[test]
fn members_are_read_and_written_elsewhere() {
    check::<klamm::Member>(200);
}
