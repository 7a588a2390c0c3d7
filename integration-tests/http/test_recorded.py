"""klamm's HTTP API beside Temporal's: the same requests, the answers that `record.py` recorded of Temporal's server."""

import json
from pathlib import Path
from typing import Any, Dict

from scenario import ASKS, ask

from support.server import KlammServer, klamm_binary

HERE = Path(__file__).resolve().parent

STARTED = {"firstExecutionRunId": "<run id>"}
#: What klamm answers as Temporal's server 1.32 does, and the recorded 1.29 of the CLI differently: members that are added to the answer.
NEWER: Dict[str, Dict[str, Any]] = {
    "start": STARTED,
    "short-enum": STARTED,
    "signal": {
        "link": {
            "workflowEvent": {
                "namespace": "default",
                "workflowId": "order-1",
                "runId": "<run id>",
                "requestIdRef": {"requestId": "request-4", "eventType": "EVENT_TYPE_WORKFLOW_EXECUTION_SIGNALED"},
            }
        }
    },
    "wrong-filter": {"message": "invalid query: invalid search attribute: Nothing"},
    "create-schedule-again": {
        "message": 'schedule "hourly" is already registered',
        "details": [{"@type": "type.googleapis.com/temporal.api.errordetails.v1.WorkflowExecutionAlreadyStartedFailure"}],
    },
}


def test_answers_are_those_of_temporal(tmp_path: Path) -> None:
    server = KlammServer(klamm_binary(), tmp_path / "data", tmp_path / "klamm.log")
    server.start()
    try:
        different = []
        for request in ASKS:
            expected = json.loads((HERE / "golden" / f"{request.name}.json").read_text())["answer"]
            expected["body"].update(NEWER.get(request.name, {}))
            if request.name == "start-again":
                expected["body"]["details"][0].update(STARTED)
            got = ask(server.http, request)
            if got != expected:
                answers = f"  klamm:    {json.dumps(got)}\n  Temporal: {json.dumps(expected)}"
                different.append(f"{request.name}: {request.method} {request.path}\n{answers}")
        assert not different, "\n".join(different)
        assert server.stop() == 0
    finally:
        if server.running():
            server.kill()
