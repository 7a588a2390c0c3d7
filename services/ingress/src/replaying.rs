//! What becomes of a dead letter when its trigger decides it again.

use std::sync::Arc;

use klamm_log::{Record, Stored};
use klamm_requests::{
    Terms,
    namespaces::Namespaces,
    records::{self, Place, Replayed},
};
use klamm_triggers::{Decision, Effect, Fault, Letter, Trigger, fault_class};

use crate::{SchemaSource, formats, making::decide, read};

/// What becomes of a dead letter.
#[derive(Debug, Clone, PartialEq)]
pub enum Replay {
    /// No rule is about it.
    Filtered,
    /// It cannot be used, and why.
    StillWrong(Fault),
    /// It asks for something.
    Effect(Box<ReplayEffect>),
}

/// What a dead letter asks for.
#[derive(Debug, Clone, PartialEq)]
pub struct ReplayEffect {
    /// Command and request id.
    pub replayed: Replayed,
    /// What the trigger made of it.
    pub effect: Effect,
}

/// Takes a dead letter apart: what it says, and the record as it stood on its own topic. The record's time is that of the letter.
pub fn original(stored: &Stored) -> (Letter, Record) {
    let Record { key, value, headers, timestamp_ms } = &stored.record;
    let (letter, own) = Letter::read(headers);
    let headers = headers[own].to_vec();
    (letter, Record { key: key.clone(), value: value.clone(), headers, timestamp_ms: *timestamp_ms })
}

/// Decides a dead letter again by the trigger as it is now. Nothing is done yet. `place` is the letter's own place.
pub async fn replay(
    trigger: &Trigger,
    source: &Arc<dyn SchemaSource>,
    place: &Place,
    stored: &Stored,
    terms: &Terms<'_>,
    namespaces: &Namespaces,
) -> Replay {
    let wrong = |rule, class, reason| Replay::StillWrong(Fault { rule, class, reason });
    let (letter, record) = original(stored);
    let (Some(partition), Some(offset)) = (letter.partition, letter.offset) else {
        return wrong(0, fault_class::DECODE, "The record is no dead letter of a trigger.".to_owned());
    };
    if letter.value_bytes > 0 {
        let Letter { topic, value_bytes, .. } = letter;
        let reason = format!("The letter comes without its value of {value_bytes} bytes, which stands on {topic} at {partition}/{offset}.");
        return wrong(letter.rule, fault_class::SIZE, reason);
    }
    let text = formats::once(source, trigger, &record).await;
    let envelope = read::envelope(&record);
    let stood = Place { topic: letter.topic, topic_id: String::new(), partition, offset };
    let original = Stored { offset, timestamp_ms: stored.timestamp_ms, record };
    match decide(trigger, &stood, &original, text.as_ref()) {
        Decision::Filtered => Replay::Filtered,
        Decision::DeadLetter(fault) => Replay::StillWrong(fault),
        Decision::Effect(effect) => {
            let request = records::from_json(effect.request.as_bytes()).map_err(|why| (fault_class::MAPPING, why));
            match request.and_then(|request| records::replayed(request, &trigger.name, &envelope, place, terms, namespaces)) {
                Ok(replayed) => Replay::Effect(Box::new(ReplayEffect { replayed, effect })),
                Err((class, reason)) => wrong(effect.rule, class, reason),
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicU32, Ordering};

    use klamm_messages::{
        klamm::v1::{NamespaceState, command::Body},
        temporal::enums::v1::NamespaceState as Lifecycle,
    };
    use klamm_requests::Limits;

    use super::*;
    use crate::NoSchemas;

    const PAYMENTS: &str = r#"
trigger: payments
namespace: shop
source: {topic: shop.payments, format: json}
rules:
  - when: "value.kind == 'payment' && partition == 3 && offset == 7 && headers['id'] == 'x'"
    start: {type: Order, task_queue: q, id: "order-${value.id}"}
    signal: {name: pay, missing: start}
"#;

    fn letter(value: &str, said: &Letter) -> Stored {
        let own = [("klamm-seq".to_owned(), "0/1".into()), ("id".to_owned(), "x".into())];
        let said = said.headers().into_iter().map(|(name, value)| (name.to_owned(), value.into()));
        let headers = own.into_iter().chain(said).collect();
        Stored { offset: 40, timestamp_ms: 5, record: Record { headers, ..Record::new("k", value.to_owned()) } }
    }

    fn said() -> Letter {
        Letter { topic: "shop.payments".to_owned(), partition: Some(3), offset: Some(7), ..Letter::default() }
    }

    async fn replayed(text: &str, limits: &Limits, stored: &Stored) -> Replay {
        let namespace = NamespaceState { name: "shop".to_owned(), state: Lifecycle::Registered as i32, ..NamespaceState::default() };
        let namespaces = [(namespace.name.clone(), namespace.clone())].into();
        let place = Place { topic: "klamm.dlq.payments".to_owned(), topic_id: "d".to_owned(), partition: 1, offset: stored.offset };
        static IDS: AtomicU32 = AtomicU32::new(0);
        let terms = Terms { namespace: &namespace, limits, new_id: &|| IDS.fetch_add(1, Ordering::Relaxed).to_string() };
        let source: Arc<dyn SchemaSource> = Arc::new(NoSchemas);
        replay(&Trigger::read(text).unwrap(), &source, &place, stored, &terms, &namespaces).await
    }

    #[tokio::test]
    async fn the_request_is_known_by_the_letters_place_and_its_run_is_always_another() {
        let stored = letter(r#"{"kind": "payment", "id": 1}"#, &said());
        let mut seen = Vec::new();
        for _ in 0..2 {
            let Replay::Effect(effect) = replayed(PAYMENTS, &Limits::default(), &stored).await else { panic!("an effect") };
            let ReplayEffect { replayed, effect } = *effect;
            assert_eq!((effect.workflow_id.as_str(), effect.kind), ("order-1", "signal_with_start"));
            assert!(replayed.command.source.is_none() && replayed.command.from_trigger.is_none());
            let Some(Body::SignalWithStartWorkflow(body)) = replayed.command.body else { panic!("signals") };
            assert_eq!(body.request.unwrap().request_id, replayed.request_id);
            seen.push((replayed.request_id, body.run_id));
        }
        assert_eq!(seen[0].0, seen[1].0);
        assert_ne!(seen[0].1, seen[1].1);
        let other = Stored { offset: 41, ..stored.clone() };
        let Replay::Effect(effect) = replayed(PAYMENTS, &Limits::default(), &other).await else { panic!("an effect") };
        assert_ne!(effect.replayed.request_id, seen[0].0);
        let named = format!("{PAYMENTS}    idempotency: value.id\n");
        let Replay::Effect(effect) = replayed(&named, &Limits::default(), &stored).await else { panic!("an effect") };
        assert_eq!(effect.replayed.request_id, "payments/1/1");
    }

    #[tokio::test]
    async fn what_is_still_wrong_says_why() {
        let wrong = async |limits: &Limits, stored: &Stored| match replayed(PAYMENTS, limits, stored).await {
            Replay::StillWrong(fault) => (fault.rule, fault.class, fault.reason),
            other => panic!("{other:?}"),
        };
        let (usual, good) = (Limits::default(), r#"{"kind": "payment", "id": 1}"#);
        assert_eq!(wrong(&usual, &letter("no json", &said())).await.1, "decode");
        assert_eq!(wrong(&usual, &letter("{}", &said())).await.1, "expression");
        let strange = wrong(&usual, &letter(good, &Letter { offset: None, ..said() })).await;
        assert!(strange.2.contains("no dead letter"), "{strange:?}");
        let cut = wrong(&usual, &letter(good, &Letter { rule: 1, value_bytes: 9, ..said() })).await;
        assert_eq!((cut.0, cut.1), (1, "size"));
        assert!(cut.2.contains("9 bytes") && cut.2.contains("shop.payments at 3/7"), "{cut:?}");
        let large = wrong(&Limits { command_bytes: 10, ..Limits::default() }, &letter(good, &said())).await;
        assert_eq!((large.0, large.1), (1, "size"));
        let other = letter(r#"{"kind": "other"}"#, &said());
        assert_eq!(replayed(PAYMENTS, &usual, &other).await, Replay::Filtered);
    }
}
