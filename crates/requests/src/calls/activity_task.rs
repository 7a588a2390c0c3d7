//! What the calls about a started activity have in common: they name an activity, and become a command about it.

use klamm_messages::klamm::v1::{ActivityTaskToken, Command, FailActivityTask, command::Body};

use crate::{
    failures,
    fault::{Fault, Result},
    terms::Terms,
    validate,
};

/// An activity that a caller named.
#[derive(Debug)]
pub(super) struct Activity {
    /// Which activity it is. The scheduled event id is 0 when the caller named the activity by its activity id.
    pub(super) token: ActivityTaskToken,
    /// Identity of the caller.
    pub(super) identity: String,
}

/// How a caller names an activity without a token.
#[derive(Debug)]
pub(super) struct ById {
    /// Workflow id.
    pub(super) workflow_id: String,
    /// Run id. Empty: the newest run.
    pub(super) run_id: String,
    /// The activity's id.
    pub(super) activity_id: String,
    /// Identity of the caller.
    pub(super) identity: String,
}

impl ById {
    /// The activity.
    ///
    /// # Errors
    /// What Temporal says of the first fault.
    pub(super) fn activity(self, terms: &Terms<'_>) -> Result<Activity> {
        if self.activity_id.is_empty() {
            return Err(Fault::invalid("ActivityId is not set on request."));
        }
        validate::ids::identity(&self.identity, terms.limits)?;
        if self.workflow_id.is_empty() {
            // Temporal takes this for a standalone activity. klamm does not have these yet.
            return Err(Fault::invalid("WorkflowId is not set on request."));
        }
        let token = ActivityTaskToken {
            namespace: terms.namespace.name.clone(),
            workflow_id: self.workflow_id,
            run_id: self.run_id,
            activity_id: self.activity_id,
            ..ActivityTaskToken::default()
        };
        Ok(Activity { token, identity: self.identity })
    }
}

impl Activity {
    /// The command that `body` makes of the token.
    pub(super) fn command(self, terms: &Terms<'_>, body: impl FnOnce(ActivityTaskToken) -> Body) -> Command {
        let workflow_id = self.token.workflow_id.clone();
        terms.workflow_command(workflow_id, self.identity, body(self.token))
    }

    /// The command that fails the activity for good, because what the worker sent was too large to record.
    pub(super) fn fail_for_size(self, terms: &Terms<'_>, message: &str) -> Command {
        let failure = failures::server(message);
        self.command(terms, |token| {
            Body::FailActivityTask(FailActivityTask { token: Some(token), failure: Some(failure), ..FailActivityTask::default() })
        })
    }
}
