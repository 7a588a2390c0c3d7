"""What a reader of a topic of outcomes is promised, checked record by record.

One record of each closed run, keyed by its workflow id, on the partition that
Java's default partitioner gives the key. Of each partition of klamm the numbers
of the `klamm-seq` header go up along each partition of the topic, and are
without gap over all of them.
"""

from collections import Counter
from dataclasses import dataclass, field
from typing import Any, Dict, List, Optional, Set, Tuple

#: Violations told in full; of more than these only the number is.
TOLD = 50
#: Statuses, and the type of CloudEvent that each has.
TYPES = {
    status: f"io.klamm.workflow.{status.lower()}"
    for status in ("COMPLETED", "FAILED", "CANCELED", "TERMINATED", "TIMED_OUT", "CONTINUED_AS_NEW")
}


def murmur2(data: bytes) -> int:
    """Kafka's hash of keys, as Utils.murmur2 has it, made non-negative."""
    magic, mask = 0x5BD1E995, 0xFFFFFFFF
    hashed = 0x9747B28C ^ len(data)
    whole = len(data) & ~3
    for start in range(0, whole, 4):
        part = int.from_bytes(data[start : start + 4], "little") * magic & mask
        part ^= part >> 24
        hashed = (hashed * magic & mask) ^ (part * magic & mask)
    rest = data[whole:]
    if rest:
        hashed = (hashed ^ int.from_bytes(rest, "little")) * magic & mask
    hashed ^= hashed >> 13
    hashed = hashed * magic & mask
    return (hashed ^ hashed >> 15) & 0x7FFFFFFF


@dataclass
class OutcomeChecks:
    """Feed it every record of each partition in order, then call `finish`; `violations` says what was wrong."""

    partitions: int
    #: Run id to the status of its one record, and to the record's value.
    runs: Dict[str, str] = field(default_factory=dict)
    #: Newest close time of each key.
    newest: Dict[str, Any] = field(default_factory=dict)
    #: Partition of the topic and of klamm, to the newest number.
    numbers: Dict[Tuple[int, int], int] = field(default_factory=dict)
    #: Partition of klamm to all its numbers.
    seen: Dict[int, Set[int]] = field(default_factory=dict)
    kinds: Counter = field(default_factory=Counter)
    violations: List[str] = field(default_factory=list)
    violation_count: int = 0

    def add(self, partition: int, offset: int, key: str, headers: Dict[str, str], record: Optional[Dict[str, Any]]) -> None:
        """One record; `record` is None for a tombstone."""
        where = f"{partition}@{offset} {key}"
        self._sequence(partition, headers.get("klamm-seq"), where)
        if murmur2(key.encode()) % self.partitions != partition:
            self._violation(f"{where}: the key belongs to partition {murmur2(key.encode()) % self.partitions}")
        if record is None:
            self._violation(f"{where}: a tombstone")
            return
        self.kinds[record["kind"]] += 1
        if record["workflow_id"] != key:
            self._violation(f"{where}: the value is of {record['workflow_id']}")
        if record["kind"] == "RUN_CLOSED":
            self._run(record, headers, where)

    def _run(self, record: Dict[str, Any], headers: Dict[str, str], where: str) -> None:
        run_id, status = record["run_id"], record["status"]
        if run_id in self.runs:
            self._violation(f"{where}: run {run_id} has a second record")
        self.runs[run_id] = status
        if record["close_time"] < self.newest.get(record["workflow_id"], record["close_time"]):
            self._violation(f"{where}: run {run_id} closed before the one whose record comes before")
        self.newest[record["workflow_id"]] = record["close_time"]
        expected = {
            "ce_specversion": "1.0",
            "ce_id": run_id,
            "ce_type": TYPES.get(status),
            "ce_source": f"/klamm/namespaces/{record['namespace']}",
            "ce_subject": record["workflow_id"],
        }
        found = {name: headers.get(name) for name in expected}
        if found != expected:
            self._violation(f"{where}: headers {found}, not {expected}")

    def _sequence(self, partition: int, header: Optional[str], where: str) -> None:
        if header is None:
            self._violation(f"{where}: no klamm-seq header")
            return
        source, number, _cause, _index = (int(part) for part in header.split("/"))
        before = self.numbers.get((partition, source), -1)
        if number <= before:
            self._violation(f"{where}: number {number} of klamm's partition {source} follows {before}")
        self.numbers[(partition, source)] = number
        self.seen.setdefault(source, set()).add(number)

    def finish(self) -> None:
        """All partitions have been read to their ends."""
        for source, numbers in sorted(self.seen.items()):
            missing = set(range(max(numbers) + 1)) - numbers
            if missing:
                self._violation(f"klamm's partition {source}: numbers {sorted(missing)[:10]} are missing")

    def _violation(self, text: str) -> None:
        self.violation_count += 1
        if len(self.violations) < TOLD:
            self.violations.append(text)

    def report(self) -> Dict[str, Any]:
        """Counts and violations, for people."""
        return {
            "kinds": dict(sorted(self.kinds.items())),
            "statuses": dict(sorted(Counter(self.runs.values()).items())),
            "runs": self.runs,
            "violation_count": self.violation_count,
            "violations": self.violations,
        }
