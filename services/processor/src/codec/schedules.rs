//! Records of the topic `schedules`.

use klamm_avro::frame;
use klamm_engine::{Encoded, Folded, topic};
use klamm_machine::key;
use klamm_schedule::{
    Event as ScheduleEvent, audit_number, audit_suffix,
    event::{REMAINS, SCHEDULE},
    key_suffix,
};

use crate::machines::Event;

/// The records of an event: one, or tombstones.
pub(super) fn encode(event: &ScheduleEvent) -> Vec<Encoded> {
    match event {
        ScheduleEvent::Record(record) => {
            let suffix = key_suffix(record).unwrap_or_default();
            vec![encoded(&record.namespace, &record.schedule_id, &suffix, Some(frame::encode(&**record)))]
        }
        ScheduleEvent::Delete { namespace, schedule_id } => {
            SCHEDULE.iter().map(|suffix| encoded(namespace, schedule_id, suffix, None)).collect()
        }
        ScheduleEvent::ForgetRemains { namespace, schedule_id } => vec![encoded(namespace, schedule_id, REMAINS, None)],
        ScheduleEvent::ForgetDecisions { namespace, schedule_id, first, end } => {
            (*first..*end).map(|n| encoded(namespace, schedule_id, &audit_suffix(n), None)).collect()
        }
    }
}

fn encoded(namespace: &str, schedule_id: &str, suffix: &str, value: Option<Vec<u8>>) -> Encoded {
    let schedule = key::topic_key([namespace, schedule_id]);
    Encoded::new(topic::SCHEDULES, format!("{schedule}/{suffix}"), value)
}

/// The event of a tombstone. The tombstone of a decision, or of what is left of a deleted schedule, ends only that. Any other tombstone
/// ends the whole schedule. (All tombstones of a schedule stand before the records of a later schedule with the same id. Compaction may
/// have left any of them, so the first one that is read ends the schedule.)
pub(super) fn tombstone(key: &[u8]) -> Result<Folded<Event>, String> {
    let key = std::str::from_utf8(key).map_err(|_| "the key is not UTF-8".to_owned())?;
    let mut parts = key::topic_key_parts(key).into_iter();
    let (Some(namespace), Some(schedule_id), Some(kind)) = (parts.next(), parts.next(), parts.next()) else {
        return Ok(Folded::Nothing);
    };
    let suffix = [kind].into_iter().chain(parts).collect::<Vec<_>>().join("/");
    Ok(Folded::Event(Event::Schedule(match audit_number(&suffix) {
        Some(n) => ScheduleEvent::ForgetDecisions { namespace, schedule_id, first: n, end: n.saturating_add(1) },
        None if suffix == REMAINS => ScheduleEvent::ForgetRemains { namespace, schedule_id },
        None => ScheduleEvent::Delete { namespace, schedule_id },
    })))
}

#[cfg(test)]
mod tests {
    use klamm_engine::Codec;
    use klamm_messages::klamm::v1::{ScheduleDecision, ScheduleRecord, schedule_record::Record};

    use super::*;
    use crate::AvroCodec;

    fn names() -> (String, String) {
        ("default".to_owned(), "a/b".to_owned())
    }

    fn keys(event: &ScheduleEvent) -> Vec<String> {
        encode(event).into_iter().map(|encoded| encoded.key).collect()
    }

    #[test]
    fn records_come_back_as_they_went_out() {
        let (namespace, schedule_id) = names();
        let decision = ScheduleDecision { n: 7, reason: "because".to_owned(), ..ScheduleDecision::default() };
        let record = ScheduleRecord { namespace, schedule_id, record: Some(Record::Decision(decision)) };
        let event = Event::Schedule(ScheduleEvent::Record(Box::new(record)));
        let encoded = AvroCodec.encode_event(&event).remove(0);
        assert_eq!((&*encoded.topic, encoded.key.as_str()), ("schedules", "default/a%2Fb/~audit/7"));
        let Ok(Folded::Event(back)) = AvroCodec.decode_event("schedules", encoded.key.as_bytes(), encoded.value.as_deref()) else {
            panic!("no event")
        };
        assert_eq!(back, event);
    }

    #[test]
    fn a_tombstone_ends_a_decision_or_the_schedule_or_what_is_left_of_it() {
        let (namespace, schedule_id) = names();
        let forget = ScheduleEvent::ForgetDecisions { namespace, schedule_id, first: 3, end: 5 };
        assert_eq!(keys(&forget), ["default/a%2Fb/~audit/3", "default/a%2Fb/~audit/4"]);
        let (namespace, schedule_id) = names();
        let delete = ScheduleEvent::Delete { namespace, schedule_id };
        assert_eq!(keys(&delete), ["default/a%2Fb/definition", "default/a%2Fb/~state/0", "default/a%2Fb/~outcome/0"]);
        let (namespace, schedule_id) = names();
        let forget_remains = ScheduleEvent::ForgetRemains { namespace, schedule_id };
        assert_eq!(keys(&forget_remains), ["default/a%2Fb/~deleted/0"]);
        let decoded = |key: &str| match AvroCodec.decode_event("schedules", key.as_bytes(), None) {
            Ok(Folded::Event(Event::Schedule(event))) => event,
            other => panic!("{other:?}"),
        };
        for key in keys(&delete) {
            assert_eq!(decoded(&key), delete);
        }
        assert_eq!(decoded(&keys(&forget_remains)[0]), forget_remains);
        let (namespace, schedule_id) = names();
        assert_eq!(decoded("default/a%2Fb/~audit/9"), ScheduleEvent::ForgetDecisions { namespace, schedule_id, first: 9, end: 10 });
        assert!(matches!(AvroCodec.decode_event("schedules", b"~partition", None), Ok(Folded::Nothing)));
    }
}
