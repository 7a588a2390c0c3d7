"""Temporal's web UI server with klamm behind it: the JSON that its pages ask for comes without a failed request."""

import json
import os
import subprocess
import time
import urllib.error
import urllib.parse
import urllib.request
from pathlib import Path
from typing import Any, Iterator, List

import pytest
from scenario import NAMESPACE, SCHEDULE, START, Ask, ask

from support.ports import free_ports
from support.server import KlammServer, klamm_binary

#: What the UI asks where, by page: routes of temporalio/ui 2.54 (src/lib/utilities/route-for-api.ts), with the parameters it sends.
COUNTS = urllib.parse.quote("GROUP BY ExecutionStatus")
RUNNING = urllib.parse.quote('ExecutionStatus="Running"')
PAGES = {
    "everywhere": ["/api/v1/settings", "/api/v1/cluster-info", "/api/v1/system-info", "/api/v1/namespaces?pageSize=100", NAMESPACE],
    "workflows": [
        f"{NAMESPACE}/workflows?query={RUNNING}&pageSize=100",
        f"{NAMESPACE}/workflow-count?query={COUNTS}",
        f"{NAMESPACE}/search-attributes",
    ],
    "one run": [
        f"{NAMESPACE}/workflows/order-1?execution.runId=RUN",
        f"{NAMESPACE}/task-queues/http-queue?taskQueueType=1",
        f"{NAMESPACE}/task-queues/http-queue?taskQueueType=2",
        f"{NAMESPACE}/workflows?query={urllib.parse.quote('ParentWorkflowId = %s' % json.dumps('order-1'))}",
    ],
    "history": [
        f"{NAMESPACE}/workflows/order-1/history?execution.runId=RUN",
        f"{NAMESPACE}/workflows/order-1/history-reverse?execution.runId=RUN&maximumPageSize=20",
        f"{NAMESPACE}/workflows/order-1/history?execution.runId=RUN&waitNewEvent=false",
    ],
    "schedules": [
        f"{NAMESPACE}/schedules?maximumPageSize=100",
        f"{NAMESPACE}/schedule-count",
        f"{NAMESPACE}/schedules/hourly",
    ],
    "task queues": [f"{NAMESPACE}/task-queues/http-queue?apiMode=DESCRIBE_TASK_QUEUE_MODE_ENHANCED&reportStats=true&reportPollers=true"],
    "batch": [f"{NAMESPACE}/batch-operations?pageSize=100"],
    "deployments": [f"{NAMESPACE}/worker-deployments?pageSize=100"],
    "nexus": ["/api/v1/nexus/endpoints?pageSize=100"],
    "activities": [f"{NAMESPACE}/activities?pageSize=100", f"{NAMESPACE}/activity-count?query={COUNTS}"],
    "nexus operations": [f"{NAMESPACE}/nexus-operations?pageSize=100", f"{NAMESPACE}/nexus-operation-count?query={COUNTS}"],
}


def get(address: str, path: str) -> Any:
    """The JSON of a path."""
    with urllib.request.urlopen(f"{address}{path}", timeout=30) as answer:
        return json.load(answer)


@pytest.fixture(name="ui")
def ui_server(tmp_path: Path) -> Iterator[str]:
    """The address of a UI server, with klamm behind it, where a workflow and a schedule are."""
    klamm = KlammServer(klamm_binary(), tmp_path / "data", tmp_path / "klamm.log")
    klamm.start()
    (port,) = free_ports(1)
    config = {
        "temporalGrpcAddress": klamm.address,
        "port": port,
        "enableUi": True,
        "defaultNamespace": "default",
        "cors": {"cookieInsecure": True, "allowOrigins": [f"http://127.0.0.1:{port}"]},
    }
    # JSON is YAML, too.
    (tmp_path / "test.yaml").write_text(json.dumps(config))
    command = [os.environ["UI_SERVER"], "--root", str(tmp_path), "--config", ".", "--env", "test", "start"]
    with (tmp_path / "ui.log").open("wb") as log:
        server = subprocess.Popen(command, stdout=log, stderr=log)
    try:
        address = f"http://127.0.0.1:{port}"
        deadline = time.monotonic() + 60
        while True:
            try:
                urllib.request.urlopen(f"{address}/healthz", timeout=1).close()
                break
            except OSError:
                assert server.poll() is None and time.monotonic() < deadline, (tmp_path / "ui.log").read_text()
                time.sleep(0.1)
        assert ask(klamm.http, Ask("start", "POST", f"{NAMESPACE}/workflows/order-1", START))["status"] == 200
        assert ask(klamm.http, Ask("schedule", "POST", f"{NAMESPACE}/schedules/hourly", SCHEDULE))["status"] == 200
        yield address
        assert klamm.stop() == 0
    finally:
        server.terminate()
        server.wait()
        if klamm.running():
            klamm.kill()


def test_no_request_of_a_page_fails(ui: str) -> None:
    run = get(ui, f"{NAMESPACE}/workflows/order-1")["workflowExecutionInfo"]["execution"]["runId"]
    failed: List[str] = []
    for page, paths in PAGES.items():
        for path in paths:
            try:
                get(ui, path.replace("RUN", run))
            except urllib.error.HTTPError as error:
                failed.append(f"{page}: {path}: {error.code} {error.read().decode()[:300]}")
    assert not failed, "\n".join(failed)
    listed = get(ui, f"{NAMESPACE}/workflows?query={RUNNING}")
    assert [each["execution"]["workflowId"] for each in listed["executions"]] == ["order-1"]
    assert get(ui, f"{NAMESPACE}/workflow-count")["count"] == "1"
    with urllib.request.urlopen(f"{ui}/namespaces/default/workflows", timeout=30) as page:
        assert b"<html" in page.read()
