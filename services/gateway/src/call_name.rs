//! Names of calls.

/// A call's name ("StartWorkflowExecution"), by its request's type: the API names each request after its call.
pub(crate) fn of(request: &'static str) -> &'static str {
    request.strip_suffix("Request").unwrap_or(request)
}
