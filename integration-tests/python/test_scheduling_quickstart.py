"""`examples/scheduling-quickstart` runs as it is: its worker and each of its scripts, in a namespace of their own."""

import asyncio
import os
import re
import sys
import uuid
from datetime import timedelta
from pathlib import Path
from typing import AsyncIterator, Dict, List

import pytest_asyncio
from google.protobuf.duration_pb2 import Duration
from temporalio.api.workflowservice.v1 import RegisterNamespaceRequest
from temporalio.client import Client
from temporalio.service import RPCError

from support.awaiting import await_until
from support.env import server_address
from support.schedules import RUN_DEADLINE_S

EXAMPLE = Path(__file__).resolve().parents[2] / "examples" / "scheduling-quickstart"


class Quickstart:
    """The example's programs, as a person runs them."""

    def __init__(self, client: Client, variables: Dict[str, str]) -> None:
        self.client = client
        self._environment = {**os.environ, **variables, "PYTHONDONTWRITEBYTECODE": "1"}

    async def spawn(self, *arguments: str) -> asyncio.subprocess.Process:
        """Start python with these arguments, in the example's folder."""
        return await asyncio.create_subprocess_exec(
            sys.executable,
            *arguments,
            cwd=EXAMPLE,
            env=self._environment,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.STDOUT,
        )

    async def script(self, name: str, *arguments: str, code: int = 0) -> str:
        """Run one script to its end; what it prints."""
        process = await self.spawn("-m", f"scripts.{name}", *arguments)
        output, _ = await process.communicate()
        text = output.decode().partition("Fatal Python error: ")[0]
        # A thread of the SDK may still let go of the last answer while Python ends, which then may end by a signal: all is said by then.
        if process.returncode >= 0:
            assert process.returncode == code, f"{name}: exit code {process.returncode}\n{text}"
        return text

    async def results(self, schedule: str, count: int) -> List[str]:
        """The results of the runs that a schedule has started, in order of their ids, once so many are done."""

        async def done():
            query = f"TemporalScheduledById = '{schedule}' AND ExecutionStatus = 'Completed'"
            ids = sorted([run.id async for run in self.client.list_workflows(query)])
            return ids if len(ids) >= count else None

        ids = await await_until(done, f"{count} runs of {schedule} are done", RUN_DEADLINE_S)
        return [await self.client.get_workflow_handle(id).result() for id in ids]


@pytest_asyncio.fixture(loop_scope="session")
async def quickstart(client: Client) -> AsyncIterator[Quickstart]:
    """The example's worker, running, on a new namespace."""
    namespace = f"quickstart-{uuid.uuid4().hex[:8]}"
    retention = Duration()
    retention.FromTimedelta(timedelta(days=1))
    await client.workflow_service.register_namespace(
        RegisterNamespaceRequest(namespace=namespace, workflow_execution_retention_period=retention)
    )
    own = await Client.connect(server_address(), namespace=namespace)

    async def usable():
        try:
            return [run async for run in own.list_workflows("WorkflowId = 'x'")] == []
        except RPCError:
            return False

    await await_until(usable, "the new namespace can be used", RUN_DEADLINE_S)
    variables = {"TEMPORAL_ADDRESS": server_address(), "TEMPORAL_NAMESPACE": namespace, "TASK_QUEUE": "quickstart"}
    quickstart = Quickstart(own, variables)
    worker = await quickstart.spawn("worker.py")
    yield quickstart
    await quickstart.script("delete")
    worker.terminate()
    await worker.wait()


async def test_the_schedules_of_the_example_do_what_its_readme_says(quickstart: Quickstart):
    script = quickstart.script
    assert await script("create") == "health-check is made\nreport-calendar is made\nreport-cron is made\n"
    again, calendar, cron, *_ = await asyncio.gather(
        script("create", "report-cron", code=1),
        script("describe", "report-calendar"),
        script("describe", "report-cron"),
        script("trigger", "health-check"),
        script("backfill", "report-cron", "2026-03-06", "2026-03-10"),
    )
    assert "there is such a schedule already" in again

    # Both ways to say when lead to the same times.
    to_come = [re.findall(r"to come +(.*)", text) for text in (calendar, cron)]
    assert len(to_come[0]) == 5
    assert to_come[0] == to_come[1]
    for text in (calendar, cron):
        assert "day_of_week 1-5, hour 9-9, minute 0-0 (weekdays at nine)" in text
        assert "zone       America/New_York" in text

    # Its own minute may have come as well.
    assert set(await quickstart.results("health-check", 1)) == {"up"}
    # A Friday in winter, and a Monday in summer time.
    assert await quickstart.results("report-cron", 2) == [
        "By cron, 24 hours until 2026-03-06 14:00 UTC: 0 health checks",
        "By cron, 24 hours until 2026-03-09 13:00 UTC: 0 health checks",
    ]

    await asyncio.gather(
        script("pause", "health-check", "a deployment"),
        script("unpause", "report-cron", "it is done"),
        script("delete", "report-calendar"),
    )
    paused, unpaused, deleted = await asyncio.gather(
        script("describe", "health-check"),
        script("describe", "report-cron"),
        script("describe", "report-calendar", code=1),
    )
    assert "paused: a deployment" in paused
    assert "active: it is done" in unpaused
    assert "2 taken, 0 skipped, 0 missed" in unpaused
    assert "not found" in deleted

    async def two_are_left():
        lines = {line.split()[0]: line for line in (await script("list")).splitlines()}
        return sorted(lines) == ["health-check", "report-cron"] and " paused " in lines["health-check"]

    await await_until(two_are_left, "two are listed, one of them paused", RUN_DEADLINE_S, interval_s=0.5)


async def test_the_targets_of_its_makefile_are_those_of_its_help():
    # As from a shell: a make around this test would have its directories printed.
    environment = {name: value for name, value in os.environ.items() if name not in ("MAKEFLAGS", "MFLAGS", "MAKELEVEL")}

    async def make(*arguments: str) -> str:
        process = await asyncio.create_subprocess_exec(
            "make", *arguments, cwd=EXAMPLE, env=environment, stdout=asyncio.subprocess.PIPE
        )
        output, _ = await process.communicate()
        assert process.returncode == 0, arguments
        return output.decode()

    targets = [line.split()[0] for line in (await make("help")).splitlines()]
    assert {"worker", "schedule", "cron", "pause", "unpause", "trigger", "backfill", "list", "describe", "delete"} <= set(targets)
    for dry in await asyncio.gather(*(make("--dry-run", target) for target in targets)):
        assert dry
