"""Workflows that publish on topics of other programs through the kills: each record is there once, in order, and with its activity."""

import asyncio
import json
from collections import defaultdict
from datetime import timedelta
from typing import Dict, List, Tuple

from confluent_kafka import Message
from confluent_kafka.admin import AdminClient, NewTopic
from temporalio import workflow
from temporalio.client import Client
from temporalio.common import WorkflowIDReusePolicy
from temporalio.exceptions import WorkflowAlreadyStartedError
from temporalio.worker import UnsandboxedWorkflowRunner, Worker

from insist import CALL_TIMEOUT, Clients
from programs import TASK_TIMEOUT
from support.reading import ReadingAlong, committed

TASK_QUEUE = "billing"
#: Topics of other programs, by the names that workflows use, with their partitions.
DESTINATIONS = {"invoices": ("shop.invoices", 3), "receipts": ("shop.receipts", 2)}
#: The setting that declares them.
PUBLISH = ",".join(f"{name}={topic}" for name, (topic, _) in DESTINATIONS.items())
#: Records of each bill on each destination.
EACH = 3
#: So many bills are open.
IN_FLIGHT = 8
#: How long one wait for a result may take before another server is asked.
RESULT_TIMEOUT = timedelta(seconds=15)


def create_topics(bootstrap: str) -> None:
    """Make the topics of the destinations."""
    topics = [NewTopic(topic, partitions, 1) for topic, partitions in DESTINATIONS.values()]
    admin = AdminClient({"bootstrap.servers": bootstrap})
    for future in admin.create_topics(topics).values():
        future.result(60)


@workflow.defn(name="Bill")
class Bill:
    """Publishes numbered records on all destinations in turn, all with one key."""

    @workflow.run
    async def run(self, customer: str) -> int:
        for number in range(EACH):
            for destination in DESTINATIONS:
                argument = {"destination": destination, "key": customer, "value": {"customer": customer, "number": number}}
                await workflow.execute_activity("klamm.publish", argument, task_queue="klamm", start_to_close_timeout=timedelta(seconds=30))
        return EACH


def bill_worker(client: Client) -> Worker:
    """A worker for bills, to be entered with `async with`."""
    return Worker(
        client,
        task_queue=TASK_QUEUE,
        workflows=[Bill],
        workflow_runner=UnsandboxedWorkflowRunner(),
        sticky_queue_schedule_to_start_timeout=timedelta(seconds=1),
    )


class Bills:
    """Drivers that keep bills open until they are told to end, and consumers that read along."""

    def __init__(self, clients: Clients, bootstrap: str) -> None:
        self.clients = clients
        self.done: List[str] = []
        self._bootstrap = bootstrap
        self._readers = {name: ReadingAlong(bootstrap, topic) for name, (topic, _) in DESTINATIONS.items()}
        self._next = 0
        self._ending = False
        self._drivers = [asyncio.create_task(self._drive()) for _ in range(IN_FLIGHT)]

    async def drain(self, deadline_s: float) -> None:
        """Start no more; wait until all are done."""
        self._ending = True
        done, stuck = await asyncio.wait(self._drivers, timeout=deadline_s)
        for driver in stuck:
            driver.cancel()
        for driver in done:
            driver.result()
        assert not stuck, f"bills are stuck {deadline_s} s after the last kill"

    async def _drive(self) -> None:
        while not self._ending:
            self._next += 1
            id = f"bill-{self._next}"

            async def start(client: Client) -> None:
                try:
                    await client.start_workflow(
                        "Bill",
                        id,
                        id=id,
                        task_queue=TASK_QUEUE,
                        task_timeout=TASK_TIMEOUT,
                        id_reuse_policy=WorkflowIDReusePolicy.REJECT_DUPLICATE,
                        rpc_timeout=CALL_TIMEOUT,
                    )
                except WorkflowAlreadyStartedError:
                    pass  # The answer to the first request was lost. Its run may have ended since.

            async def result(client: Client) -> int:
                return await client.get_workflow_handle(id).result(rpc_timeout=RESULT_TIMEOUT)

            await self.clients.insist(start)
            assert await self.clients.insist(result) == EACH
            self.done.append(id)

    async def _refused(self) -> str:
        """What destinations did not take."""
        letters = await asyncio.to_thread(committed, self._bootstrap, "klamm.dlq.publish")
        said = [(letter.key(), letter.value(), dict(letter.headers() or []).get("__dlq.errors.message")) for letter in letters]
        return f"dead letters: {said}"

    async def check(self) -> None:
        """Each record is there once, in order per key; and there is one for each activity that has completed, and for no other."""
        published: List[Tuple[str, str, str]] = []
        for name, reader in self._readers.items():
            numbers: Dict[str, List[int]] = defaultdict(list)
            for message in await asyncio.to_thread(reader.finish):
                value = json.loads(message.value())
                assert (message.key() or b"").decode() == value["customer"]
                numbers[value["customer"]].append(value["number"])
                published.append(place(message))
            wrong = {id: numbers.get(id) for id in {*self.done, *numbers} if numbers.get(id) != list(range(EACH)) or id not in self.done}
            assert not wrong, f"{name}: missing, twice or out of order: {wrong}; {await self._refused()}"
        completed: List[Tuple[str, str, str]] = []
        for id in self.done:
            history = await self.clients.insist(lambda client: client.get_workflow_handle(id).fetch_history(rpc_timeout=CALL_TIMEOUT))
            run_id = history.events[0].workflow_execution_started_event_attributes.original_execution_run_id
            scheduled = {
                event.event_id: event.activity_task_scheduled_event_attributes.activity_id
                for event in history.events
                if event.HasField("activity_task_scheduled_event_attributes")
            }
            completed += [
                (id, run_id, scheduled[event.activity_task_completed_event_attributes.scheduled_event_id])
                for event in history.events
                if event.HasField("activity_task_completed_event_attributes")
            ]
        assert sorted(published) == sorted(completed), "a record without its event, or an event without its record"
        print(f"{len(self.done)} bills published {len(published)} records through all kills, each with its event", flush=True)


def place(message: Message) -> Tuple[str, str, str]:
    """Workflow id, run id and activity id of the activity that has published it."""
    headers = {name: value.decode() for name, value in message.headers() or []}
    return headers["klamm-workflow-id"], headers["klamm-run-id"], headers["klamm-activity-id"]
