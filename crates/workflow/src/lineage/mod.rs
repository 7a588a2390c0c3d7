//! What runs tell of themselves as OpenLineage events (specification 2-0-2): that they begin, and how they end. The events are of the same
//! transaction as the run's own first and last event.
//!
//! Consumers put the events of a run together by its id. So what a run reads stands in the event of its start, and what it has written in the one
//! of its end.

mod content;

use klamm_machine::{LineageRecord, Publication, Tx};
use klamm_messages::{
    klamm::v1::{Command, LineageSettings, RunState, command::Body, history_record::Record},
    temporal::{
        failure::v1::Failure,
        history::v1::{ActivityTaskCompletedEventAttributes, history_event::Attributes},
    },
};
use serde::Deserialize;

use self::content::{Dataset, Event as Content, Job, Kind};
use crate::{
    Event, Workflow, publish,
    run::{names, workflow_type},
    tables::{RunKey, Runs},
};

/// Most topics that are remembered of what a run has published. A namespace has fewer.
const TOPICS_MAX: usize = 100;

/// What happens to a run.
enum Moment {
    Started,
    Ended(Kind, Option<String>),
}

/// Publishes an event for each run that has begun or ended in this decision, if the settings name its type.
pub(crate) fn publish(tx: &mut Tx<'_, Workflow>, command: &Command) {
    let Some(settings) = command.settings.as_ref().and_then(|settings| settings.lineage.as_ref()) else { return };
    let moments: Vec<_> = tx.emitted().iter().filter_map(moment).collect();
    for (key, moment) in moments {
        let Some(state) = tx.get::<Runs>(&key) else { continue };
        if !names(&settings.types, &workflow_type(&state)) {
            continue;
        }
        let event = event(&state, moment, command, settings);
        drop(state);
        let time = prost_types::Timestamp::from(tx.context.now).to_string();
        let RunKey { namespace, workflow_id, .. } = key;
        let value = content::json(&event, &time);
        tx.publish(Publication::Lineage(Box::new(LineageRecord { namespace, workflow_id, value })));
    }
}

fn moment(event: &Event) -> Option<(RunKey, Moment)> {
    let Event::Record(record) = event else { return None };
    let Some(Record::Event(event)) = &record.record else { return None };
    let message = |failure: Option<&Failure>| Some(failure.map(|failure| failure.message.clone()).unwrap_or_default());
    let moment = match event.attributes.as_ref()? {
        Attributes::WorkflowExecutionStartedEventAttributes(_) => Moment::Started,
        Attributes::WorkflowExecutionCompletedEventAttributes(_) | Attributes::WorkflowExecutionContinuedAsNewEventAttributes(_) => {
            Moment::Ended(Kind::Complete, None)
        }
        Attributes::WorkflowExecutionFailedEventAttributes(failed) => Moment::Ended(Kind::Fail, message(failed.failure.as_ref())),
        Attributes::WorkflowExecutionTimedOutEventAttributes(_) => {
            Moment::Ended(Kind::Fail, Some("The workflow has timed out.".to_owned()))
        }
        Attributes::WorkflowExecutionCanceledEventAttributes(_) | Attributes::WorkflowExecutionTerminatedEventAttributes(_) => {
            Moment::Ended(Kind::Abort, None)
        }
        _ => return None,
    };
    Some((RunKey::new(&record.namespace, &record.workflow_id, &record.run_id), moment))
}

fn event(state: &RunState, moment: Moment, command: &Command, settings: &LineageSettings) -> Content {
    let job = |name: &str| Job { namespace: settings.job_namespace.clone(), name: name.to_owned() };
    let dataset = |topic: &String| Dataset { namespace: settings.dataset_namespace.clone(), name: topic.clone() };
    let parent = state.execution.as_ref().and_then(|execution| execution.parent.as_ref());
    let parent = parent.filter(|parent| !parent.workflow_type.is_empty()).and_then(|parent| {
        let execution = parent.execution.as_ref()?;
        Some((execution.run_id.clone(), job(&parent.workflow_type)))
    });
    let (kind, error) = match moment {
        Moment::Started => (Kind::Start, None),
        Moment::Ended(kind, error) => (kind, error),
    };
    let inputs = if kind == Kind::Start { source(state, command) } else { None };
    let outputs = if kind == Kind::Start { &[][..] } else { &state.published_topics };
    Content {
        kind,
        run_id: state.run_id.clone(),
        workflow_id: state.workflow_id.clone(),
        job: job(&workflow_type(state)),
        parent,
        error,
        inputs: inputs.iter().map(dataset).collect(),
        outputs: outputs.iter().map(dataset).collect(),
    }
}

/// The topic of the record by which a trigger has started this run.
fn source(state: &RunState, command: &Command) -> Option<String> {
    let run_id = match command.body.as_ref()? {
        Body::StartWorkflow(start) => &start.run_id,
        Body::SignalWithStartWorkflow(start) => &start.run_id,
        _ => return None,
    };
    command.from_trigger.as_ref().filter(|_| *run_id == state.run_id).map(|from| from.topic.clone())
}

/// An activity has ended: if klamm has published by it, the run remembers the topic.
pub(crate) fn apply_completed(run: &mut RunState, completed: &ActivityTaskCompletedEventAttributes) {
    #[derive(Deserialize)]
    struct Result {
        topic: String,
    }
    if completed.identity != publish::IDENTITY {
        return;
    }
    let scheduled = run.activities.get(&completed.scheduled_event_id).and_then(|activity| activity.scheduled.as_ref());
    if !scheduled.is_some_and(publish::is_klamms) || run.published_topics.len() >= TOPICS_MAX {
        return;
    }
    let payload = completed.result.as_ref().and_then(|result| result.payloads.first());
    let Some(Ok(Result { topic })) = payload.map(|payload| serde_json::from_slice(&payload.data)) else { return };
    if !run.published_topics.contains(&topic) {
        run.published_topics.push(topic);
    }
}
