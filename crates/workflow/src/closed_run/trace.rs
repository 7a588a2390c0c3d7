//! The trace that a start belongs to, as tracers of Temporal's SDKs hand it on.

use klamm_messages::temporal::common::v1::Header;
use serde_json::Value;

/// The header field in which the SDKs' OpenTelemetry interceptors put the fields of their propagators.
const TRACER_DATA: &str = "_tracer-data";
/// W3C's field, which is also the name of the header of records.
pub(super) const TRACEPARENT: &str = "traceparent";

/// The `traceparent` that a start came with. One that is not of W3C's form is as good as none.
pub(crate) fn traceparent(header: Option<&Header>) -> Option<String> {
    let fields = &header?.fields;
    let tracer_data = fields.get(TRACER_DATA).and_then(|payload| serde_json::from_slice::<Value>(&payload.data).ok());
    let own = || fields.get(TRACEPARENT).and_then(|payload| serde_json::from_slice::<Value>(&payload.data).ok());
    let value = tracer_data.as_ref().and_then(|data| data.get(TRACEPARENT)).cloned().or_else(own)?;
    value.as_str().filter(|text| is_traceparent(text)).map(str::to_owned)
}

/// `version-trace-span-flags` in lower-case hexadecimal digits.
fn is_traceparent(text: &str) -> bool {
    let is_hex = |part: &str| part.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'));
    let parts: Vec<&str> = text.split('-').collect();
    parts.iter().map(|part| part.len()).eq([2, 32, 16, 2]) && parts.into_iter().all(is_hex)
}

#[cfg(test)]
mod tests {
    use klamm_messages::temporal::common::v1::Payload;

    use super::*;

    const TRACE: &str = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";

    fn told(name: &str, data: String) -> Option<String> {
        let payload = Payload { data: data.into_bytes().into(), ..Payload::default() };
        traceparent(Some(&Header { fields: [(name.to_owned(), payload)].into() }))
    }

    #[test]
    fn it_is_found_where_sdks_put_it() {
        assert_eq!(told("_tracer-data", format!("{{\"traceparent\":\"{TRACE}\",\"tracestate\":\"\"}}")).as_deref(), Some(TRACE));
        assert_eq!(told("traceparent", format!("\"{TRACE}\"")).as_deref(), Some(TRACE));
        assert_eq!(traceparent(None), None);
        for (name, data) in [
            ("_tracer-data", "{\"uber-trace-id\":\"1:2:0:1\"}".to_owned()),
            ("_tracer-data", "encrypted".to_owned()),
            ("_tracer-data", format!("{{\"traceparent\":\"{}\"}}", TRACE.to_uppercase())),
            ("traceparent", "\"00-1-2-3\"".to_owned()),
            ("other", format!("\"{TRACE}\"")),
        ] {
            assert_eq!(told(name, data.clone()), None, "{name}: {data}");
        }
    }
}
