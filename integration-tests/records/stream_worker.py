"""A worker that knows nothing but topics. What an activity's type is called says how the worker behaves.

    python stream_worker.py kafka BROKERS PREFIX QUEUE
    python stream_worker.py embedded KLAMM ADDRESS

On the embedded log it uses `klamm topics`, as a stranger would without a broker.
"""

import json
import queue
import subprocess
import sys
import threading
import time
from typing import Any, Dict, Iterator, Optional, Tuple

from confluent_kafka import Consumer, Producer

Task = Dict[str, Any]

#: Time between two heartbeats.
HEARTBEAT_S = 0.3
#: Pause before a command is started again whose server was gone.
RESTART_S = 0.2


class KafkaTopics:
    """By a client of Kafka. Several workers share the tasks; each of them sees all outcomes."""

    def __init__(self, brokers: str, prefix: str, task_queue: str) -> None:
        self.prefix, tasks = prefix, f"{prefix}tasks.default.{task_queue}"
        settings = {"bootstrap.servers": brokers, "auto.offset.reset": "earliest", "fetch.wait.max.ms": 100, "log_level": 0}
        # A short session, so that the others soon have the partitions of a worker that was killed.
        group = {"group.id": f"workers-{tasks}", "session.timeout.ms": 6000, "heartbeat.interval.ms": 1000, "enable.auto.commit": False}
        self.tasks = Consumer({**settings, **group})
        self.tasks.subscribe([tasks])
        self.outcomes = Consumer({**settings, "group.id": f"outcomes-{time.time_ns()}", "isolation.level": "read_committed"})
        self.outcomes.subscribe([f"{prefix}outcomes.default"])
        self.producer = Producer({"bootstrap.servers": brokers, "linger.ms": 0, "partitioner": "murmur2_random"})

    def next_task(self, timeout_s: float) -> Optional[Task]:
        record = self.tasks.poll(timeout_s)
        if record is None or record.error():
            return None
        return json.loads(record.value())

    def done(self) -> None:
        self.tasks.commit(asynchronous=True)

    def cancelled(self) -> Iterator[str]:
        """Workflow ids whose heartbeats were answered by a request to stop."""
        while (record := self.outcomes.poll(0)) is not None:
            if not record.error() and ("cancel-requested", b"true") in (record.headers() or []):
                yield record.key().decode()

    def ask(self, key: str, request: Dict[str, Any]) -> None:
        self.producer.produce(f"{self.prefix}requests.default", json.dumps(request), key)
        assert self.producer.flush(60) == 0, "the broker has taken the request"


class EmbeddedTopics:
    """By `klamm topics`. A reader that was cut off begins anew, and passes over what it has seen."""

    def __init__(self, klamm: str, address: str) -> None:
        self.klamm, self.address = klamm, address
        self.found: "queue.Queue[Task]" = queue.Queue()
        self.cancels: "queue.Queue[str]" = queue.Queue()
        self.producing: Optional[subprocess.Popen] = None
        threading.Thread(target=self._read, args=("tasks.default.shipping", self._task), daemon=True).start()
        threading.Thread(target=self._read, args=("outcomes.default", self._outcome), daemon=True).start()

    def next_task(self, timeout_s: float) -> Optional[Task]:
        try:
            return self.found.get(timeout=timeout_s) if timeout_s > 0 else self.found.get_nowait()
        except queue.Empty:
            return None

    def done(self) -> None:
        """Nobody keeps offsets here."""

    def cancelled(self) -> Iterator[str]:
        while not self.cancels.empty():
            yield self.cancels.get_nowait()

    def ask(self, key: str, request: Dict[str, Any]) -> None:
        while True:
            try:
                if self.producing is None:
                    command = self._command("produce", "requests.default", "--key-delimiter", "\t")
                    self.producing = subprocess.Popen(
                        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True, bufsize=1
                    )
                self.producing.stdin.write(f"{key}\t{json.dumps(request)}\n")
                if self.producing.stdout.readline():
                    return
            except OSError:
                pass
            # Whether the record was taken is not known: it comes again, and takes effect once by its attempt's token.
            self.producing.kill()
            self.producing = None
            time.sleep(RESTART_S)

    def _task(self, record: Dict[str, Any]) -> None:
        self.found.put(record["value"])

    def _outcome(self, record: Dict[str, Any]) -> None:
        if record["headers"].get("cancel-requested") == "true":
            self.cancels.put(record["key"])

    def _read(self, topic: str, take: Any) -> None:
        seen = set()
        while True:
            process = subprocess.Popen(
                self._command("cat", topic, "--follow", "--json"), stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True
            )
            for line in process.stdout:
                record = json.loads(line)
                place = (record["partition"], record["offset"])
                if place not in seen:
                    seen.add(place)
                    take(record)
            process.wait()
            time.sleep(RESTART_S)

    def _command(self, verb: str, *arguments: str) -> list:
        return [self.klamm, "topics", verb, *arguments, "--address", self.address]


class Worker:
    def __init__(self, topics: Any) -> None:
        self.topics = topics
        #: Activities that go on until they are cancelled, by workflow id, and when their next heartbeat is due.
        self.running: Dict[str, Tuple[Task, float]] = {}

    def run(self) -> None:
        while True:
            task = self.topics.next_task(0.05 if self.running else 1.0)
            if task is not None:
                self.work(task)
                self.topics.done()
            for key in self.topics.cancelled():
                if key in self.running:
                    task, _ = self.running.pop(key)
                    self.ask(task, "cancel_activity", details=["stopped"])
            for key, (task, due) in list(self.running.items()):
                if due <= time.monotonic():
                    self.ask(task, "heartbeat_activity", details=["on"])
                    self.running[key] = (task, time.monotonic() + HEARTBEAT_S)

    def work(self, task: Task) -> None:
        kind, attempt = task["activity_type"], task["attempt"]
        if kind == "Flaky" and attempt < 3:
            self.ask(task, "fail_activity", message=f"attempt {attempt}", type="Lost")
        elif kind == "Hopeless":
            self.ask(task, "fail_activity", message="never", type="Never", non_retryable=True)
        elif kind == "Silent" and attempt == 1:
            pass
        elif kind == "Resumed" and "heartbeat_details" not in task:
            # A heartbeat that comes after the attempt's time-out is lost. Then the next attempt sends it.
            self.ask(task, "heartbeat_activity", details=["half"])
        elif kind == "Stoppable":
            self.running[task["workflow_id"]] = (task, 0.0)
        else:
            result = {"input": task["input"], "attempt": attempt, "details": task.get("heartbeat_details")}
            self.ask(task, "complete_activity", result=result)

    def ask(self, task: Task, what: str, **fields: Any) -> None:
        self.topics.ask(task["workflow_id"], {what: {"task_token": task["task_token"], **fields}, "identity": "stream-worker"})


if __name__ == "__main__":
    log, *arguments = sys.argv[1:]
    Worker(KafkaTopics(*arguments) if log == "kafka" else EmbeddedTopics(*arguments)).run()
