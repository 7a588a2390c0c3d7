//! Bytes that are wrong: refused, never a panic, never more memory than they account for.

mod support;

use klamm_avro::{Avro, Error, Value, frame, json, wire};
use klamm_messages::klamm::v1 as klamm;
use proptest::prelude::*;
use prost::Message;

/// Whatever comes out is a value: it encodes, and that decodes to the same bytes again.
fn check<T: Value + Message + Default>(bytes: &[u8]) {
    if let Ok(value) = frame::decode::<T>(bytes) {
        let encoded = frame::encode(&value);
        let again = frame::decode::<T>(&encoded).expect("what is encoded decodes");
        assert_eq!(frame::encode(&again), encoded);
    }
    let _ = json::to_json(bytes);
}

/// A framed value with some bytes changed, left out, put in or cut off.
fn mutated<T: Value + Message + Default>(seed: u64) -> Vec<u8> {
    let mut bytes = frame::encode(&support::random::<T>(T::NAME, seed));
    let mut random = support::Random::new(seed.rotate_left(17));
    for _ in 0..=random.below(6) {
        if bytes.len() <= frame::HEADER_BYTES {
            break;
        }
        let at = frame::HEADER_BYTES + random.below(bytes.len() - frame::HEADER_BYTES);
        match random.below(6) {
            0 => bytes[at] = random.next() as u8,
            1 => bytes[at] ^= 1 << random.below(8),
            2 => drop(bytes.remove(at)),
            3 => bytes.insert(at, random.next() as u8),
            4 => bytes.truncate(at),
            // A huge number where a length, a count or a branch may stand.
            _ => drop(bytes.splice(at..at, [0xfe, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x01])),
        }
    }
    bytes
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(4_000))]

    #[test]
    fn mutated_commands_are_refused_or_read(seed: u64) {
        check::<klamm::Command>(&mutated::<klamm::Command>(seed));
    }

    #[test]
    fn mutated_history_records_are_refused_or_read(seed: u64) {
        check::<klamm::HistoryRecord>(&mutated::<klamm::HistoryRecord>(seed));
    }

    #[test]
    fn mutated_visibility_documents_are_refused_or_read(seed: u64) {
        check::<klamm::VisibilityDocument>(&mutated::<klamm::VisibilityDocument>(seed));
    }

    #[test]
    fn any_bytes_are_refused_or_read(bytes: Vec<u8>) {
        let mut framed = vec![frame::MAGIC];
        framed.extend_from_slice(&klamm::HistoryRecord::SCHEMA_ID.to_be_bytes());
        framed.extend_from_slice(&bytes);
        check::<klamm::HistoryRecord>(&framed);
        check::<klamm::HistoryRecord>(&bytes);
    }
}

#[test]
fn lengths_and_counts_are_held_against_what_is_left() {
    let mut long = Vec::new();
    wire::put_int64(&i64::MAX, &mut long);
    assert!(matches!(wire::get_string(&mut long.as_slice()), Err(Error::Corrupt { .. })));
    assert!(matches!(wire::get_bytes::<Vec<u8>>(&mut long.as_slice()), Err(Error::Corrupt { .. })));
    assert!(matches!(wire::get_array(&mut long.as_slice(), wire::get_int64), Err(Error::Corrupt { .. })));
    let mut negative = Vec::new();
    wire::put_int64(&i64::MIN, &mut negative);
    assert!(matches!(wire::get_string(&mut negative.as_slice()), Err(Error::Corrupt { .. })));
    negative.extend([2, 0]);
    assert!(matches!(wire::get_array(&mut negative.as_slice(), wire::get_int64), Err(Error::Corrupt { .. })));
}

#[test]
fn numbers_have_64_bits() {
    for number in [0, 1, -1, 63, -64, 64, 300, i64::MAX, i64::MIN] {
        let mut bytes = Vec::new();
        wire::put_int64(&number, &mut bytes);
        let mut rest = bytes.as_slice();
        assert_eq!(wire::get_int64(&mut rest), Ok(number));
        assert!(rest.is_empty());
    }
    assert!(wire::get_int64(&mut [0xff; 10].as_slice()).is_err());
    assert!(wire::get_int64(&mut [0x80; 3].as_slice()).is_err());
}

#[test]
fn arrays_may_come_in_blocks_with_sizes() {
    let bytes = [4, 2, 4, 1, 2, 6, 0];
    let mut rest = bytes.as_slice();
    assert_eq!(wire::get_array(&mut rest, wire::get_int64), Ok(vec![1, 2, 3]));
    assert!(rest.is_empty());
}

#[test]
fn frames_are_checked() {
    let member = klamm::Member { member: "m".to_owned(), ..Default::default() };
    let framed = frame::encode(&member);
    assert_eq!(frame::decode::<klamm::Member>(&framed), Ok(member));
    assert_eq!(&framed[..5], [0, 0x7f, 0xff, 0, 4]);

    assert!(matches!(frame::decode::<klamm::Member>(&framed[..4]), Err(Error::Corrupt { .. })));
    assert!(matches!(frame::decode::<klamm::Member>(&[]), Err(Error::Corrupt { .. })));
    let mut longer = framed.clone();
    longer.push(0);
    assert!(matches!(frame::decode::<klamm::Member>(&longer), Err(Error::Corrupt { remaining: 1, .. })));
    let mut other_magic = framed.clone();
    other_magic[0] = 1;
    assert!(matches!(frame::decode::<klamm::Member>(&other_magic), Err(Error::Corrupt { .. })));
    let mut unknown = framed.clone();
    unknown[1..5].copy_from_slice(&7_u32.to_be_bytes());
    assert_eq!(frame::decode::<klamm::Member>(&unknown), Err(Error::UnknownSchema { id: 7 }));
    assert!(matches!(frame::decode::<klamm::Command>(&framed), Err(Error::OtherSubject { .. })));
}

#[test]
fn a_registry_gives_other_ids() {
    let present = klamm_avro::schemas::current("members-value").expect("the subject");
    let ids = frame::Ids::registered([(present, 12)]);
    let member = klamm::Member { member: "m".to_owned(), ..Default::default() };
    let framed = ids.encode(&member);
    assert_eq!(&framed[..5], [0, 0, 0, 0, 12]);
    assert_eq!(ids.decode::<klamm::Member>(&framed), Ok(member.clone()));
    assert_eq!(ids.decode::<klamm::Member>(&frame::encode(&member)), Ok(member), "records from before the registry");
    assert_eq!(frame::decode::<klamm::Member>(&framed), Err(Error::UnknownSchema { id: 12 }));
}

/// A chain longer than is written is not read either: dropping it would take a stack as deep.
#[test]
fn endless_chains_are_refused() {
    let failure = klamm_messages::temporal::failure::v1::Failure::default();
    let mut one = Vec::new();
    failure.encode_avro(&mut one);
    let mut bytes = Vec::new();
    wire::put_string(&String::new(), &mut bytes);
    wire::put_string(&String::new(), &mut bytes);
    wire::put_string(&String::new(), &mut bytes);
    bytes.push(0);
    wire::put_int64(&1_000, &mut bytes);
    bytes.extend(std::iter::repeat_n(0, 1_000 * one.len()));
    let decoded = klamm_messages::temporal::failure::v1::Failure::decode_avro(&mut bytes.as_slice());
    assert!(matches!(decoded, Err(Error::Corrupt { what: "too long a chain", .. })));
}
