use klamm_machine::Rejection;
use klamm_messages::temporal::{enums::v1::NamespaceState, errordetails::v1::NamespaceInvalidStateFailure};
use klamm_requests::fault;

use super::*;

#[test]
fn codes_keep_their_numbers() {
    for (code, expected) in [
        (fault::Code::InvalidArgument, Code::InvalidArgument),
        (fault::Code::DeadlineExceeded, Code::DeadlineExceeded),
        (fault::Code::NotFound, Code::NotFound),
        (fault::Code::AlreadyExists, Code::AlreadyExists),
        (fault::Code::PermissionDenied, Code::PermissionDenied),
        (fault::Code::ResourceExhausted, Code::ResourceExhausted),
        (fault::Code::FailedPrecondition, Code::FailedPrecondition),
        (fault::Code::Unimplemented, Code::Unimplemented),
        (fault::Code::Internal, Code::Internal),
        (fault::Code::Unavailable, Code::Unavailable),
    ] {
        assert_eq!(Code::from_i32(code as i32), expected);
    }
}

#[test]
fn code_message_and_detail_are_told_as_grpc_tells_them() {
    let state = NamespaceState::Deprecated;
    let status = of(Fault::NamespaceInvalidState { namespace: "n".to_owned(), state, allowed: &[NamespaceState::Registered] });
    assert_eq!(status.code(), Code::FailedPrecondition);
    assert_eq!(status.message(), "Namespace has invalid state: Deprecated. Must be Registered.");
    let wire = rpc::Status::decode(status.details()).expect("grpc-status-details-bin holds a google.rpc.Status");
    assert_eq!((wire.code, wire.message.as_str()), (status.code() as i32, status.message()));
    let [detail] = wire.details.as_slice() else {
        panic!("one detail: {:?}", wire.details);
    };
    assert_eq!(detail.type_url, "type.googleapis.com/temporal.api.errordetails.v1.NamespaceInvalidStateFailure");
    let detail = NamespaceInvalidStateFailure::decode(detail.value.as_slice()).expect("the detail");
    assert_eq!((detail.namespace.as_str(), detail.state), ("n", state as i32));
    assert_eq!(detail.allowed_states, [NamespaceState::Registered as i32]);

    let status = of(Fault::invalid("no"));
    assert_eq!((status.code(), status.message()), (Code::InvalidArgument, "no"));
    assert!(status.details().is_empty());
}

#[test]
fn exhaustion_is_told_in_headers_too() {
    let status = of(Fault::from(Rejection::BusyWorkflow("workflow is closing".to_owned())));
    let header = |name| status.metadata().get(name).and_then(|value| value.to_str().ok()).map(str::to_owned);
    assert_eq!(header("x-resource-exhausted-cause").as_deref(), Some("BusyWorkflow"));
    assert_eq!(header("x-resource-exhausted-scope").as_deref(), Some("Namespace"));
}
