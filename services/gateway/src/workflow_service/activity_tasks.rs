//! What the calls about a started activity have in common: which activity, and the command about it.

use klamm_messages::klamm::v1::{ActivityTaskToken, FailActivityTask, NamespaceState, command::Body};
use klamm_processor::Backend;
use klamm_workflow::Answer;

use crate::{
    call::Call,
    errors::{Fault, Result},
    failures,
    gateway::{Gateway, Namespaces},
    settings::WorkflowCommand,
    tokens, validate,
    visibility::VisibilityQueries,
};

/// An activity that a caller named.
#[derive(Debug)]
pub(super) struct Activity<'n> {
    /// Its namespace.
    pub(super) namespace: &'n NamespaceState,
    /// Which it is; scheduled event id 0 where it was named by its id.
    pub(super) token: ActivityTaskToken,
    /// Identity of the caller.
    pub(super) identity: String,
}

/// How a caller names an activity without a token.
#[derive(Debug)]
pub(super) struct ById<'r> {
    /// Namespace.
    pub(super) namespace: &'r str,
    /// Workflow id.
    pub(super) workflow_id: String,
    /// Run; empty: the newest.
    pub(super) run_id: String,
    /// The activity's id.
    pub(super) activity_id: String,
    /// Identity of the caller.
    pub(super) identity: String,
}

impl<'n> Activity<'n> {
    /// By the token of a poll.
    pub(super) fn by_token<B: Backend, V: VisibilityQueries>(
        gateway: &Gateway<B, V>,
        namespaces: &'n Namespaces,
        requested_namespace: &str,
        token: &[u8],
        identity: String,
    ) -> Result<Self> {
        let token = tokens::decode_activity_task(token)?;
        let namespace = gateway.token_namespace(namespaces, requested_namespace, &token.namespace)?;
        Ok(Self { namespace, token, identity })
    }

    /// By its ids.
    pub(super) fn by_id<B: Backend, V: VisibilityQueries>(
        gateway: &Gateway<B, V>,
        namespaces: &'n Namespaces,
        named: ById<'_>,
    ) -> Result<Self> {
        let namespace = gateway.namespace(namespaces, named.namespace)?;
        if named.activity_id.is_empty() {
            return Err(Fault::invalid("ActivityId is not set on request."));
        }
        validate::ids::identity(&named.identity, &gateway.config.limits)?;
        if named.workflow_id.is_empty() {
            // Temporal takes this for a standalone activity, which a later version brings.
            return Err(Fault::invalid("WorkflowId is not set on request."));
        }
        let token = ActivityTaskToken {
            namespace: namespace.name.clone(),
            workflow_id: named.workflow_id,
            run_id: named.run_id,
            activity_id: named.activity_id,
            ..ActivityTaskToken::default()
        };
        Ok(Self { namespace, token, identity: named.identity })
    }

    /// Submits the command that `body` makes of the token.
    pub(super) async fn submit<B: Backend, V: VisibilityQueries>(
        self,
        gateway: &Gateway<B, V>,
        call: &Call,
        body: impl FnOnce(ActivityTaskToken) -> Body,
    ) -> Result<Answer> {
        let command = WorkflowCommand {
            namespace: self.namespace,
            workflow_id: self.token.workflow_id.clone(),
            identity: self.identity,
            request_id: String::new(),
            body: body(self.token),
            may_upsert: false,
        };
        gateway.submit(call, command).await
    }

    /// Fails the activity for good, in place of what was too large to record.
    pub(super) async fn fail_for_size<B: Backend, V: VisibilityQueries>(
        self,
        gateway: &Gateway<B, V>,
        call: &Call,
        message: &str,
    ) -> Result<()> {
        let failure = failures::server(message);
        self.submit(gateway, call, |token| {
            Body::FailActivityTask(FailActivityTask { token: Some(token), failure: Some(failure), last_heartbeat_details: None })
        })
        .await?;
        Ok(())
    }
}
