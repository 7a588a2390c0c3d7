//! Payloads as bodies with content headers (Temporal: common/nexus/payload_serializer.go).

use bytes::Bytes;
use klamm_messages::temporal::common::v1::Payload;
use prost::Message;

/// A body, and the headers that say what it is.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Content {
    /// Names without `content-`, and values.
    pub headers: Vec<(String, String)>,
    /// The bytes.
    pub body: Bytes,
}

/// The content that a payload becomes. No payload is an empty body.
pub fn of_payload(payload: Option<&Payload>) -> Content {
    let Some(payload) = payload else { return Content::default() };
    let text = |key: &str| payload.metadata.get(key).map_or("".into(), |value| String::from_utf8_lossy(value));
    let (encoding, message_type) = (text("encoding"), text("messageType"));
    let count = payload.metadata.len();
    let content_type = match &*encoding {
        "unknown/nexus-content" => {
            let others = payload.metadata.iter().filter(|(name, _)| *name != "encoding");
            let headers = others.map(|(name, value)| (name.clone(), String::from_utf8_lossy(value).into_owned())).collect();
            return Content { headers, body: payload.data.clone() };
        }
        "json/plain" => "application/json".to_owned(),
        "json/protobuf" if count == 2 && !message_type.is_empty() => {
            format!("application/json; format=protobuf; message-type={}", quoted(&message_type))
        }
        "binary/protobuf" if count == 2 && !message_type.is_empty() => {
            format!("application/x-protobuf; message-type={}", quoted(&message_type))
        }
        "binary/null" if count == 1 => return Content { headers: Vec::new(), body: payload.data.clone() },
        "binary/plain" if count == 1 => "application/octet-stream".to_owned(),
        // Anything else is sent as it is stored.
        _ => return whole(payload),
    };
    Content { headers: vec![("type".to_owned(), content_type)], body: payload.data.clone() }
}

fn whole(payload: &Payload) -> Content {
    let headers = vec![("type".to_owned(), "application/x-temporal-payload".to_owned())];
    Content { headers, body: payload.encode_to_vec().into() }
}

fn quoted(text: &str) -> String {
    format!("\"{}\"", text.replace('\\', "\\\\").replace('"', "\\\""))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn payload(metadata: &[(&str, &str)]) -> Payload {
        Payload {
            metadata: metadata.iter().map(|(name, value)| ((*name).to_owned(), Bytes::from((*value).to_owned()))).collect(),
            data: Bytes::from_static(b"data"),
            ..Payload::default()
        }
    }

    #[test]
    fn each_encoding_has_its_content_type() {
        for (metadata, expected) in [
            (&[("encoding", "json/plain")][..], "application/json"),
            (&[("encoding", "json/plain"), ("more", "x")], "application/json"),
            (&[("encoding", "json/protobuf"), ("messageType", "a.B")], "application/json; format=protobuf; message-type=\"a.B\""),
            (&[("encoding", "json/protobuf")], "application/x-temporal-payload"),
            (&[("encoding", "binary/protobuf"), ("messageType", "a.B")], "application/x-protobuf; message-type=\"a.B\""),
            (&[("encoding", "binary/plain")], "application/octet-stream"),
            (&[("encoding", "binary/plain"), ("more", "x")], "application/x-temporal-payload"),
            (&[("encoding", "binary/encrypted")], "application/x-temporal-payload"),
            (&[], "application/x-temporal-payload"),
        ] {
            let payload = payload(metadata);
            let content = of_payload(Some(&payload));
            assert_eq!(content.headers, [("type".to_owned(), expected.to_owned())]);
            let whole = expected == "application/x-temporal-payload";
            assert_eq!(content.body, if whole { payload.encode_to_vec().into() } else { payload.data });
        }
    }

    #[test]
    fn nothing_is_an_empty_body_and_what_came_from_outside_goes_out_unchanged() {
        assert_eq!(of_payload(None), Content::default());
        let null = Payload { data: Bytes::new(), ..payload(&[("encoding", "binary/null")]) };
        assert_eq!(of_payload(Some(&null)), Content::default());
        let foreign = payload(&[("encoding", "unknown/nexus-content"), ("type", "text/plain"), ("language", "de")]);
        let expected = [("language", "de"), ("type", "text/plain")].map(|(name, value)| (name.to_owned(), value.to_owned()));
        assert_eq!(of_payload(Some(&foreign)).headers, expected);
    }
}
