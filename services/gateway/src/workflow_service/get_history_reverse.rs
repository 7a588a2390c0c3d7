//! GetWorkflowExecutionHistoryReverse: pages of a history, newest event first.

use klamm_backend::Backend;
use klamm_filters::VisibilityQueries;
use klamm_messages::temporal::{
    history::v1::History,
    workflowservice::v1::{GetWorkflowExecutionHistoryReverseRequest, GetWorkflowExecutionHistoryReverseResponse},
};
use klamm_requests::{Result, tokens::HistoryPage, validate};
use klamm_workflow::tables::RunKey;
use prost::Message;

use super::get_history::page_size;
use crate::{call::Call, gateway::Gateway, history, runs};

pub(super) async fn handle<B: Backend, V: VisibilityQueries>(
    gateway: &Gateway<B, V>,
    _call: Call,
    request: GetWorkflowExecutionHistoryReverseRequest,
) -> Result<GetWorkflowExecutionHistoryReverseResponse> {
    let limits = gateway.limits_of(&request.namespace);
    let namespaces = gateway.backend.namespaces();
    let namespace = gateway.namespace(&namespaces, &request.namespace)?;
    let execution = validate::execution::execution(request.execution.as_ref())?;
    let (run, last) = if request.next_page_token.is_empty() {
        let snapshot = runs::find(&*gateway.backend, namespace, execution).await?;
        (snapshot.run, snapshot.state.next_event_id - 1)
    } else {
        let page = HistoryPage::decode_reverse_for(&request.next_page_token, &execution.run_id)?;
        (RunKey::new(&namespace.name, &execution.workflow_id, page.run_id), page.next)
    };
    let count = page_size(request.maximum_page_size, limits.history_page_events);
    let (events, next) = history::read_reverse(&*gateway.backend, &run, last, count, limits).await?;
    let token = (next >= 1).then_some(HistoryPage { run_id: run.run_id, next, end: 0, running: false });
    Ok(GetWorkflowExecutionHistoryReverseResponse {
        history: Some(History { events }),
        next_page_token: token.map(|page| page.encode_to_vec()).unwrap_or_default().into(),
    })
}
