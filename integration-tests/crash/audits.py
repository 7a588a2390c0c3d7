"""`klamm schedule audit --json`, decoded."""

import json
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Iterator, List

from support.server import KlammServer


@dataclass(frozen=True)
class Decision:
    """What came of a time of a schedule, or of several in a row (one each second)."""

    kind: str
    nominal: datetime
    last_nominal: datetime
    workflow_id: str
    run_id: str

    def times(self) -> Iterator[datetime]:
        """Each time that this is about."""
        at = self.nominal
        while at <= self.last_nominal:
            yield at
            at += timedelta(seconds=1)


def audit(server: KlammServer, schedule: str, since: datetime, until: datetime) -> List[Decision]:
    """What the schedule has decided about the times from `since` to `until`, both inclusive."""
    printed = server.command(
        "schedule", "audit", schedule, "--from", rfc3339(since), "--to", rfc3339(until), "--json"
    )
    assert printed.returncode == 0, f"klamm schedule audit {schedule}: {printed.stderr}"
    return [decision(json.loads(line)) for line in printed.stdout.splitlines()]


def decision(line: dict) -> Decision:
    nominal = datetime.fromisoformat(line["nominal"].replace("Z", "+00:00"))
    last = line.get("last_nominal")
    return Decision(
        kind=line["kind"],
        nominal=nominal,
        last_nominal=datetime.fromisoformat(last.replace("Z", "+00:00")) if last else nominal,
        workflow_id=line.get("workflow_id", ""),
        run_id=line.get("run_id", ""),
    )


def rfc3339(time: datetime) -> str:
    return time.strftime("%Y-%m-%dT%H:%M:%SZ")
