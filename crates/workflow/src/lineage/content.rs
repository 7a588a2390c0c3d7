//! The form of an OpenLineage event.

use serde_json::{Map, Value as Json, json};

/// Who makes the events. Without a version, so that a decision that is made again after an update makes the same event.
const PRODUCER: &str = "urn:klamm";
/// The form of the events.
const SCHEMA: &str = "https://openlineage.io/spec/2-0-2/OpenLineage.json#/$defs/RunEvent";
/// The forms of the facets.
const RUN_FACET: &str = "https://openlineage.io/spec/2-0-2/OpenLineage.json#/$defs/RunFacet";
const PARENT_FACET: &str = "https://openlineage.io/spec/facets/1-0-1/ParentRunFacet.json#/$defs/ParentRunFacet";
const ERROR_FACET: &str = "https://openlineage.io/spec/facets/1-0-1/ErrorMessageRunFacet.json#/$defs/ErrorMessageRunFacet";
const JOB_TYPE_FACET: &str = "https://openlineage.io/spec/facets/2-0-3/JobTypeJobFacet.json#/$defs/JobTypeJobFacet";
/// Most characters of an error's message.
const MESSAGE_CHARS_MAX: usize = 2_000;

/// An event about a run.
pub(super) struct Event {
    pub(super) kind: Kind,
    pub(super) run_id: String,
    pub(super) workflow_id: String,
    pub(super) job: Job,
    /// Run id and job.
    pub(super) parent: Option<(String, Job)>,
    pub(super) error: Option<String>,
    pub(super) inputs: Vec<Dataset>,
    pub(super) outputs: Vec<Dataset>,
}

/// What happens.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    Start,
    Complete,
    Fail,
    Abort,
}

impl Kind {
    fn name(self) -> &'static str {
        match self {
            Self::Start => "START",
            Self::Complete => "COMPLETE",
            Self::Fail => "FAIL",
            Self::Abort => "ABORT",
        }
    }
}

/// A job: a workflow type.
pub(super) struct Job {
    pub(super) namespace: String,
    pub(super) name: String,
}

/// A dataset: a topic.
pub(super) struct Dataset {
    pub(super) namespace: String,
    pub(super) name: String,
}

/// The event as JSON text. `time` is in RFC 3339.
pub(super) fn json(event: &Event, time: &str) -> String {
    let Event { kind, run_id, workflow_id, job, parent, error, inputs, outputs } = event;
    let mut facets = Map::new();
    facets.insert("klamm_workflow".to_owned(), facet(RUN_FACET, json!({ "workflowId": workflow_id })));
    if let Some((run_id, job)) = parent {
        let parent = json!({ "run": { "runId": run_id }, "job": { "namespace": job.namespace, "name": job.name } });
        facets.insert("parent".to_owned(), facet(PARENT_FACET, parent));
    }
    if let Some(message) = error {
        let message: String = message.chars().take(MESSAGE_CHARS_MAX).collect();
        // A run may have workers in several languages.
        facets.insert("errorMessage".to_owned(), facet(ERROR_FACET, json!({ "message": message, "programmingLanguage": "unknown" })));
    }
    let job_type = json!({ "processingType": "BATCH", "integration": "KLAMM", "jobType": "WORKFLOW" });
    json!({
        "eventType": kind.name(),
        "eventTime": time,
        "producer": PRODUCER,
        "schemaURL": SCHEMA,
        "run": { "runId": run_id, "facets": facets },
        "job": { "namespace": job.namespace, "name": job.name, "facets": { "jobType": facet(JOB_TYPE_FACET, job_type) } },
        "inputs": datasets(inputs),
        "outputs": datasets(outputs),
    })
    .to_string()
}

fn facet(schema: &str, mut of: Json) -> Json {
    of["_producer"] = PRODUCER.into();
    of["_schemaURL"] = schema.into();
    of
}

fn datasets(datasets: &[Dataset]) -> Json {
    datasets.iter().map(|dataset| json!({ "namespace": dataset.namespace, "name": dataset.name })).collect()
}
