//! Links in headers (Temporal: common/nexus/link_converter.go, common/nexus/nexusrpc/api.go).

use klamm_messages::temporal::{
    common::v1::link::{WorkflowEvent, workflow_event::Reference},
    enums::v1::EventType,
};

/// Name of the header.
pub const HEADER: &str = "nexus-link";
/// Type of a link to an event of a workflow.
const WORKFLOW_EVENT: &str = "temporal.api.common.v1.Link.WorkflowEvent";

/// The value of the header for a link to an event of a workflow.
pub fn workflow_event(link: &WorkflowEvent) -> String {
    format!("<{}>; type=\"{WORKFLOW_EVENT}\"", workflow_event_url(link))
}

fn workflow_event_url(link: &WorkflowEvent) -> String {
    let [namespace, workflow_id, run_id] = [&link.namespace, &link.workflow_id, &link.run_id].map(|part| escaped(part, PATH));
    let query = match &link.reference {
        Some(Reference::EventRef(event)) => {
            let event_id = if event.event_id > 0 { format!("eventID={}&", event.event_id) } else { String::new() };
            format!("?{event_id}eventType={}&referenceType=EventReference", event_type(event.event_type))
        }
        Some(Reference::RequestIdRef(request)) => {
            let request_id = escaped(&request.request_id, QUERY);
            format!("?eventType={}&referenceType=RequestIdReference&requestID={request_id}", event_type(request.event_type))
        }
        None => String::new(),
    };
    format!("temporal:///namespaces/{namespace}/workflows/{workflow_id}/{run_id}/history{query}")
}

/// Name of an event type as Temporal's Go code writes it: `WorkflowExecutionStarted`.
fn event_type(number: i32) -> String {
    let name = EventType::try_from(number).unwrap_or_default().as_str_name().trim_start_matches("EVENT_TYPE_");
    let word =
        |word: &str| word.chars().enumerate().map(|(at, letter)| if at == 0 { letter } else { letter.to_ascii_lowercase() }).collect();
    name.split('_').map(word).collect::<Vec<String>>().concat()
}

/// Characters besides letters and digits that stand for themselves in a part of a path, and in a part of a query (Go: net/url).
const PATH: &str = "-_.~$&+=:@";
/// See [`PATH`].
const QUERY: &str = "-_.~";

fn escaped(text: &str, plain: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for byte in text.bytes() {
        let character = char::from(byte);
        if byte.is_ascii_alphanumeric() || (byte.is_ascii() && plain.contains(character)) {
            escaped.push(character);
        } else {
            escaped.push_str(&format!("%{byte:02X}"));
        }
    }
    escaped
}

#[cfg(test)]
mod tests {
    use klamm_messages::temporal::common::v1::link::workflow_event::{EventReference, RequestIdReference};

    use super::*;

    fn link(reference: Reference) -> WorkflowEvent {
        WorkflowEvent {
            namespace: "default".to_owned(),
            workflow_id: "order/1 ü".to_owned(),
            run_id: "r".to_owned(),
            reference: Some(reference),
        }
    }

    #[test]
    fn an_event_is_named_by_its_id() {
        let reference = EventReference { event_id: 1, event_type: EventType::WorkflowExecutionStarted as i32 };
        assert_eq!(
            workflow_event(&link(Reference::EventRef(reference))),
            "<temporal:///namespaces/default/workflows/order%2F1%20%C3%BC/r/history\
             ?eventID=1&eventType=WorkflowExecutionStarted&referenceType=EventReference>; type=\"temporal.api.common.v1.Link.WorkflowEvent\""
        );
    }

    #[test]
    fn an_event_that_may_wait_is_named_by_its_request() {
        let event_type = EventType::WorkflowExecutionOptionsUpdated as i32;
        let reference = RequestIdReference { request_id: "a&b".to_owned(), event_type };
        assert_eq!(
            workflow_event(&link(Reference::RequestIdRef(reference))),
            "<temporal:///namespaces/default/workflows/order%2F1%20%C3%BC/r/history\
             ?eventType=WorkflowExecutionOptionsUpdated&referenceType=RequestIdReference&requestID=a%26b>; \
             type=\"temporal.api.common.v1.Link.WorkflowEvent\""
        );
    }
}
