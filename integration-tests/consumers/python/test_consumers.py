"""Both consumers read a topic made for them: they agree, skip what was aborted, and see what is wrong."""

import io
import json
import threading
import uuid
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any, Dict, Iterator, List, Tuple

import fastavro
import pytest
from confluent_kafka import Producer
from confluent_kafka.admin import AdminClient, NewTopic

from registry import FRAME
from support.consumers import problems, read_with_java, read_with_python
from support.kafka import shared_broker

SCHEMAS = Path(__file__).resolve().parents[3] / "schemas"
SCHEMA_ID = 4711
SCHEMA = json.loads((SCHEMAS / "avro" / "history-value.avsc").read_text())
PARSED = fastavro.parse_schema(SCHEMA)
#: Workflow ids and the partitions, of two, that Java's default partitioner gives `default/<id>`.
WORKFLOWS = {"a": 1, "b": 0, "c": 0}


@pytest.fixture(scope="module")
def bootstrap() -> Iterator[str]:
    with shared_broker() as address:
        yield address


@pytest.fixture(scope="module")
def registry() -> Iterator[str]:
    """A registry that knows one schema."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            known = self.path == f"/schemas/ids/{SCHEMA_ID}"
            body = json.dumps({"schema": json.dumps(SCHEMA)} if known else {"error_code": 40403}).encode()
            self.send_response(200 if known else 404)
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: Any) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()


class Topic:
    """Writes records as a partition's owner would: in transactions, numbered."""

    def __init__(self, bootstrap: str) -> None:
        self.name = f"history-{uuid.uuid4().hex[:8]}"
        admin = AdminClient({"bootstrap.servers": bootstrap})
        admin.create_topics([NewTopic(self.name, 2, 1)])[self.name].result()
        self.producer = Producer({"bootstrap.servers": bootstrap, "transactional.id": self.name})
        self.producer.init_transactions()
        self.numbers = {0: 0, 1: 0}

    def send(self, partition: int, key: str, record: Dict[str, Any]) -> None:
        body = io.BytesIO(FRAME.pack(0, SCHEMA_ID))
        body.seek(0, io.SEEK_END)
        fastavro.schemaless_writer(body, PARSED, record)
        number = self.numbers[partition]
        self.numbers[partition] += 1
        header = [("klamm-seq", f"{partition}/{number}/{number}/0".encode())]
        self.producer.produce(self.name, body.getvalue(), key, partition, headers=header)

    def events(self, workflow: str, kinds: List[Tuple[int, str]]) -> None:
        for id, kind in kinds:
            event = {"event_id": id, "event_type": f"EVENT_TYPE_{kind}"}
            record = {"namespace": "default", "workflow_id": workflow, "run_id": "run", "event": event}
            self.send(WORKFLOWS[workflow], f"default/{workflow}/run/{id}", record)

    def commit(self, *partitions: int) -> None:
        for partition in partitions:
            self.send(partition, "~partition", {"partition": {"next_command_offset": self.numbers[partition]}})
        self.producer.commit_transaction()


WHOLE = [(1, "WORKFLOW_EXECUTION_STARTED"), (2, "WORKFLOW_TASK_SCHEDULED"), (3, "WORKFLOW_EXECUTION_TERMINATED")]


def test_both_read_the_same_and_nothing_that_was_aborted(bootstrap: str, registry: str):
    topic = Topic(bootstrap)
    topic.producer.begin_transaction()
    topic.events("a", WHOLE)
    topic.events("b", WHOLE[:2])
    topic.commit(0, 1)
    before = dict(topic.numbers)
    topic.producer.begin_transaction()
    topic.events("b", WHOLE[2:])
    topic.producer.flush()
    topic.producer.abort_transaction()
    topic.numbers = before
    topic.producer.begin_transaction()
    topic.events("b", WHOLE[2:])
    topic.events("c", WHOLE[:1])
    topic.commit(0)

    python = read_with_python(bootstrap, [registry], topic.name)
    assert problems(python, read_with_java(bootstrap, registry, topic.name)) == []
    assert (python["public_events"], python["runs"], python["closed_runs"]) == (7, 3, 2)
    assert python["kinds"] == {"event": 7, "~partition": 3}
    assert python["newest_events"] == {"default/a/run": 3, "default/b/run": 3, "default/c/run": 1}


def test_both_see_an_event_twice_and_a_number_missing(bootstrap: str, registry: str):
    topic = Topic(bootstrap)
    topic.producer.begin_transaction()
    topic.events("a", [WHOLE[0], WHOLE[0]])
    topic.numbers[1] += 1
    topic.events("a", [WHOLE[1]])
    topic.commit(1)
    assert len(problems(read_with_python(bootstrap, [registry], topic.name))) == 2
    assert len(problems(read_with_java(bootstrap, registry, topic.name))) == 2
