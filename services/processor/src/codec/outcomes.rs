//! Outcomes as records of the namespaces' topics, with the headers of CloudEvents in Kafka's binary mode.

use bytes::Bytes;
use klamm_avro::frame;
use klamm_engine::{Encoded, Purpose};
use klamm_machine::{key, outcome_kind};
use klamm_messages::klamm::v1::{Outcome, RequestAnswer};

/// The version of CloudEvents that the headers follow.
pub(super) const SPEC_VERSION: &str = "1.0";

/// The record of an outcome. The key is the workflow id as it is: other programs look for it, and partition by it.
pub(super) fn encode(outcome: &Outcome, further: &[(String, String)]) -> Encoded {
    let own = [
        ("ce_specversion", SPEC_VERSION.to_owned()),
        ("ce_id", id(outcome)),
        ("ce_type", event_type(outcome)),
        ("ce_source", format!("/klamm/namespaces/{}", key::topic_key([outcome.namespace.as_str()]))),
        ("ce_subject", outcome.workflow_id.clone()),
        ("ce_time", time(outcome)),
    ];
    let own = own.into_iter().filter(|(_, value)| !value.is_empty()).map(|(name, value)| (name.to_owned(), Bytes::from(value)));
    let further = further.iter().map(|(name, value)| (name.clone(), Bytes::from(value.clone())));
    let topic = Purpose::Outcomes.topic(&outcome.namespace);
    Encoded { headers: own.chain(further).collect(), ..Encoded::new(topic, outcome.workflow_id.clone(), Some(frame::encode(outcome))) }
}

/// What tells the outcome from all others of its namespace: the run that closed once, or the place of the record that was answered once. (A
/// request's own id may stand on several records.)
fn id(outcome: &Outcome) -> String {
    let Some(RequestAnswer { topic, partition, offset, .. }) = &outcome.request else { return outcome.run_id.clone() };
    format!("{topic}/{partition}/{offset}")
}

fn event_type(outcome: &Outcome) -> String {
    match outcome.kind.as_str() {
        outcome_kind::RUN_CLOSED => format!("io.klamm.workflow.{}", outcome.status.to_lowercase()),
        outcome_kind::REQUEST_ACCEPTED => "io.klamm.request.accepted".to_owned(),
        outcome_kind::REQUEST_REJECTED => "io.klamm.request.rejected".to_owned(),
        _ => String::new(),
    }
}

fn time(outcome: &Outcome) -> String {
    // RFC 3339 in UTC.
    outcome.time.as_ref().map(ToString::to_string).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn headers(outcome: &Outcome) -> Vec<String> {
        let encoded = encode(outcome, &[("traceparent".to_owned(), "00-a-b-01".to_owned())]);
        assert_eq!((&*encoded.topic, encoded.key.as_str()), ("outcomes.a.b", "w/1"));
        assert_eq!(frame::decode::<Outcome>(&encoded.value.expect("a value")).as_ref(), Ok(outcome));
        encoded.headers.iter().map(|(name, value)| format!("{name}={}", String::from_utf8_lossy(value))).collect()
    }

    #[test]
    fn outcomes_are_cloud_events() {
        let outcome = Outcome {
            kind: outcome_kind::RUN_CLOSED.to_owned(),
            namespace: "a.b".to_owned(),
            workflow_id: "w/1".to_owned(),
            run_id: "run".to_owned(),
            status: "TIMED_OUT".to_owned(),
            time: Some(prost_types::Timestamp { seconds: 1_700_000_000, nanos: 123_456_000 }),
            ..Outcome::default()
        };
        let expected = [
            "ce_specversion=1.0",
            "ce_id=run",
            "ce_type=io.klamm.workflow.timed_out",
            "ce_source=/klamm/namespaces/a.b",
            "ce_subject=w/1",
            "ce_time=2023-11-14T22:13:20.123456Z",
            "traceparent=00-a-b-01",
        ];
        assert_eq!(headers(&outcome), expected);
        let request = RequestAnswer { topic: "t".to_owned(), partition: 1, offset: 2, ..RequestAnswer::default() };
        let answer = Outcome { kind: outcome_kind::REQUEST_REJECTED.to_owned(), request: Some(request), ..outcome };
        assert_eq!(headers(&answer)[1..3], ["ce_id=t/1/2", "ce_type=io.klamm.request.rejected"]);
    }
}
