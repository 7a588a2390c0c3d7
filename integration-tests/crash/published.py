"""What must hold of the topic of outcomes when the killing is over."""

import asyncio
import json
from typing import Dict

from temporalio.client import Client

from load import Load
from outcome_checks import OutcomeChecks
from support.server import KlammServer

OUTCOMES = "outcomes.default"


async def check_runs(client: Client, runs: Dict[str, str], load: Load) -> None:
    """`runs` are the statuses of all outcomes: every order has completed, and no closed run has none."""
    orders = {workflow_id: runs.get(run_id) for workflow_id, run_id in load.acknowledged.items()}
    assert set(orders.values()) == {"COMPLETED"}, {id: status for id, status in orders.items() if status != "COMPLETED"}
    closed = (await client.count_workflows("ExecutionStatus != 'Running'")).count
    assert len(runs) == closed, f"{len(runs)} outcomes of {closed} closed runs"


async def check_printed(server: KlammServer, client: Client, load: Load) -> None:
    """The outcomes as `klamm topics cat` prints them: each closed run has one."""
    described = json.loads((await asyncio.to_thread(server.command, "topics", "describe", OUTCOMES, "--json")).stdout)
    checks = OutcomeChecks(described["partitions"])
    records = [json.loads(line) for line in await asyncio.to_thread(server.topic_records, OUTCOMES)]
    for record in sorted(records, key=lambda record: (record["partition"], record["offset"])):
        checks.add(record["partition"], record["offset"], record["key"], record["headers"], record["value"])
    checks.finish()
    assert checks.violations == []
    print(f"{len(checks.runs)} outcomes on {described['partitions']} partitions, one of each closed run", flush=True)
    await check_runs(client, checks.runs, load)
