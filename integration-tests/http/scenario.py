"""The requests whose answers are compared, and what is left out of an answer because it differs from run to run.

Standard library only: `record.py` uses it outside the virtual environment.
"""

import json
import re
import urllib.error
import urllib.request
from dataclasses import dataclass
from typing import Any, Dict, List, Optional

NAMESPACE = "/api/v1/namespaces/default"
QUEUE = {"name": "http-queue"}
START = {
    "workflowType": {"name": "Order"},
    "taskQueue": QUEUE,
    "requestId": "request-1",
    "identity": "tester",
    "input": [{"count": 2, "item": "book", "note": None, "tags": ["a", "b"]}, "x", 1.5, True, None],
    "memo": {"fields": {"why": "because"}},
    "workflowExecutionTimeout": "3600s",
}
SCHEDULE = {
    "schedule": {
        "spec": {"interval": [{"interval": "3600s"}]},
        "action": {"startWorkflow": {"workflowId": "of-schedule", "workflowType": {"name": "Order"}, "taskQueue": QUEUE, "input": [7]}},
        "state": {"paused": True, "notes": "not yet"},
    },
    "requestId": "request-2",
    "identity": "tester",
}


@dataclass(frozen=True)
class Ask:
    """One request. `body`: JSON, or text that is sent as it stands."""

    name: str
    method: str
    path: str
    body: Any = None
    accept: str = "application/json"


ASKS: List[Ask] = [
    Ask("start", "POST", f"{NAMESPACE}/workflows/order-1", START),
    Ask("start-again", "POST", f"{NAMESPACE}/workflows/order-1", {**START, "requestId": "request-3"}),
    Ask("history", "GET", f"{NAMESPACE}/workflows/order-1/history?maximumPageSize=2"),
    Ask("history-in-full", "GET", f"{NAMESPACE}/workflows/order-1/history?noPayloadShorthand&pretty"),
    Ask("history-by-accept", "GET", "/namespaces/default/workflows/order-1/history", accept="application/json+no-payload-shorthand"),
    Ask("signal", "POST", f"{NAMESPACE}/workflows/order-1/signal/go", {"input": ["on"], "identity": "tester", "requestId": "request-4"}),
    Ask("terminate", "POST", f"{NAMESPACE}/workflows/order-1/terminate", {"reason": "enough", "identity": "tester"}),
    Ask("terminate-again", "POST", f"{NAMESPACE}/workflows/order-1/terminate", {"reason": "enough"}),
    Ask("history-of-closed", "GET", f"{NAMESPACE}/workflows/order-1/history?historyEventFilterType=HISTORY_EVENT_FILTER_TYPE_CLOSE_EVENT"),
    Ask("create-schedule", "POST", f"{NAMESPACE}/schedules/hourly", SCHEDULE),
    Ask("create-schedule-again", "POST", f"{NAMESPACE}/schedules/hourly", {**SCHEDULE, "requestId": "request-5"}),
    Ask("no-namespace", "GET", "/api/v1/namespaces/nobody/workflows"),
    Ask("no-workflow", "GET", f"{NAMESPACE}/workflows/none"),
    Ask("no-schedule", "GET", f"{NAMESPACE}/schedules/none"),
    Ask("no-path", "GET", "/api/v1/nowhere"),
    Ask("no-method", "DELETE", "/api/v1/system-info"),
    Ask("empty-body", "POST", f"{NAMESPACE}/workflows/order-2", ""),
    Ask("half-a-body", "POST", f"{NAMESPACE}/workflows/order-2", '{"workflowType"'),
    Ask("no-json", "POST", f"{NAMESPACE}/workflows/order-2", "workflow"),
    Ask("unknown-field", "POST", f"{NAMESPACE}/workflows/order-2", {"workflowTyp": {}}),
    Ask("wrong-type", "POST", f"{NAMESPACE}/workflows/order-2", {"workflowType": {"name": 5}}),
    Ask("wrong-enum", "POST", f"{NAMESPACE}/workflows/order-2", {"workflowIdReusePolicy": "Sometimes"}),
    Ask("wrong-duration", "POST", f"{NAMESPACE}/workflows/order-2", {"workflowRunTimeout": "soon"}),
    Ask("short-enum", "POST", f"{NAMESPACE}/workflows/order-2", {**START, "workflowIdReusePolicy": "RejectDuplicate", "workflow_run_timeout": "10s"}),
    Ask("wrong-page-size", "GET", f"{NAMESPACE}/workflows?pageSize=many"),
    Ask("two-page-sizes", "GET", f"{NAMESPACE}/workflows?pageSize=1&pageSize=2"),
    Ask("wrong-filter", "GET", f"{NAMESPACE}/workflows?query=Nothing%20%3D%201"),
    Ask("unknown-parameter", "GET", f"{NAMESPACE}/workflow-count?nothing=1&query=WorkflowId%3D%22none%22"),
]

#: What differs from run to run, by the name of the field: what stands instead.
VARYING: Dict[str, str] = {
    "runId": "<run id>",
    "originalExecutionRunId": "<run id>",
    "firstExecutionRunId": "<run id>",
    "firstRunId": "<run id>",
    "nextPageToken": "<token>",
    "conflictToken": "<token>",
    "taskId": "<task id>",
    "version": "<version>",
    "eventTime": "<time>",
    "workflowExecutionExpirationTime": "<time>",
}
UUID = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}")
#: Temporal's own texts name places in its source, and put a random kind of blank behind "temporalproto:".
PLACE = re.compile(r" \(in [^)]*\)")


def ask(address: str, request: Ask) -> Dict[str, Any]:
    """Send a request; status and body of the answer, without what varies."""
    body: Optional[bytes] = None
    headers = {"Accept": request.accept}
    if request.body is not None:
        text = request.body if isinstance(request.body, str) else json.dumps(request.body)
        body, headers["Content-Type"] = text.encode(), "application/json"
    sent = urllib.request.Request(f"{address}{request.path}", data=body, headers=headers, method=request.method)
    try:
        with urllib.request.urlopen(sent, timeout=30) as answer:
            return {"status": answer.status, "body": plain(json.load(answer))}
    except urllib.error.HTTPError as error:
        return {"status": error.code, "body": plain(json.loads(error.read()))}


def plain(value: Any) -> Any:
    """A value of JSON without what varies."""
    if isinstance(value, dict):
        return {key: VARYING[key] if key in VARYING and inner else plain(inner) for key, inner in value.items()}
    if isinstance(value, list):
        return [plain(inner) for inner in value]
    if isinstance(value, str):
        return PLACE.sub("", UUID.sub("<uuid>", value.replace("\u00a0", " ")))
    return value
