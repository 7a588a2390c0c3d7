use super::*;

/// Code, message and detail that a client gets for a refusal.
fn seen(fault: Fault) -> (Code, String, Option<prost_types::Any>) {
    let Told { code, message, detail } = fault.told();
    (code, message, detail)
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
            Rejection::ConcurrentLimit(text()),
            Code::ResourceExhausted,
            text(),
            exhausted(ResourceExhaustedCause::ConcurrentLimit, ResourceExhaustedScope::Namespace),
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
        (BackendError::Rejected(Rejection::NotFound(text())), Code::NotFound),
        (BackendError::Unavailable(text()), Code::Unavailable),
        (BackendError::Exhausted(text()), Code::ResourceExhausted),
        (BackendError::DeadlineExceeded(text()), Code::DeadlineExceeded),
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
fn every_error_of_an_index_has_its_row() {
    let text = || "words".to_owned();
    for (error, code) in [
        (IndexError::Invalid(text()), Code::InvalidArgument),
        (IndexError::Unavailable(text()), Code::Unavailable),
        (IndexError::Exhausted(text()), Code::ResourceExhausted),
        (IndexError::Internal(text()), Code::Internal),
    ] {
        let (seen_code, message, _) = seen(error.into());
        assert_eq!((seen_code, message), (code, text()));
    }
}

#[test]
fn what_is_exhausted_has_temporals_names() {
    let busy = Fault::from(Rejection::BusyWorkflow("workflow is closing".to_owned()));
    assert_eq!(busy.exhausted(), Some(Exhausted { cause: "BusyWorkflow", scope: "Namespace" }));
    let overloaded = Fault::from(Rejection::Overloaded("later".to_owned()));
    assert_eq!(overloaded.exhausted(), Some(Exhausted { cause: "SystemOverloaded", scope: "System" }));
    assert_eq!(Fault::invalid("no").exhausted(), None);
}

#[test]
fn long_messages_are_cut_between_characters() {
    let (_, message, _) = seen(Fault::invalid("ä".repeat(4000)));
    assert_eq!(message.len(), 4000);
    assert!(message.chars().all(|c| c == 'ä'));
    let (_, message, _) = seen(Fault::invalid(format!("x{}", "ä".repeat(4000))));
    assert_eq!(message.len(), 3999);
}
