"""A worker without any SDK: it takes activities from the topic of a stream task queue, and answers on the topic of requests.

    pip install confluent-kafka
    python worker.py localhost:9092 klamm. default shipping

Run as many as you like: they share the topic's partitions as any consumer group does.
"""

import json
import os
import sys
import time
from datetime import datetime, timezone
from typing import Any, Dict, Optional

from confluent_kafka import Consumer, KafkaException, Producer

Task = Dict[str, Any]


class Failed(Exception):
    """The activity has failed; klamm tries it again as its retry policy says, unless that would not help."""

    def __init__(self, message: str, kind: str = "", final: bool = False) -> None:
        super().__init__(message)
        self.kind, self.final = kind, final


class Worker:
    """Takes tasks one after the other."""

    def __init__(self, brokers: str, prefix: str, namespace: str, queue: str) -> None:
        self.requests, tasks = f"{prefix}requests.{namespace}", f"{prefix}tasks.{namespace}.{queue}"
        # The partitioner of Java's clients: requests of a workflow keep their order among all programs.
        self.producer = Producer({"bootstrap.servers": brokers, "enable.idempotence": True, "partitioner": "murmur2_random"})
        self.consumer = Consumer(
            {
                "bootstrap.servers": brokers,
                "group.id": f"workers-{tasks}",
                "auto.offset.reset": "earliest",
                # The offset of a task is committed when its answer is on the log: a worker that dies gets the task again.
                "enable.auto.commit": False,
                # So soon the others have the tasks of a worker that is gone. The broker's least is 6 seconds.
                "session.timeout.ms": int(os.environ.get("SESSION_TIMEOUT_MS", 45_000)),
            }
        )
        self.consumer.subscribe([tasks])

    def run(self) -> None:
        while True:
            record = self.consumer.poll(1.0)
            if record is None or record.error():
                continue
            self.work(json.loads(record.value()))
            try:
                self.consumer.commit(record, asynchronous=False)
            except KafkaException as error:  # another worker may have the partition now, and the task again: its token tells
                print(f"not committed: {error}", file=sys.stderr)

    def work(self, task: Task) -> None:
        deadline = task.get("deadline")
        if deadline and datetime.fromisoformat(deadline.replace("Z", "+00:00")) < datetime.now(timezone.utc):
            return  # klamm has given this attempt up already
        try:
            self.ask(task, "complete_activity", result=ACTIVITIES[task["activity_type"]](task, self))
        except KeyError as error:
            self.ask(task, "fail_activity", message=f"unknown here: {error}", non_retryable=True)
        except Failed as error:
            self.ask(task, "fail_activity", message=str(error), type=error.kind, non_retryable=error.final)

    def heartbeat(self, task: Task, details: Any) -> None:
        """Say that the work goes on. The next attempt gets the details; an answer with the header `cancel-requested` says that it is to stop."""
        self.ask(task, "heartbeat_activity", details=[details])

    def ask(self, task: Task, what: str, **fields: Any) -> None:
        request = {what: {"task_token": task["task_token"], **fields}, "identity": "worker.py"}
        self.producer.produce(self.requests, json.dumps(request), task["workflow_id"])
        if self.producer.flush(300) != 0:  # as long as librdkafka itself tries
            raise RuntimeError("the broker has not taken the answer")


def ship(task: Task, worker: Worker) -> Optional[Any]:
    order = task["input"][0]
    if order["id"] < 0:
        raise Failed(f"there is no order {order['id']}", "NoSuchOrder", final=True)
    if task["attempt"] <= order.get("busy", 0):
        raise Failed("the carrier is busy", "Busy")
    if "heartbeat_details" not in task:  # no attempt before has packed it
        worker.heartbeat(task, "packed")
        time.sleep(order.get("packing_s", 0))
    return {"parcel": order["id"]}


ACTIVITIES = {"Ship": ship}


if __name__ == "__main__":
    Worker(*sys.argv[1:5]).run()
