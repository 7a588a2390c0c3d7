"""Topics of a klamm, as other programs use them: by a client of Kafka, or on the embedded log by `klamm topics`."""

import json
import subprocess
from typing import Any, Dict, Iterable, List, Optional, Tuple

from confluent_kafka import Producer

from support.server import KlammServer

#: The longest a producer waits for the broker.
FLUSH_S = 60.0
#: The longest a command may take.
COMMAND_S = 120.0

Record = Dict[str, Any]


class Topics:
    """The topics of one klamm."""

    def __init__(self, server: KlammServer, prefix: str) -> None:
        self.server = server
        self.prefix = prefix

    def produce(self, topic: str, records: Iterable[Tuple[str, Any]], headers: Optional[Dict[str, str]] = None) -> None:
        """Append records, each a key and a value: JSON, or bytes or text as they are."""
        records = [(key, value if isinstance(value, (bytes, str)) else json.dumps(value)) for key, value in records]
        if self.server.kafka:
            producer = Producer({"bootstrap.servers": self.server.kafka, "enable.idempotence": True, "partitioner": "murmur2_random"})
            for key, value in records:
                while True:
                    try:
                        producer.produce(f"{self.prefix}{topic}", value, key, headers=list((headers or {}).items()))
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

    def records(self, topic: str) -> List[Record]:
        """All records of a topic, decoded, in the order of each partition."""
        shown = subprocess.run(
            self._command("cat", topic, "--json"), check=True, stdout=subprocess.PIPE, timeout=COMMAND_S
        ).stdout
        return [json.loads(line) for line in shown.splitlines()]

    def _command(self, verb: str, *arguments: str) -> List[str]:
        return [str(self.server.binary), "topics", verb, *arguments, "--address", self.server.address]
