//! Metrics of calls under Temporal's names (`service_requests` and others), per call and namespace.
//!
//! Each kind of call has a table of its own. A call looks its metrics up there once, by its namespace, with one read lock and no
//! allocation.

use std::{collections::BTreeMap, sync::Arc, time::Instant};

use klamm_requests::Fault;
use parking_lot::{Mutex, RwLock};

use crate::call_name;

/// So many namespaces have metrics of their own. Those that come later are added up under [`OTHER`].
const NAMESPACES_MAX: usize = 50;
/// Label of calls that belong to no namespace, or to one that does not exist.
const UNKNOWN: &str = "_unknown_";
/// Label of all namespaces beyond [`NAMESPACES_MAX`].
const OTHER: &str = "_other_";

/// Metrics of one kind of call.
pub(crate) struct Operation {
    /// Type of the call's request: the call's name followed by `Request`.
    request: &'static str,
    known: RwLock<BTreeMap<Box<str>, Arc<Handles>>>,
}

/// Metrics of a call and namespace.
pub(crate) struct Handles {
    operation: &'static str,
    namespace: String,
    requests: metrics::Counter,
    pending: metrics::Gauge,
    latency: metrics::Histogram,
    errors: metrics::Counter,
    /// Counters of failures, by what went wrong: an exhausted resource, or a type of error.
    by_type: Mutex<BTreeMap<Wrong, metrics::Counter>>,
}

/// What went wrong, in Temporal's words.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Wrong {
    Exhausted(&'static str),
    Error(&'static str),
}

impl Operation {
    /// Metrics of the call with this request.
    pub(crate) const fn new(request: &'static str) -> Self {
        Self { request, known: RwLock::new(BTreeMap::new()) }
    }

    /// Notes that a call has come. `is_known` tells whether its namespace exists.
    pub(crate) fn begin(&self, namespace: &str, is_known: impl FnOnce() -> bool) -> Measured {
        let handles = { self.known.read().get(namespace).cloned() };
        let handles = handles.unwrap_or_else(|| self.handles(if !namespace.is_empty() && is_known() { namespace } else { UNKNOWN }));
        handles.requests.increment(1);
        handles.pending.increment(1.0);
        Measured { handles, began: Instant::now(), ended: false }
    }

    fn handles(&self, namespace: &str) -> Arc<Handles> {
        let mut known = self.known.write();
        let namespace =
            if known.contains_key(namespace) || known.len() < NAMESPACES_MAX || namespace == UNKNOWN { namespace } else { OTHER };
        if let Some(handles) = known.get(namespace) {
            return handles.clone();
        }
        let handles = Arc::new(Handles::new(call_name::of(self.request), namespace));
        known.insert(namespace.into(), handles.clone());
        handles
    }
}

/// The labels of every metric here.
macro_rules! labelled {
    ($macro:ident, $name:literal, $handles:expr $(, $label:literal => $value:expr)*) => {
        metrics::$macro!($name, "operation" => $handles.0, "namespace" => $handles.1.to_owned(), "service_name" => "frontend" $(, $label => $value)*)
    };
}

impl Handles {
    fn new(operation: &'static str, namespace: &str) -> Self {
        let labels = (operation, namespace);
        Self {
            operation,
            namespace: namespace.to_owned(),
            requests: labelled!(counter, "service_requests", labels),
            pending: labelled!(gauge, "service_pending_requests", labels),
            latency: labelled!(histogram, "service_latency", labels),
            errors: labelled!(counter, "service_errors", labels),
            by_type: Mutex::default(),
        }
    }

    fn failed(&self, fault: &Fault) {
        if fault.is_of_the_server() {
            self.errors.increment(1);
        }
        let wrong = fault.exhausted().map_or_else(|| Wrong::Error(fault.type_name()), |exhausted| Wrong::Exhausted(exhausted.cause));
        let labels = (self.operation, &*self.namespace);
        let mut by_type = self.by_type.lock();
        let counter = by_type.entry(wrong).or_insert_with(|| match wrong {
            Wrong::Error(name) => labelled!(counter, "service_error_with_type", labels, "error_type" => name),
            Wrong::Exhausted(cause) => {
                labelled!(counter, "service_errors_resource_exhausted", labels, "resource_exhausted_cause" => cause)
            }
        });
        counter.increment(1);
    }
}

/// A call that is measured. Dropping this notes that the call has ended.
pub(crate) struct Measured {
    handles: Arc<Handles>,
    began: Instant,
    ended: bool,
}

impl Measured {
    /// Notes that the call was answered with this outcome.
    pub(crate) fn end<T>(mut self, outcome: &Result<T, Fault>) {
        self.ended = true;
        if let Err(fault) = outcome {
            self.handles.failed(fault);
        }
    }
}

impl Drop for Measured {
    fn drop(&mut self) {
        if !self.ended {
            // The caller has gone, or its deadline has passed.
            self.handles.failed(&Fault::DeadlineExceeded(String::new()));
        }
        self.handles.pending.decrement(1.0);
        self.handles.latency.record(self.began.elapsed().as_secs_f64());
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn namespaces_beyond_the_bound_are_added_up() {
        let operation = Operation::new("PollWorkflowTaskQueueRequest");
        let label = |namespace: &str, known: bool| operation.begin(namespace, || known).handles.namespace.clone();
        assert_eq!(label("gone", false), UNKNOWN);
        assert_eq!(label("", true), UNKNOWN);
        for number in 0..NAMESPACES_MAX - 1 {
            assert_eq!(label(&format!("n{number}"), true), format!("n{number}"));
        }
        assert_eq!(label("one too many", true), OTHER);
        assert_eq!(label("another", true), OTHER);
        assert_eq!(label("n7", true), "n7");
        assert_eq!(label("gone", false), UNKNOWN);
        assert_eq!(operation.known.read().len(), NAMESPACES_MAX + 1);
        assert_eq!(operation.begin("n7", || true).handles.operation, "PollWorkflowTaskQueue");
    }
}
