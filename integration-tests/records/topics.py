"""Topics of a klamm, as other programs use them: by a client of Kafka, or on the embedded log by `klamm topics`."""

import asyncio
import json
import random
import subprocess
import time
import uuid
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Callable, Dict, Iterable, Iterator, List, Optional, Sequence, Tuple

from confluent_kafka import Consumer, Message, Producer, TopicPartition
from confluent_kafka.admin import AdminClient, NewPartitions, NewTopic, TopicMetadata

from support.reading import committed
from support.server import KlammServer, klamm_binary

#: The longest a producer waits for the broker.
FLUSH_S = 60.0
#: The longest a command may take.
COMMAND_S = 120.0

#: The longest that klamm is left alone with records before a kill.
BEFORE_KILL_S = 0.8

Record = Dict[str, Any]
Batch = List[Tuple[str, Any]]


class Topics:
    """The topics of one klamm."""

    def __init__(self, server: KlammServer, prefix: str, foreign: str) -> None:
        self.server = server
        self.prefix = prefix
        #: What names of topics of other programs begin with.
        self.foreign = foreign

    def produce(
        self, topic: str, records: Iterable[Tuple[str, Any]], headers: Optional[Dict[str, str]] = None, foreign: bool = False
    ) -> None:
        """Append records, each a key and a value: JSON, or bytes or text as they are. `foreign`: the topic is not one of klamm's."""
        records = [(key, value if isinstance(value, (bytes, str)) else json.dumps(value)) for key, value in records]
        if self.server.kafka:
            producer = Producer({"bootstrap.servers": self.server.kafka, "enable.idempotence": True, "partitioner": "murmur2_random"})
            for key, value in records:
                while True:
                    try:
                        producer.produce(topic if foreign else f"{self.prefix}{topic}", value, key, headers=list((headers or {}).items()))
                        break
                    except BufferError:
                        producer.poll(0.1)
            assert producer.flush(FLUSH_S) == 0, "the broker has taken all records"
            return
        command = self._command("produce", topic, "--key-delimiter", "\t")
        for name, value in (headers or {}).items():
            command += ["--header", f"{name}={value}"]
        lines = "".join(f"{key}\t{value}\n" for key, value in records)
        subprocess.run(command, input=lines.encode(), check=True, stdout=subprocess.DEVNULL, timeout=COMMAND_S)

    async def produce_through_kills(self, batches: Sequence[Batch], produce: Callable[[Batch], None], kills: int, chance: random.Random) -> None:
        """Produce the batches, each whole in its order, while klamm is killed so many times: each time at a moment of its own, while
        records are produced, while they are taken, or just after. On the embedded log a batch may be produced in part, and then again."""

        async def produce_some(some: Sequence[Batch]) -> None:
            for batch in some:
                for _ in range(200):
                    try:
                        await asyncio.to_thread(produce, batch)
                        break
                    except Exception:  # noqa: BLE001 klamm itself takes the records of the embedded log, and it is being killed
                        if self.server.kafka:
                            raise
                        await asyncio.sleep(0.2)
                else:
                    raise AssertionError("records could not be produced")

        for kill in range(kills):
            producing = asyncio.create_task(produce_some(batches[len(batches) * kill // kills : len(batches) * (kill + 1) // kills]))
            await asyncio.sleep(chance.uniform(0, BEFORE_KILL_S))
            self.server.kill()
            self.server.start()
            await producing

    def create(self, topic: str, partitions: int) -> None:
        """Make a topic that is not one of klamm's, on a broker."""
        admin = AdminClient({"bootstrap.servers": self.server.kafka})
        for future in admin.create_topics([NewTopic(topic, partitions, 1)]).values():
            future.result(FLUSH_S)
        # The broker answers before it tells others of the topic.
        deadline = time.monotonic() + FLUSH_S
        while len(admin.list_topics(timeout=FLUSH_S).topics.get(topic, TopicMetadata()).partitions) < partitions:
            assert time.monotonic() < deadline, f"the broker does not tell of {topic}"
            time.sleep(0.02)

    def grow(self, topic: str, partitions: int) -> None:
        """Give a topic that is not one of klamm's more partitions, on a broker."""
        admin = AdminClient({"bootstrap.servers": self.server.kafka})
        for future in admin.create_partitions([NewPartitions(topic, partitions)]).values():
            future.result(FLUSH_S)

    def delete(self, topic: str) -> None:
        """Delete a topic that is not one of klamm's, from a broker."""
        admin = AdminClient({"bootstrap.servers": self.server.kafka})
        for future in admin.delete_topics([topic]).values():
            future.result(FLUSH_S)

    def committed(self, topic: str) -> List[Record]:
        """All committed records of a topic that is not one of klamm's, in the order of each partition: key, value and headers as texts."""
        return [shown(message) for message in self.messages(topic)] if self.server.kafka else self.records(topic)

    def messages(self, topic: str) -> List[Message]:
        """The same as they are on a broker. The topic is named in full."""
        return committed(self.server.kafka, topic)

    def end(self, topic: str) -> int:
        """How many offsets of a topic of klamm's a broker has given out."""
        consumer = Consumer({"bootstrap.servers": self.server.kafka, "group.id": "nobody"})
        try:
            name = f"{self.prefix}{topic}"
            partitions = consumer.list_topics(name, FLUSH_S).topics[name].partitions
            return sum(consumer.get_watermark_offsets(TopicPartition(name, partition), FLUSH_S)[1] for partition in partitions)
        finally:
            consumer.close()

    def klamm(self, *arguments: str, fails: bool = False) -> str:
        """Run a command of klamm's that asks the server; what it prints. `fails`: it must not succeed, and its errors count."""
        command = [str(self.server.binary), *arguments, "--address", self.server.address]
        ended = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, timeout=COMMAND_S, text=True)
        assert (ended.returncode != 0) == fails, f"{command}: {ended.stdout}{ended.stderr}"
        return ended.stderr if fails else ended.stdout

    def records(self, topic: str) -> List[Record]:
        """All records of a topic, decoded, in the order of each partition."""
        command = self._command("cat", topic, "--json")
        ended = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, timeout=COMMAND_S)
        if ended.returncode != 0:
            # Whoever waits for records waits on: klamm may be taking its partitions over.
            raise LookupError(ended.stderr.decode(errors="replace"))
        return [json.loads(line) for line in ended.stdout.splitlines()]

    def _command(self, verb: str, *arguments: str) -> List[str]:
        return [str(self.server.binary), "topics", verb, *arguments, "--address", self.server.address]


def a_prefix(bootstrap: str) -> str:
    """What the names of a klamm's topics begin with: on a broker, as no other's do."""
    return f"records-{uuid.uuid4().hex[:8]}." if bootstrap else "klamm."


def foreign_to(prefix: str) -> str:
    """What names of topics of others begin with, which no other test has. Nobody makes them before a test does."""
    return "shop." if prefix == "klamm." else f"shop-{prefix}"


@contextmanager
def running(bootstrap: str, directory: Path, settings: Dict[str, str], prefix: Optional[str] = None, options: Sequence[str] = ()) -> Iterator[Topics]:
    """A klamm on the broker with these settings, or on the embedded log with these options; it is killed in the end."""
    prefix = prefix or a_prefix(bootstrap)
    of_all = {"kafka.topic_prefix": prefix, "kafka.partitions": "4"}
    server = KlammServer(klamm_binary(), directory / "data", directory / "klamm.log", bootstrap or None, {**of_all, **settings} if bootstrap else None, options)
    server.start()
    try:
        yield Topics(server, prefix, foreign_to(prefix))
    finally:
        if server.running():
            server.kill()
        print(f"--- the end of {server.log}\n{server.log_tail()}")


def shown(message: Message) -> Record:
    """A record as `klamm topics cat --json` shows it."""

    def text(data: Optional[bytes]) -> Optional[str]:
        return None if data is None else data.decode()

    headers = {name: text(value) for name, value in message.headers() or []}
    value = text(message.value())
    return {"partition": message.partition(), "offset": message.offset(), "key": text(message.key()), "value": value, "headers": headers}
