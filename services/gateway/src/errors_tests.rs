use super::*;

/// Code, message and detail of a refusal as a client sees them.
fn seen(fault: Fault) -> (Code, String, Option<prost_types::Any>) {
    let status = Status::from(fault);
    let detail = (!status.details().is_empty()).then(|| {
        let wire = rpc::Status::decode(status.details()).expect("grpc-status-details-bin holds a google.rpc.Status");
        assert_eq!(wire.code, status.code() as i32);
        assert_eq!(wire.message, status.message());
        assert_eq!(wire.details.len(), 1);
        wire.details.into_iter().next().expect("one detail")
    });
    (status.code(), status.message().to_owned(), detail)
}

fn with<M: Message + Name>(message: M) -> Option<prost_types::Any> {
    let name = std::any::type_name::<M>().rsplit("::").next().unwrap_or_default();
    Some(prost_types::Any { type_url: format!("type.googleapis.com/temporal.api.errordetails.v1.{name}"), value: message.encode_to_vec() })
}

#[test]
fn every_rejection_of_a_machine_has_its_row() {
    let text = || "words".to_owned();
    let not_found = with(details::NotFoundFailure::default());
    let exhausted = |cause: ResourceExhaustedCause, scope: ResourceExhaustedScope| {
        with(details::ResourceExhaustedFailure { cause: cause as i32, scope: scope as i32 })
    };
    let rows = [
        (Rejection::InvalidArgument(text()), Code::InvalidArgument, text(), None),
        (Rejection::NotFound(text()), Code::NotFound, text(), not_found),
        (
            Rejection::NamespaceNotFound("n".to_owned()),
            Code::NotFound,
            "Namespace n is not found.".to_owned(),
            with(details::NamespaceNotFoundFailure { namespace: "n".to_owned() }),
        ),
        (Rejection::NamespaceAlreadyExists(text()), Code::AlreadyExists, text(), with(details::NamespaceAlreadyExistsFailure {})),
        (
            Rejection::WorkflowExecutionAlreadyStarted {
                message: text(),
                start_request_id: "q".to_owned(),
                run_id: "r".to_owned(),
                first_execution_run_id: "f".to_owned(),
            },
            Code::AlreadyExists,
            text(),
            with(details::WorkflowExecutionAlreadyStartedFailure {
                start_request_id: "q".to_owned(),
                run_id: "r".to_owned(),
                first_execution_run_id: "f".to_owned(),
            }),
        ),
        (Rejection::AlreadyExists(text()), Code::AlreadyExists, text(), None),
        (Rejection::FailedPrecondition(text()), Code::FailedPrecondition, text(), None),
        (Rejection::WorkflowNotReady(text()), Code::FailedPrecondition, text(), with(details::WorkflowNotReadyFailure {})),
        (
            Rejection::BusyWorkflow(text()),
            Code::ResourceExhausted,
            text(),
            exhausted(ResourceExhaustedCause::BusyWorkflow, ResourceExhaustedScope::Namespace),
        ),
        (
            Rejection::Overloaded(text()),
            Code::ResourceExhausted,
            text(),
            exhausted(ResourceExhaustedCause::SystemOverloaded, ResourceExhaustedScope::System),
        ),
        (Rejection::Unimplemented(text()), Code::Unimplemented, text(), None),
        (Rejection::Internal(text()), Code::Internal, text(), None),
    ];
    for (rejection, code, message, detail) in rows {
        let said = format!("{rejection:?}");
        assert_eq!(seen(rejection.into()), (code, message, detail), "{said}");
    }
}

#[test]
fn every_error_of_the_backend_has_its_row() {
    let text = || "words".to_owned();
    for (error, code) in [
        (backend::Error::Rejected(Rejection::NotFound(text())), Code::NotFound),
        (backend::Error::Unavailable(text()), Code::Unavailable),
        (backend::Error::Exhausted(text()), Code::ResourceExhausted),
        (backend::Error::DeadlineExceeded(text()), Code::DeadlineExceeded),
    ] {
        let (seen_code, message, _) = seen(error.into());
        assert_eq!((seen_code, message), (code, text()));
    }
}

#[test]
fn the_gateways_own_refusals_have_their_details() {
    let (code, message, detail) = seen(Fault::NamespaceInvalidState {
        namespace: "n".to_owned(),
        state: NamespaceState::Deprecated,
        allowed: &[NamespaceState::Registered],
    });
    assert_eq!((code, message.as_str()), (Code::FailedPrecondition, "Namespace has invalid state: Deprecated. Must be Registered."));
    assert_eq!(
        detail,
        with(details::NamespaceInvalidStateFailure {
            namespace: "n".to_owned(),
            state: NamespaceState::Deprecated as i32,
            allowed_states: vec![NamespaceState::Registered as i32],
        })
    );

    let failure = Failure { message: "why".to_owned(), ..Failure::default() };
    let (code, message, detail) =
        seen(Fault::QueryFailed { message: "no such query".to_owned(), failure: Some(Box::new(failure.clone())) });
    assert_eq!((code, message.as_str()), (Code::InvalidArgument, "no such query"));
    assert_eq!(detail, with(details::QueryFailedFailure { failure: Some(failure) }));

    let (code, _, detail) = seen(Fault::PermissionDenied("no".to_owned()));
    assert_eq!((code, detail), (Code::PermissionDenied, with(details::PermissionDeniedFailure::default())));
}

#[test]
fn exhaustion_is_told_in_headers_too() {
    let status = Status::from(Fault::from(Rejection::BusyWorkflow("workflow is closing".to_owned())));
    let header = |name| status.metadata().get(name).and_then(|value| value.to_str().ok()).map(str::to_owned);
    assert_eq!(header("x-resource-exhausted-cause").as_deref(), Some("BusyWorkflow"));
    assert_eq!(header("x-resource-exhausted-scope").as_deref(), Some("Namespace"));
}

#[test]
fn long_messages_are_cut_between_characters() {
    let status = Status::from(Fault::invalid("ä".repeat(4000)));
    assert_eq!(status.message().len(), 4000);
    assert!(status.message().chars().all(|c| c == 'ä'));
    let status = Status::from(Fault::invalid(format!("x{}", "ä".repeat(4000))));
    assert_eq!(status.message().len(), 3999);
}
