"""Topics as consumers of Kafka read them that see what is committed, and nothing else."""

import threading
from typing import Dict, List, Tuple

from confluent_kafka import OFFSET_BEGINNING, Consumer, KafkaError, KafkaException, Message, TopicPartition

#: The longest that a broker may take to answer. One that is killed is up again before that.
ANSWER_S = 60.0


def _consumer(bootstrap: str) -> Consumer:
    settings = {"bootstrap.servers": bootstrap, "group.id": "nobody", "enable.auto.commit": False, "isolation.level": "read_committed"}
    # No record may be passed over without a word.
    return Consumer({**settings, "enable.partition.eof": True, "auto.offset.reset": "error"})


def _assign(consumer: Consumer, topic: str) -> List[int]:
    """Have it read the topic from its beginning; the partitions."""
    partitions = list(consumer.list_topics(topic, ANSWER_S).topics[topic].partitions)
    consumer.assign([TopicPartition(topic, partition, OFFSET_BEGINNING) for partition in partitions])
    return partitions


def committed(bootstrap: str, topic: str) -> List[Message]:
    """All committed records of a topic, by partition and offset. The topic is named in full."""
    consumer = _consumer(bootstrap)
    try:
        left, found = set(_assign(consumer, topic)), []
        while left:
            message = consumer.poll(ANSWER_S)
            assert message is not None, f"{topic} is read to its ends"
            if message.error() is None:
                found.append(message)
            elif message.error().code() == KafkaError._PARTITION_EOF:
                left.discard(message.partition())
            else:
                raise KafkaException(message.error())
        return sorted(found, key=lambda message: (message.partition(), message.offset()))
    finally:
        consumer.close()


class ReadingAlong:
    """A consumer that reads a topic while it is written, whatever happens to the broker meanwhile."""

    def __init__(self, bootstrap: str, topic: str) -> None:
        self._bootstrap = bootstrap
        self._topic = topic
        self._seen: Dict[int, List[Tuple[int, bytes]]] = {}
        self._ending = threading.Event()
        self._consumer = _consumer(bootstrap)
        _assign(self._consumer, topic)
        self._thread = threading.Thread(target=self._read, daemon=True)
        self._thread.start()

    def _read(self) -> None:
        while not self._ending.is_set():
            message = self._consumer.poll(0.2)
            if message is not None and message.error() is None:
                self._seen.setdefault(message.partition(), []).append((message.offset(), message.value()))

    def finish(self) -> List[Message]:
        """All records of the topic, read anew. Those that were read along are the first of them."""
        self._ending.set()
        self._thread.join()
        self._consumer.close()
        found = committed(self._bootstrap, self._topic)
        for partition, seen in self._seen.items():
            now = [(message.offset(), message.value()) for message in found if message.partition() == partition]
            assert now[: len(seen)] == seen, f"{self._topic}/{partition}: what was committed has changed"
        print(f"{self._topic}: {len(found)} records, {sum(map(len, self._seen.values()))} of them read along", flush=True)
        return found
