"""A shop whose records are read by triggers: their declarations, their workflow, and what has come of the records."""

import json
from collections import Counter
from pathlib import Path
from typing import Any, Dict, List, Tuple

from temporalio import workflow

from topics import Batch, Record, Topics

QUEUE = "triggered"

ORDERS = """
trigger: orders
namespace: default
source: {{topic: {topic}, format: json}}
rules:
  - when: "value.kind == 'order'"
    start: {{type: Order, task_queue: triggered, id: "order-${{value.id}}", on_conflict: skip}}
    args: [{{path: value}}]
"""

PAYMENTS = """
trigger: payments
namespace: default
source: {{topic: {topic}, format: json, tombstone: dead_letter}}
rules:
  - when: "value.kind == 'payment'"
    start: {{type: Order, task_queue: triggered, id: "paid-${{value.id}}"}}
    signal: {{name: pay, missing: start, args: [{{path: value.amount}}]}}
    args: [{{path: value}}]
"""


@workflow.defn(name="Order")
class Order:
    """Is paid in parts, until it is told that this is all."""

    def __init__(self) -> None:
        self.paid: List[Any] = []

    @workflow.run
    async def run(self, order: Dict[str, Any]) -> List[Any]:
        await workflow.wait_condition(lambda: "end" in self.paid)
        return self.paid

    @workflow.signal
    def pay(self, amount: Any) -> None:
        self.paid.append(amount)


class Shop:
    """A topic of another program, and triggers of it."""

    def __init__(self, topics: Topics, folder: Path) -> None:
        self.topics = topics
        self.folder = folder
        self.topic = f"{topics.prefix.replace('klamm', 'shop').rstrip('.')}-shop.orders"
        if topics.server.kafka:
            topics.create(self.topic, 4)

    def apply(self, *declarations: str, options: Tuple[str, ...] = (), fails: bool = False) -> str:
        """`klamm apply` of these declarations; what it prints, or why it fails."""
        files = []
        for number, text in enumerate(declarations):
            file = self.folder / f"trigger-{number}.yaml"
            file.write_text(text.format(topic=self.topic))
            files += ["-f", str(file)]
        return self.topics.klamm("apply", *files, *options, fails=fails)

    def produce(self, records: Batch) -> None:
        self.topics.produce(self.topic, records, foreign=True)

    def trigger(self, name: str) -> Dict[str, Any]:
        return json.loads(self.topics.klamm("trigger", "describe", name, "--json"))

    def dead_letters(self, name: str) -> List[Record]:
        return self.topics.records(f"dlq.{name}")


def signals(topics: Topics) -> List[Tuple[str, Any]]:
    """The workflow id and the amount of each signal, in the order of each partition."""
    found = []
    for record in topics.records("history"):
        event = record["value"].get("event") or {}
        if event.get("event_type") == "EVENT_TYPE_WORKFLOW_EXECUTION_SIGNALED":
            payload = event["workflow_execution_signaled_event_attributes"]["input"]["payloads"][0]
            found.append((record["key"].split("/")[1], payload["data"]["json"]))
    return found


def started(topics: Topics) -> Counter:
    """How often each workflow id was started."""
    return Counter(
        record["key"].split("/")[1]
        for record in topics.records("history")
        if (record["value"].get("event") or {}).get("event_type") == "EVENT_TYPE_WORKFLOW_EXECUTION_STARTED"
    )
