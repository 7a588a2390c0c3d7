"""`klamm schedule audit --json`, decoded."""

import json
from dataclasses import dataclass
from datetime import datetime
from typing import Dict, List, Optional, Tuple

from support.server import KlammServer


@dataclass(frozen=True)
class Audited:
    """What came of one time of a schedule."""

    nominal: datetime
    #: `fired`, `skipped_overlap`, …; or why nothing was decided: `missing`, `under_way`, `future`.
    decision: str
    started: Optional[datetime]
    workflow_id: str
    run_id: str


def audit(server: KlammServer, schedule: str, since: datetime, until: datetime) -> Tuple[List[Audited], Dict[str, int]]:
    """What came of the times from `since` to `until`, both included, and the summary."""
    times = [time.strftime("%Y-%m-%dT%H:%M:%SZ") for time in (since, until)]
    printed = server.command("schedule", "audit", schedule, "--from", times[0], "--to", times[1], "--json")
    assert printed.returncode == 0, f"klamm schedule audit {schedule}: {printed.stderr}{printed.stdout}"
    *entries, last = [json.loads(line) for line in printed.stdout.splitlines()]
    return [decoded(entry) for entry in entries], last["summary"]


def decoded(entry: dict) -> Audited:
    """One line."""
    assert entry["expected"] and not entry["manual"], entry
    return Audited(
        nominal=at(entry["nominal"]),
        decision=entry["decision"],
        started=at(entry["started"]) if entry["started"] else None,
        workflow_id=entry["workflow_id"],
        run_id=entry["run_id"],
    )


def at(text: str) -> datetime:
    """A time as JSON has it."""
    return datetime.fromisoformat(text.replace("Z", "+00:00"))
