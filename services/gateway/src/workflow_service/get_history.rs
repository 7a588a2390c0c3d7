//! GetWorkflowExecutionHistory: gives pages of a history, or waits for its next events, or gives its close event only.

use klamm_backend::{Backend, RunSnapshot};
use klamm_filters::VisibilityQueries;
use klamm_messages::temporal::{
    enums::v1::{HistoryEventFilterType, WorkflowExecutionStatus},
    history::v1::{History, HistoryEvent},
    workflowservice::v1::{GetWorkflowExecutionHistoryRequest, GetWorkflowExecutionHistoryResponse},
};
use klamm_requests::{Fault, Result, tokens::HistoryPage, validate};
use klamm_workflow::tables::RunKey;
use prost::Message;

use crate::{call::Call, gateway::Gateway, history, runs};

pub(super) async fn handle<B: Backend, V: VisibilityQueries>(
    gateway: &Gateway<B, V>,
    call: Call,
    request: GetWorkflowExecutionHistoryRequest,
) -> Result<GetWorkflowExecutionHistoryResponse> {
    let namespaces = gateway.backend.namespaces();
    let namespace = gateway.namespace(&namespaces, &request.namespace)?;
    let execution = validate::execution::execution(request.execution.as_ref())?;
    let limits = gateway.limits_of(&namespace.name);
    let close_only = request.history_event_filter_type == HistoryEventFilterType::CloseEvent as i32;
    let reader = Reader { gateway, call: &call, wait: request.wait_new_event, close_only };

    let (run, mut page) = if request.next_page_token.is_empty() {
        let snapshot = runs::find(&*gateway.backend, namespace, execution).await?;
        let page =
            HistoryPage { run_id: snapshot.run.run_id.clone(), next: 1, end: snapshot.state.next_event_id, running: is_running(&snapshot) };
        // The first call waits only if it asks for the close event. For all events, there are always some to give at once.
        let page = if close_only { reader.wait_for_more(&snapshot.run, page).await? } else { page };
        (snapshot.run, page)
    } else {
        let page = HistoryPage::decode_for(&request.next_page_token, &execution.run_id)?;
        let run = RunKey::new(&namespace.name, &execution.workflow_id, &page.run_id);
        let page = if page.next >= page.end || close_only { reader.wait_for_more(&run, page).await? } else { page };
        (run, page)
    };

    let events;
    let token;
    if close_only {
        events = if page.running { Vec::new() } else { vec![reader.close_event(&run, page.end).await?] };
        token = (page.running && request.wait_new_event).then_some(page);
    } else {
        let mut read = history::read(
            &*gateway.backend,
            &run,
            page.next,
            page.end,
            page_size(request.maximum_page_size, limits.history_page_events),
            limits,
        )
        .await?;
        page.next = read.next;
        if page.next >= page.end && !read.events.is_empty() && !call.shows_histories() {
            reader.append_transient(&run, page.end, &mut read.events).await?;
        }
        let ended = page.next >= page.end && (!page.running || !request.wait_new_event);
        events = read.events;
        token = (!ended).then_some(page);
    }
    Ok(GetWorkflowExecutionHistoryResponse {
        history: Some(History { events }),
        next_page_token: token.map(|page| page.encode_to_vec()).unwrap_or_default().into(),
        ..GetWorkflowExecutionHistoryResponse::default()
    })
}

/// The page size: `limit`, unless the caller asks for a smaller one.
pub(super) fn page_size(asked: i32, limit: usize) -> usize {
    usize::try_from(asked).ok().filter(|size| (1..=limit).contains(size)).unwrap_or(limit)
}

fn is_running(snapshot: &RunSnapshot) -> bool {
    matches!(snapshot.state.status(), WorkflowExecutionStatus::Running | WorkflowExecutionStatus::Paused)
}

/// Reads the history for one call.
struct Reader<'c, B, V> {
    gateway: &'c Gateway<B, V>,
    call: &'c Call,
    wait: bool,
    close_only: bool,
}

impl<B: Backend, V: VisibilityQueries> Reader<'_, B, V> {
    /// The page, moved on to the run's present end. If the caller waits, this first waits for an event beyond the page (or for the close).
    async fn wait_for_more(&self, run: &RunKey, mut page: HistoryPage) -> Result<HistoryPage> {
        if !self.wait || !page.running {
            return Ok(page);
        }
        let awaited = if self.close_only { i64::MAX } else { page.next };
        let config = &self.gateway.config;
        let deadline = self.call.deadline_within(config.history_long_poll, config.long_poll_tail_room);
        let snapshot = self.gateway.backend.wait_for_event(run, awaited, deadline).await?;
        let snapshot = snapshot.ok_or_else(|| runs::not_found(&run.workflow_id, &run.run_id))?;
        page.end = snapshot.state.next_event_id;
        page.running = is_running(&snapshot);
        Ok(page)
    }

    /// The last event of a closed run. For clients that don't follow runs it is changed to ContinuedAsNew where there is a next run.
    async fn close_event(&self, run: &RunKey, end: i64) -> Result<HistoryEvent> {
        let mut events = self.gateway.backend.history(run, end - 1, end, 1).await?;
        let event = events.pop().ok_or_else(|| runs::not_found(&run.workflow_id, &run.run_id))?;
        let made_up = if self.call.follows_next_run_id() { None } else { history::as_continued_as_new(&event) };
        Ok(made_up.unwrap_or_else(|| std::sync::Arc::unwrap_or_clone(event)))
    }

    /// Adds the events of a pending workflow task that are not stored, if they follow the page.
    async fn append_transient(&self, run: &RunKey, end: i64, events: &mut Vec<HistoryEvent>) -> Result<()> {
        let found = self.gateway.backend.run(&run.namespace, &run.workflow_id, &run.run_id).await;
        match found.map_err(Fault::from)? {
            Some(snapshot) => events.extend(history::transient_events(&snapshot.state, end)),
            None => return Err(runs::not_found(&run.workflow_id, &run.run_id)),
        }
        Ok(())
    }
}
