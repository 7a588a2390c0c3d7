"""The soak's Python program: a worker and a client with default options in one process.

    program.py load ADDRESS QUEUE IN_FLIGHT     keeps so many workflows in flight until stdin ends
    program.py query-loop ADDRESS QUEUE COUNT   queries so many workflows right after their start and their signals

It prints one line of JSON per call; calls.py reads them.
"""

import asyncio
import json
import os
import sys
import time
from typing import Any, Awaitable, Callable, Optional

from temporalio.client import Client
from temporalio.exceptions import WorkflowAlreadyStartedError
from temporalio.service import RPCError, RPCStatusCode
from temporalio.worker import Worker

from workflows import Plan, SoakWorkflow, square

#: The length of the timer that every fourth workflow has.
PAUSE_MS = 250
#: What each workflow of the query loop gets.
SIGNALS = 10


def tell(op: str, id: str, at: float, began: float, error: Optional[BaseException] = None) -> None:
    """A line of the output: one attempt of one call, or a whole workflow."""
    text = None if error is None else f"{type(error).__name__}: {error}"
    line = {"op": op, "id": id, "at": at, "ms": (time.monotonic() - began) * 1000, "error": text}
    print(json.dumps(line), flush=True)


class WrongAnswer(Exception):
    """The server's answer is not what was acknowledged."""


class Program:
    """The client's side."""

    def __init__(self, client: Client, queue: str) -> None:
        self.client = client
        self.queue = queue
        self._next = 0
        self._ending = False

    async def insist(self, op: str, id: str, attempt: Callable[[bool], Awaitable[Any]]) -> None:
        """Make a call until it succeeds. Each attempt is told."""
        repeated = False
        while True:
            at, began = time.time(), time.monotonic()
            try:
                await attempt(repeated)
            except Exception as error:
                tell(op, id, at, began, error)
            else:
                tell(op, id, at, began)
                return
            repeated = True
            await asyncio.sleep(0.2)

    async def load(self, in_flight: int) -> None:
        """Keep so many workflows in flight until stdin ends, and then wait for the last of them."""
        tell("ready", self.queue, time.time(), time.monotonic())
        drivers = [asyncio.create_task(self._drive()) for _ in range(in_flight)]
        await asyncio.to_thread(sys.stdin.read)
        self._ending = True
        await asyncio.gather(*drivers)
        tell("end", self.queue, time.time(), time.monotonic())

    async def _drive(self) -> None:
        while not self._ending:
            self._next += 1
            await self._workflow(self._next)

    async def _workflow(self, number: int) -> None:
        """One from its start to its result, as its number says."""
        id = f"{self.queue}-{number}"
        plan, op = {
            2: (Plan(number, signals=True), "workflow with signals"),
            3: (Plan(number, pause_ms=PAUSE_MS), "workflow with a timer"),
        }.get(number % 4, (Plan(number), "workflow"))
        at, began = time.time(), time.monotonic()

        async def start(repeated: bool) -> None:
            try:
                await self.client.start_workflow(SoakWorkflow.run, plan, id=id, task_queue=self.queue)
            except WorkflowAlreadyStartedError:
                if not repeated:  # else the answer to an earlier attempt was lost
                    raise

        await self.insist("start", id, start)
        handle = self.client.get_workflow_handle_for(SoakWorkflow.run, id)
        if plan.signals:
            await self._signal(id, "note")
            await self.insist("query", id, lambda _: self._notes(id, 1))
            await self._signal(id, "finish")

        async def result(_repeated: bool) -> None:
            value = await handle.result()
            if value != number * number:
                raise WrongAnswer(f"wrong result: {value}")

        await self.insist("result", id, result)
        tell(op, id, at, began)

    async def _signal(self, id: str, name: str) -> None:
        async def send(repeated: bool) -> None:
            try:
                await self.client.get_workflow_handle(id).signal(name)
            except RPCError as error:
                # Not found: an earlier attempt was taken, and the run has ended since.
                if not (repeated and error.status == RPCStatusCode.NOT_FOUND):
                    raise

        await self.insist("signal", id, send)

    async def _notes(self, id: str, least: int) -> None:
        """Ask how many notes the workflow has: all that were acknowledged."""
        notes = await self.client.get_workflow_handle(id).query(SoakWorkflow.notes)
        if notes < least:
            raise WrongAnswer(f"stale answer: {notes} notes, {least} were acknowledged")

    async def query_loop(self, count: int) -> None:
        """So many workflows, one after another: each is queried right after its start and after each of ten signals."""
        for number in range(count):
            id = f"{self.queue}-{number}"

            async def start(_repeated: bool) -> None:
                plan = Plan(0, signals=True)
                await self.client.start_workflow(SoakWorkflow.run, plan, id=id, task_queue=self.queue)

            await self.insist("start", id, start)
            await self.insist("query after start", id, lambda _: self._notes(id, 0))
            for round in range(1, SIGNALS + 1):
                await self._signal(id, "note")
                await self.insist("query after signal", id, lambda _: self._notes(id, round))
            await self._signal(id, "finish")
        tell("end", self.queue, time.time(), time.monotonic())


async def main(mode: str, address: str, queue: str, number: int) -> None:
    client = await Client.connect(address)
    program = Program(client, queue)
    async with Worker(client, task_queue=queue, workflows=[SoakWorkflow], activities=[square]):
        await {"load": program.load, "query-loop": program.query_loop}[mode](number)


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1], sys.argv[2], sys.argv[3], int(sys.argv[4])))
    # Threads of the SDK's core drop Python objects while the interpreter ends, and now and then that crashes (exit code -11). All is told
    # by here, so the process ends without that.
    sys.stdout.flush()
    os._exit(0)
