//! The end of a run.

use klamm_machine::Publication;
use klamm_messages::{
    klamm::v1::{CommandSettings, history_record::Record},
    temporal::{
        common::v1::Payloads,
        enums::v1::{EventType, WorkflowTaskFailedCause},
        history::v1::{HistoryEvent, WorkflowExecutionTerminatedEventAttributes, history_event::Attributes},
    },
};

use super::{
    Run, new_event,
    workflow_task::{SERVER_IDENTITY, TaskFailure},
};
use crate::{askers, children, closed_run, commands::CommandContext, visibility};

impl Run<'_, '_> {
    /// Closes the run by this event. Its visibility document is published, and its outcome where the settings say so. Its pending children are told, and so are those who have asked
    /// for the run, if no other run follows. The retention in force gives the time of its deletion. No workflow task may be started and no event may wait: see
    /// [`Run::force_end_workflow_task`].
    pub(crate) fn close(&mut self, event_type: EventType, attributes: Attributes, settings: &CommandSettings) {
        self.close_with(new_event(event_type, attributes, self.now()), settings);
    }

    /// As [`Run::close`], for an event whose time, links and metadata the caller has set.
    pub(crate) fn close_with(&mut self, event: HistoryEvent, settings: &CommandSettings) {
        self.renew_retention(settings);
        let event_id = self.add_whole_event(event);
        self.publish_closed(event_id, settings);
        children::tell_children(self, settings);
        askers::tell_closed(self, event_id, settings);
    }

    /// Closes the run by a command of the workflow. What the command carried besides its attributes is put onto the event.
    pub(crate) fn close_by_command(&mut self, event_type: EventType, attributes: Attributes, cx: &CommandContext<'_>) {
        let event = new_event(event_type, attributes, self.now());
        self.close_with(HistoryEvent { user_metadata: cx.user_metadata.cloned().map(Box::new), ..event }, cx.settings);
    }

    /// Terminates the run, whatever state it is in.
    pub(crate) fn terminate(&mut self, reason: &str, details: Option<Payloads>, identity: &str, settings: &CommandSettings) {
        self.force_end_workflow_task();
        self.close(
            EventType::WorkflowExecutionTerminated,
            Attributes::WorkflowExecutionTerminatedEventAttributes(WorkflowExecutionTerminatedEventAttributes {
                reason: reason.to_owned(),
                details,
                identity: identity.to_owned(),
            }),
            settings,
        );
    }

    /// As [`Run::terminate`], for a run whose place another one of its chain takes: those who wait for the end of the chain go on waiting,
    /// so they are told nothing.
    pub(crate) fn terminate_untold(&mut self, reason: &str, identity: &str, settings: &CommandSettings) {
        self.force_end_workflow_task();
        self.renew_retention(settings);
        let event_id = self.add_event(
            EventType::WorkflowExecutionTerminated,
            Attributes::WorkflowExecutionTerminatedEventAttributes(WorkflowExecutionTerminatedEventAttributes {
                reason: reason.to_owned(),
                details: None,
                identity: identity.to_owned(),
            }),
        );
        self.publish_closed(event_id, settings);
    }

    /// Terminates the run in the server's own name.
    pub(crate) fn terminate_by_server(&mut self, reason: &str, settings: &CommandSettings) {
        self.terminate(reason, None, SERVER_IDENTITY, settings);
    }

    /// Prepares a close from outside: fails the started workflow task (FORCE_CLOSE_COMMAND) and appends the events that waited for its end.
    pub(crate) fn force_end_workflow_task(&mut self) {
        self.discard_scheduled_speculative_workflow_task();
        self.fail_workflow_task(TaskFailure::by_server(WorkflowTaskFailedCause::ForceCloseCommand));
        self.flush_buffered_events();
    }

    /// Publishes what there is to be known of the run, which its event `event_id` has closed.
    fn publish_closed(&mut self, event_id: i64, settings: &CommandSettings) {
        let document = visibility::document(&self.state());
        let outcome = closed_run::publication(self, event_id, &document, settings);
        self.tx.publish(Publication::Visibility(Box::new(document)));
        outcome.into_iter().for_each(|outcome| self.tx.publish(outcome));
    }

    /// Publishes the run's whole visibility document as it is now.
    pub(crate) fn publish_visibility(&mut self) {
        let document = visibility::document(&self.state());
        self.tx.publish(Publication::Visibility(Box::new(document)));
    }

    /// Takes over the retention that a command carries, where it differs from the known one.
    fn renew_retention(&mut self, settings: &CommandSettings) {
        let mut execution = self.state().execution.clone().unwrap_or_default();
        if settings.retention.is_some() && execution.retention != settings.retention {
            execution.retention = settings.retention;
            self.record(Record::Execution(execution));
        }
    }
}
