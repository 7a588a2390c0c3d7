"""One test's own corner of a shared server: client, task queue, workflow ids, workers."""

import os
import uuid
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any, Callable, Dict, List, Optional, Sequence, Set

from temporalio import workflow
from temporalio.client import Client, WorkflowHandle
from temporalio.worker import Worker


def server_address() -> str:
    """Where the server under test listens for gRPC."""
    return os.environ.get("TEMPORAL_ADDRESS", "127.0.0.1:7233")


@dataclass
class Env:
    """A client with a task queue and an id prefix that no other test uses."""

    client: Client
    task_queue: str
    #: The ids that the test has asked for, and by their names the workflows that its workers know, as the last of these knows them.
    ids: Set[str] = field(default_factory=set)
    workflows: Dict[str, type] = field(default_factory=dict)

    @classmethod
    def new(cls, client: Client, name: str) -> "Env":
        """`name` is for people who read the server's data; uniqueness comes from a random suffix."""
        return cls(client, f"{name}-{uuid.uuid4().hex[:8]}")

    def id(self, suffix: str = "wf") -> str:
        """A workflow id of this test."""
        id = f"{self.task_queue}-{suffix}"
        self.ids.add(id)
        return id

    def worker(
        self,
        workflows: Sequence[type] = (),
        activities: Sequence[Callable[..., Any]] = (),
        **options: Any,
    ) -> Worker:
        """A worker on this test's queue, to be entered with `async with`.

        Heartbeats are throttled to 50 ms instead of 80 % of the timeout, so
        that scenarios about heartbeats need no long timeouts.
        """
        options.setdefault("max_heartbeat_throttle_interval", timedelta(milliseconds=50))
        options.setdefault("task_queue", self.task_queue)
        self.workflows |= {name_of(workflow): workflow for workflow in workflows}
        return Worker(self.client, workflows=workflows, activities=activities, **options)

    async def start(self, workflow: Any, *args: Any, id: Optional[str] = None, **options: Any) -> WorkflowHandle:
        """Start `workflow` on this test's queue."""
        options.setdefault("task_queue", self.task_queue)
        options.setdefault("execution_timeout", timedelta(minutes=3))
        return await self.client.start_workflow(workflow, args=list(args), id=id or self.id(), **options)

    async def execute(self, workflow: Any, *args: Any, **options: Any) -> Any:
        """Start `workflow` and wait for its result."""
        handle = await self.start(workflow, *args, **options)
        return await handle.result()


def name_of(workflow_class: type) -> str:
    """The workflow type that a class implements."""
    return workflow._Definition.must_from_class(workflow_class).name or workflow_class.__name__


async def event_names(handle: WorkflowHandle) -> List[str]:
    """The history of the handle's run as event type names, e.g. `WorkflowExecutionStarted`."""
    from temporalio.api.enums.v1 import EventType

    def name(event: Any) -> str:
        words = EventType.Name(event.event_type).removeprefix("EVENT_TYPE_").split("_")
        return "".join(word.capitalize() for word in words)

    history = await handle.fetch_history()
    ids = [event.event_id for event in history.events]
    assert ids == list(range(1, len(ids) + 1)), f"event ids have a gap: {ids}"
    return [name(event) for event in history.events]


async def events(handle: WorkflowHandle, kind: str) -> List[Any]:
    """The attributes of all events of one kind, e.g. `timer_started`, in order."""
    field = f"{kind}_event_attributes"
    history = await handle.fetch_history()
    return [getattr(event, field) for event in history.events if event.WhichOneof("attributes") == field]
