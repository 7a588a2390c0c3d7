"""Who owns which partition, as the members topic says: read as any Kafka client may."""

import sys
import threading
import time
from pathlib import Path
from typing import Any, Dict, List, Optional

from confluent_kafka import OFFSET_END, Consumer, KafkaException, TopicPartition

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "consumers" / "python"))
from registry import Registry  # noqa: E402

#: A member whose newest beat is older is silent.
SILENT_AFTER_S = 2.0


class Members:
    """Follows the beats of all members from a thread of its own."""

    def __init__(self, bootstrap: str, registries: List[str], topic: str = "klamm.members") -> None:
        self._registry = Registry(registries)
        #: Address of a member to its newest beat and when that was read.
        self._beats: Dict[str, Dict[str, Any]] = {}
        self._heard: Dict[str, float] = {}
        self._stopping = False
        self._consumer = Consumer({"bootstrap.servers": bootstrap, "group.id": "unused", "log_level": 0})
        self._consumer.assign([TopicPartition(topic, 0, OFFSET_END)])
        self._thread = threading.Thread(target=self._follow, daemon=True)
        self._thread.start()

    def _follow(self) -> None:
        while not self._stopping:
            try:
                message = self._consumer.poll(0.2)
            except KafkaException:
                continue
            if message is None or message.error() is not None or message.value() is None:
                continue
            beat = self._registry.decode(message.value())
            self._beats[beat["address"]] = beat
            self._heard[beat["address"]] = time.monotonic()

    def close(self) -> None:
        """End the thread."""
        self._stopping = True
        self._thread.join()
        self._consumer.close()

    def beating(self, address: str) -> bool:
        """Whether the member at this address is heard."""
        return time.monotonic() - self._heard.get(address, 0) < SILENT_AFTER_S

    def owner(self) -> Optional[str]:
        """The address of the member that owns every partition; None while no beating member says so."""
        newest: Dict[int, int] = {}
        owner: Dict[int, str] = {}
        for address, beat in list(self._beats.items()):
            for held in beat["partitions"]:
                offset = held["owned_by_take_over_offset"]
                if offset > newest.get(held["partition"], -1):
                    newest[held["partition"]] = offset
                    owner[held["partition"]] = address
        addresses = set(owner.values())
        address = addresses.pop() if len(addresses) == 1 else None
        return address if address and self.beating(address) else None
