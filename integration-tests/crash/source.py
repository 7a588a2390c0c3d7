"""A topic of another program: orders and payments, repeated and bad records among them."""

import json
import random
from collections import Counter, defaultdict
from dataclasses import dataclass, field
from typing import Any, Dict, List, Optional, Tuple

from confluent_kafka import Producer, TopicPartition
from confluent_kafka.admin import AdminClient, NewTopic

#: A broker that is killed is up again before that.
PATIENCE_S = 120.0
PARTITIONS = 6
#: Payments go to so many workflows.
ACCOUNTS = 200

Place = Tuple[int, int]


@dataclass
class Expected:
    """What the records ask for."""

    #: How often an order was asked for.
    orders: Counter = field(default_factory=Counter)
    #: Account to the amounts, in the order of the records.
    payments: Dict[int, List[int]] = field(default_factory=lambda: defaultdict(list))
    #: Dead letters by trigger: how many of each value. Values of bad records are all different.
    dead: Dict[str, Counter] = field(default_factory=lambda: {"orders": Counter(), "payments": Counter()})
    records: int = 0


class Source:
    """The topic, on a broker that may be killed; what is produced is there once, and in order per key."""

    def __init__(self, bootstrap: str, topic: str, chance: random.Random) -> None:
        self.topic = topic
        self.chance = chance
        self.expected = Expected()
        self._admin = AdminClient({"bootstrap.servers": bootstrap})
        self._bootstrap = bootstrap
        self._producer: Producer
        self._failed: List[Any] = []

    def create(self) -> None:
        """Make the topic, and a producer: one that has seen the topic's deletion refuses records for a while."""
        for future in self._admin.create_topics([NewTopic(self.topic, PARTITIONS, 1)]).values():
            future.result(PATIENCE_S)
        self._producer = Producer(
            {
                "bootstrap.servers": self._bootstrap,
                "enable.idempotence": True,
                "partitioner": "murmur2_random",
                "message.timeout.ms": int(PATIENCE_S * 1000),
                "linger.ms": 5,
            }
        )

    def delete(self) -> None:
        """Delete it with all that is in it."""
        for future in self._admin.delete_topics([self.topic]).values():
            future.result(PATIENCE_S)

    def truncate(self) -> int:
        """Remove all records; how many that are."""
        partitions = [TopicPartition(self.topic, partition, -1) for partition in range(PARTITIONS)]
        return sum(future.result(PATIENCE_S).low_watermark for future in self._admin.delete_records(partitions).values())

    def produce(self, count: int) -> None:
        """So many more records; they are all there when this returns."""
        for _ in range(count):
            key, value = self._next()
            while True:
                try:
                    self._producer.produce(self.topic, value, key, on_delivery=self._delivered)
                    break
                except BufferError:
                    self._producer.poll(0.1)
            self._producer.poll(0)
        assert self._producer.flush(PATIENCE_S) == 0, "the broker has taken all records"
        assert not self._failed, self._failed[:3]

    def _delivered(self, error: Any, _message: Any) -> None:
        if error is not None:
            self._failed.append(error)

    def _next(self) -> Tuple[str, Optional[bytes]]:
        """A record: 1 % cannot be decoded, 1 % have no value, 10 % ask for an order that was asked for before."""
        expected, draw = self.expected, self.chance.random()
        number = expected.records
        expected.records += 1
        if draw < 0.01:
            value = "{" + f"bad-{number}"
            for dead in expected.dead.values():
                dead[value] += 1
            return f"k{number % 97}", value.encode()
        if draw < 0.02:
            expected.dead["payments"][""] += 1
            return f"k{number % 97}", None
        if draw < 0.22:
            return f"k{number % 97}", json.dumps({"kind": "other", "number": number}).encode()
        if draw < 0.6:
            account = self.chance.randrange(ACCOUNTS)
            expected.payments[account].append(number)
            return f"account-{account}", json.dumps({"kind": "payment", "id": account, "amount": number}).encode()
        order = number
        if expected.orders and self.chance.random() < 0.25:
            order = self.chance.choice(self._recent)
        expected.orders[order] += 1
        self._recent = (self._recent + [order])[-50:]
        return f"order-{order}", json.dumps({"kind": "order", "id": order}).encode()

    _recent: List[int] = []
