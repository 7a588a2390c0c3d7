"""When servers are killed, and the windows around it in which calls may fail and be slow. Standard library only."""

import random
from dataclasses import dataclass
from typing import List, Sequence

from calls import Call

#: How long after the last server is up clients and workers may take to come back: their pauses between attempts have grown meanwhile.
SETTLE_S = 10.0
#: No kill comes so near to the end: what it does to clients must show.
TAIL_S = 15.0


@dataclass(frozen=True)
class Window:
    """From a kill until all is well again; seconds since 1970."""

    begin: float
    up: float

    @property
    def end(self) -> float:
        """When nothing more is excused."""
        return self.up + SETTLE_S

    def touches(self, call: Call) -> bool:
        """Whether any part of the call fell into it."""
        return call.at <= self.end and call.until >= self.begin


def inside(windows: Sequence[Window], call: Call) -> bool:
    """Whether a kill excuses the call."""
    return any(window.touches(call) for window in windows)


def moments(seconds: float, every: float, chance: random.Random) -> List[float]:
    """When to kill within so many seconds: one kill per period, a little off its middle."""
    found: List[float] = []
    begin = 0.0
    while begin + every / 2 < seconds - TAIL_S:
        found.append(min(begin + every * chance.uniform(0.4, 0.6), seconds - TAIL_S))
        begin += every
    return found
