"""Topics of a namespace that are declared while klamm runs."""

import asyncio
import json
import subprocess
import time
from datetime import timedelta
from pathlib import Path
from typing import Any, Dict, List

from google.protobuf.duration_pb2 import Duration
from temporalio import workflow
from temporalio.api.workflowservice.v1 import RegisterNamespaceRequest
from temporalio.client import Client, RetryConfig
from temporalio.worker import UnsandboxedWorkflowRunner, Worker

from support.awaiting import await_until
from topics import Record, Topics

QUEUE = "declared"
NAMESPACE = "other"
DECLARATION = """
topics_of: other
outcomes: {types: ["Pack*"]}
requests:
tasks: {queues: [packing]}
publish: {topics: ["notes=%s"]}
"""
#: The longest that a call may take while klamm begins anew.
CALL_S = 60.0


@workflow.defn(name="Pack")
class Pack:
    """Has something packed by whoever reads the queue's topic, and publishes a note of it."""

    @workflow.run
    async def run(self, what: str) -> str:
        packed = await workflow.execute_activity("pack", what, task_queue="packing", start_to_close_timeout=timedelta(seconds=60))
        note = {"destination": "notes", "key": what, "value": {"note": packed}}
        await workflow.execute_activity("klamm.publish", note, task_queue="klamm", start_to_close_timeout=timedelta(seconds=30))
        return packed


class Declarer:
    """`klamm apply` of one declaration."""

    def __init__(self, topics: Topics, folder: Path) -> None:
        self.topics = topics
        self.file = folder / "topics.yaml"

    def apply(self, text: str, *options: str, fails: bool = False) -> str:
        self.file.write_text(text)
        return self.topics.klamm("apply", "-f", str(self.file), *options, fails=fails)

    def declared(self) -> List[Dict[str, Any]]:
        return [json.loads(line) for line in self.topics.klamm("topics", "declared", "--json").splitlines()]


async def produce(topics: Topics, key: str, request: Dict[str, Any]) -> None:
    """One request, which takes effect once. On the embedded log klamm itself takes it, and may be beginning anew."""

    def produced() -> bool:
        try:
            topics.produce(f"requests.{NAMESPACE}", [(key, request)], {"idempotency-key": json.dumps([key, *request])})
        except subprocess.CalledProcessError as error:
            raise LookupError(str(error)) from error
        return True

    await await_until(produced, "the request is on its topic", deadline_s=60)


async def packed(topics: Topics, what: str) -> None:
    """Packs one thing, as a worker that has nothing but a client of Kafka."""

    def task() -> Record:
        for record in topics.records(f"tasks.{NAMESPACE}.packing"):
            if record["value"]["input"] == [what]:
                return record
        raise LookupError(f"no task for {what}")

    found = await await_until(task, f"the task to pack {what}", deadline_s=60)
    done = {"task_token": found["value"]["task_token"], "result": f"{what} is packed"}
    await produce(topics, what, {"complete_activity": done})


async def test_topics_are_declared_used_changed_and_taken_back(topics: Topics, client: Client, tmp_path: Path) -> None:
    register = RegisterNamespaceRequest(namespace=NAMESPACE, workflow_execution_retention_period=Duration(seconds=86400))
    await client.workflow_service.register_namespace(register)
    declarer, notes = Declarer(topics, tmp_path), f"{topics.foreign}notes"
    text = DECLARATION % notes
    if topics.server.kafka:
        assert "destination" in declarer.apply(text, fails=True) and declarer.declared() == []
        topics.create(notes, 2)
    assert declarer.apply(text, "--dry-run").strip() == "topics of other would be created"
    assert declarer.declared() == []

    slowest, ending = 0.0, asyncio.Event()
    # An SDK's default is 10 s, which a busy machine may take.
    patient = await Client.connect(topics.server.address, retry_config=RetryConfig(max_elapsed_time_millis=int(CALL_S * 1000)))

    async def keep_calling() -> int:
        """An ordinary client goes on meanwhile."""
        nonlocal slowest
        number = 0
        while not ending.is_set():
            begun = time.monotonic()
            await patient.start_workflow("Nobody", id=f"meanwhile-{number}", task_queue="nobody")
            slowest = max(slowest, time.monotonic() - begun)
            number += 1
        return number

    calling = asyncio.create_task(keep_calling())
    assert (await asyncio.to_thread(declarer.apply, text)).strip() == "topics of other created"

    def in_force() -> bool:
        assert len(declarer.declared()) == 1
        [declared] = declarer.declared()
        assert declared["namespace"] == NAMESPACE and declared["declaration"] == text
        return True

    await await_until(in_force, "the declaration is there", deadline_s=30)
    other = await Client.connect(topics.server.address, namespace=NAMESPACE)
    async with Worker(other, task_queue=QUEUE, workflows=[Pack], workflow_runner=UnsandboxedWorkflowRunner()):
        await pack(topics, "a book", notes)
        ending.set()
        calls = await calling
        print(f"the slowest of {calls} calls took {slowest:.2f} s", flush=True)
        assert slowest < CALL_S
        assert declarer.apply(text).strip() == "topics of other unchanged"
        topics.server.kill()
        topics.server.start()
        await pack(topics, "a lamp", notes)
        # What is in force now also counts for what is declared later.
        wrong = declarer.apply("topics_of: default\noutcomes: {}", fails=True)
        assert "namespaces.default.outcomes already" in wrong, wrong
        assert "there is no namespace" in declarer.apply("topics_of: nowhere\noutcomes: {}", fails=True)
        assert "line 2" in declarer.apply("topics_of: other\noutcome: {}", fails=True)
        told = declarer.apply(text.replace('types: ["Pack*"]', 'types: ["None*"]'))
        assert "topics of other changed" in told and '+ outcomes: {types: ["None*"]}' in told, told
        # It counts some seconds later: then the outcomes of runs are on no topic.
        for number in range(50):
            pen = f"pen {number}"
            await produce(topics, pen, start(pen))
            await packed(topics, pen)
            assert await await_until(lambda: result_of(other, pen), f"{pen} is packed", deadline_s=60) == f"{pen} is packed"
            await await_until(lambda: is_closed(topics, pen), f"the end of {pen} is committed", deadline_s=60)
            if pen not in closed(topics):
                break
    pens = [f"pen {before}" for before in range(number)]
    assert number < 49 and sorted(closed(topics)) == sorted(["a book", "a lamp", *pens])
    assert declarer.apply("topics_of: other").strip() == "topics of other deleted"
    await await_until(lambda: declarer.declared() == [] or None, "nothing is declared", deadline_s=30)
    # The partitions are taken over meanwhile, and a verification of the old owner ends with it.
    await await_until(lambda: topics.server.verify().returncode == 0, "the state is that of the topics", deadline_s=60)


def start(what: str) -> Dict[str, Any]:
    return {"start": {"workflow_type": "Pack", "task_queue": QUEUE, "args": [what]}}


def closed(topics: Topics) -> List[str]:
    """The workflow ids of closed runs on the topic of outcomes."""
    return [record["key"] for record in topics.records(f"outcomes.{NAMESPACE}") if record["value"]["kind"] == "RUN_CLOSED"]


def is_closed(topics: Topics, workflow_id: str) -> bool:
    """Whether the last event of the run is on the topic of histories: what is published of it has come in the same transaction."""
    return any(
        record["key"].split("/")[1:2] == [workflow_id]
        and (record["value"].get("event") or {}).get("event_type") == "EVENT_TYPE_WORKFLOW_EXECUTION_COMPLETED"
        for record in topics.records("history")
        if record["value"] is not None
    )


async def result_of(client: Client, id: str) -> Any:
    try:
        return await client.get_workflow_handle(id).result(rpc_timeout=timedelta(seconds=5))
    except Exception as error:  # it has not been started yet, or klamm begins anew
        raise LookupError(str(error)) from error


async def pack(topics: Topics, what: str, notes: str) -> None:
    """A request starts the workflow, its activity is done by records, its end and its note are on their topics."""
    await produce(topics, what, start(what))
    await packed(topics, what)

    def ended() -> bool:
        outcomes = [record["value"] for record in topics.records(f"outcomes.{NAMESPACE}")]
        closed = [it["status"] for it in outcomes if it["kind"] == "RUN_CLOSED" and it["workflow_id"] == what]
        assert closed == ["COMPLETED"], outcomes
        found = [it["value"] for it in topics.committed(notes) if it["key"] == what]
        # On the embedded log they are decoded already.
        assert [json.loads(it) if isinstance(it, str) else it for it in found] == [{"note": f"{what} is packed"}]
        return True

    await await_until(ended, f"{what} is packed", deadline_s=60)
