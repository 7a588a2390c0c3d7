"""What the programs tell: one line of JSON per attempt of a call, and one per workflow. Standard library only."""

import json
from dataclasses import dataclass
from pathlib import Path
from typing import List, Optional


@dataclass(frozen=True)
class Call:
    """`op` is start, signal, query, result (each attempt), `workflow…` (start to result, all attempts), ready or end."""

    op: str
    id: str
    #: Seconds since 1970.
    at: float
    ms: float
    error: Optional[str] = None

    @property
    def until(self) -> float:
        """When it ended."""
        return self.at + self.ms / 1000

    @property
    def whole(self) -> bool:
        """Whether this is a workflow from its start to its result."""
        return self.op.startswith("workflow")


def read(file: Path) -> List[Call]:
    """The lines that a program has finished by now."""
    if not file.exists():
        return []
    lines = file.read_text(errors="replace").splitlines(keepends=True)
    return [Call(**json.loads(line)) for line in lines if line.startswith('{"op"') and line.endswith("\n")]
