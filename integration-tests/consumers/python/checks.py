"""What a reader of the history topic is promised, checked record by record.

Of each run every public event once, with ids 1, 2, 3… in order and nothing
after the closing one; of each partition the numbers of the `klamm-seq` header
0, 1, 2… without a gap; and `~partition` records that tell truly how far the
records before them come.
"""

import zlib
from collections import Counter
from dataclasses import dataclass, field
from typing import Any, Dict, List, Optional, Set, Tuple
from urllib.parse import unquote

#: The types of events that end a run.
CLOSING = frozenset(
    f"EVENT_TYPE_WORKFLOW_EXECUTION_{end}"
    for end in ("COMPLETED", "FAILED", "TIMED_OUT", "CANCELED", "TERMINATED", "CONTINUED_AS_NEW")
)
#: Violations told in full; of more than these only the number is.
TOLD = 50


@dataclass
class Partition:
    """Where one partition of the topic stands."""

    number: int = -1
    #: The highest command offset of a record since the start, and what the last `~partition` promised.
    cause: int = -1
    next_command: int = 0


@dataclass
class Checks:
    """Feed it every record of a partition in order; `violations` says what was wrong."""

    partitions: Dict[int, Partition] = field(default_factory=dict)
    #: (namespace, workflow id, run id), as in keys, to the id of its newest public event.
    runs: Dict[Tuple[str, str, str], int] = field(default_factory=dict)
    closed: Set[Tuple[str, str, str]] = field(default_factory=set)
    ended: Set[Tuple[str, str, str]] = field(default_factory=set)
    kinds: Counter = field(default_factory=Counter)
    #: Sum of checksums over all public events, for comparison with another reader.
    digest: int = 0
    violations: List[str] = field(default_factory=list)
    violation_count: int = 0

    def add(self, partition: int, offset: int, key: str, header: Optional[str], record: Optional[Dict[str, Any]]) -> None:
        """One record; `record` is None for a tombstone, `header` the text of `klamm-seq`."""
        where = f"{partition}@{offset} {key}"
        state = self.partitions.setdefault(partition, Partition())
        cause = self._sequence(state, partition, header, where)
        parts = key.split("/")
        if key == "~partition":
            self.kinds["~partition"] += 1
            self._resume_record(state, record, where)
            return
        if cause is not None:
            if cause < state.next_command:
                self._violation(f"{where}: caused by command {cause}, below {state.next_command} that was told as done")
            state.cause = max(state.cause, cause)
        if parts[0] == "~failed":
            self.kinds["~failed"] += 1
        elif len(parts) < 4:
            self._violation(f"{where}: a key of no known kind")
        elif record is None:
            self.kinds["tombstone"] += 1
            self.ended.add((parts[0], parts[1], parts[2]))
        elif len(parts) == 4 and parts[3].isdigit():
            self.kinds["event"] += 1
            self._event((parts[0], parts[1], parts[2]), int(parts[3]), key, record, where)
        else:
            self.kinds[parts[3]] += 1
            if record["event"] is not None:
                self._violation(f"{where}: an internal record with a public event")

    def _sequence(self, state: Partition, partition: int, header: Optional[str], where: str) -> Optional[int]:
        """Check the header; the offset of the causing command."""
        if header is None:
            self._violation(f"{where}: no klamm-seq header")
            return None
        of_partition, number, cause, _index = (int(part) for part in header.split("/"))
        if of_partition != partition:
            self._violation(f"{where}: klamm-seq is of partition {of_partition}")
        if number != state.number + 1:
            self._violation(f"{where}: number {number} follows {state.number}")
        state.number = number
        return cause

    def _resume_record(self, state: Partition, record: Optional[Dict[str, Any]], where: str) -> None:
        told = record and record["partition"]
        if not told:
            self._violation(f"{where}: it says nothing")
            return
        following = told["next_command_offset"]
        if following < state.next_command:
            self._violation(f"{where}: goes back from command {state.next_command} to {following}")
        if following <= state.cause:
            self._violation(f"{where}: says {following} comes next, after a record caused by {state.cause}")
        state.next_command = following

    def _event(self, run: Tuple[str, str, str], id: int, key: str, record: Dict[str, Any], where: str) -> None:
        event = record["event"]
        if event is None:
            self._violation(f"{where}: no event")
            return
        if event["event_id"] != id:
            self._violation(f"{where}: holds event {event['event_id']}")
        named = (record["namespace"], record["workflow_id"], record["run_id"])
        if named != tuple(unquote(part) for part in run):
            self._violation(f"{where}: the value is of {named}")
        last = self.runs.get(run, 0)
        if id <= last:
            self._violation(f"{where}: event {id} comes after {last}: twice, or out of order")
        elif id != last + 1:
            self._violation(f"{where}: event {id} follows {last}: a gap")
        if run in self.closed:
            self._violation(f"{where}: event {id} comes after the end of the run")
        if run in self.ended:
            self._violation(f"{where}: event {id} comes after a tombstone of the run")
        self.runs[run] = max(id, last)
        if event["event_type"] in CLOSING:
            self.closed.add(run)
        text = f"{key}|{id}|{event['event_type']}"
        self.digest = (self.digest + zlib.crc32(text.encode())) % (1 << 64)

    def _violation(self, text: str) -> None:
        self.violation_count += 1
        if len(self.violations) < TOLD:
            self.violations.append(text)

    def report(self) -> Dict[str, Any]:
        """Counts and violations, for people and for comparison with another reader."""
        return {
            "records": sum(state.number + 1 for state in self.partitions.values()),
            "public_events": self.kinds["event"],
            "runs": len(self.runs),
            "closed_runs": len(self.closed),
            "digest": f"{self.digest:016x}",
            "kinds": dict(sorted(self.kinds.items())),
            "violation_count": self.violation_count,
            "violations": self.violations,
        }
