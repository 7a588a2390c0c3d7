//! Payloads as readers without a data converter can use them.

use std::collections::BTreeMap;

use klamm_messages::{
    klamm::v1::OutcomeContent,
    temporal::common::v1::{Payload, Payloads, SearchAttributes},
};
use serde_json::Value;

use super::budget::Budget;

/// A payload. What does not fit is left out, and its size is told.
pub(super) fn content(payload: &Payload, budget: &mut Budget) -> OutcomeContent {
    let metadata = |name: &str| payload.metadata.get(name).map(|value| String::from_utf8_lossy(value).into_owned()).unwrap_or_default();
    let named = OutcomeContent { encoding: metadata("encoding"), message_type: metadata("messageType"), ..OutcomeContent::default() };
    if named.encoding == "binary/null" {
        return named;
    }
    if !budget.takes(payload.data.len()) {
        return OutcomeContent { omitted_bytes: payload.data.len() as i64, ..named };
    }
    let text = std::str::from_utf8(&payload.data).ok().map(str::to_owned);
    match (named.encoding.as_str(), text) {
        ("json/plain" | "json/protobuf", Some(json)) => OutcomeContent { json: Some(json), ..named },
        ("text/plain", Some(text)) => OutcomeContent { text: Some(text), ..named },
        _ => OutcomeContent { bytes: Some(payload.data.clone()), ..named },
    }
}

/// Some payloads, in order.
pub(super) fn contents(payloads: Option<&Payloads>, budget: &mut Budget) -> Vec<OutcomeContent> {
    let payloads = payloads.map(|payloads| payloads.payloads.as_slice()).unwrap_or_default();
    payloads.iter().map(|payload| content(payload, budget)).collect()
}

/// Search attributes: texts as they are, everything else as JSON.
pub(super) fn search_attributes(attributes: Option<&SearchAttributes>, budget: &mut Budget) -> BTreeMap<String, String> {
    let fields = attributes.iter().flat_map(|attributes| &attributes.indexed_fields);
    let mut shown = BTreeMap::new();
    for (name, payload) in fields.filter(|(_, payload)| budget.takes(payload.data.len())) {
        let text = match serde_json::from_slice(&payload.data) {
            Ok(Value::String(text)) => text,
            _ => String::from_utf8_lossy(&payload.data).into_owned(),
        };
        shown.insert(name.clone(), text);
    }
    shown
}

#[cfg(test)]
mod tests {
    use super::*;

    fn payload(encoding: &str, data: &[u8]) -> Payload {
        let metadata = [("encoding".to_owned(), encoding.as_bytes().to_vec().into())];
        Payload { metadata: metadata.into(), data: data.to_vec().into(), ..Payload::default() }
    }

    fn told(encoding: &str, data: &[u8]) -> (Option<String>, Option<String>, Option<Vec<u8>>) {
        let told = content(&payload(encoding, data), &mut Budget::default());
        assert_eq!((told.encoding.as_str(), told.omitted_bytes), (encoding, 0));
        (told.json, told.text, told.bytes.map(|bytes| bytes.to_vec()))
    }

    #[test]
    fn what_is_text_becomes_text_and_everything_else_stays_bytes() {
        let text = |text: &str| Some(text.to_owned());
        assert_eq!(told("json/plain", b"{\"a\":1}"), (text("{\"a\":1}"), None, None));
        assert_eq!(told("json/protobuf", b"{}"), (text("{}"), None, None));
        assert_eq!(told("text/plain", b"a b"), (None, text("a b"), None));
        assert_eq!(told("binary/null", b""), (None, None, None));
        assert_eq!(told("binary/encrypted", b"\xff"), (None, None, Some(vec![255])));
        assert_eq!(told("json/plain", b"\xff"), (None, None, Some(vec![255])), "what claims to be JSON and is not even text");
        assert_eq!(told("", b"x"), (None, None, Some(b"x".to_vec())));
    }

    #[test]
    fn what_does_not_fit_is_left_out_with_its_size() {
        let mut budget = Budget::of(5);
        assert_eq!(content(&payload("json/plain", b"1234"), &mut budget).json.as_deref(), Some("1234"));
        let left_out = content(&payload("json/plain", b"56"), &mut budget);
        assert_eq!((left_out.json, left_out.omitted_bytes, left_out.encoding.as_str()), (None, 2, "json/plain"));
        assert_eq!(content(&payload("json/plain", b"7"), &mut budget).json.as_deref(), Some("7"), "what fits still goes in");
    }

    #[test]
    fn search_attributes_are_plain_texts_and_json() {
        let fields = [("a", "\"x \\\"y\\\"\""), ("b", "1.5"), ("c", "[\"k\",\"l\"]"), ("d", "true")];
        let fields = fields.map(|(name, data)| (name.to_owned(), payload("json/plain", data.as_bytes())));
        let shown = search_attributes(Some(&SearchAttributes { indexed_fields: fields.into() }), &mut Budget::default());
        let shown: Vec<_> = shown.iter().map(|(name, value)| format!("{name}={value}")).collect();
        assert_eq!(shown, ["a=x \"y\"", "b=1.5", "c=[\"k\",\"l\"]", "d=true"]);
    }
}
