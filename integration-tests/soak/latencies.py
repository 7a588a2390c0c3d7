"""Latencies of calls and workflows: p50, p99 and the maximum. Standard library only."""

from collections import defaultdict
from typing import Dict, List, Sequence, Tuple

from calls import Call
from kills import Window, inside
from support.latencies import mark, percentile

#: The timer that `workflow with a timer` has is no latency.
PAUSE_MS = {"workflow with a timer": 250.0}
#: How many of the slowest are named.
NAMED = 10


def latency(call: Call) -> float:
    """What the call took, in ms, without what it was told to wait."""
    return max(0.0, call.ms - PAUSE_MS.get(call.op, 0.0))


def is_measured(call: Call) -> bool:
    """Attempts that succeeded, and whole workflows."""
    return call.error is None and call.op not in ("ready", "end")


def summary(values: Sequence[float]) -> str:
    """p50, p99 and the maximum of the values, marked when the maximum stands out."""
    if not values:
        return f"{'-':>9}{'-':>9}{'-':>10} "
    ordered = sorted(values)
    half, most, worst = percentile(ordered, 50), percentile(ordered, 99), ordered[-1]
    return f"{half:9.1f}{most:9.1f}{worst:10.1f}{mark(half, worst)}"


def table(calls: Dict[str, List[Call]], windows: Sequence[Window]) -> str:
    """A row per SDK and call: outside of kills, and around them."""
    values: Dict[Tuple[str, str], Tuple[List[float], List[float]]] = defaultdict(lambda: ([], []))
    for sdk, made in calls.items():
        for call in filter(is_measured, made):
            values[(sdk, call.op)][inside(windows, call)].append(latency(call))
    head = f"{'':36}{'away from kills':>38}{'around kills':>38}"
    columns = f"{'n':>8}{'p50 ms':>10}{'p99':>9}{'max':>9}  "
    lines = [head, f"{'':36}{columns}{columns}"]
    for (sdk, op), (outside, around) in sorted(values.items()):
        lines.append(f"{sdk + ', ' + op:36}{len(outside):8} {summary(outside)}{len(around):8} {summary(around)}")
    return "\n".join(lines)


def slow(calls: Dict[str, List[Call]], windows: Sequence[Window], bound_ms: float) -> List[str]:
    """What took longer than the bound though no server was killed, the slowest first."""
    found = [
        (latency(call), f"{sdk}, {call.op} of {call.id} took {latency(call):.0f} ms from {call.at:.3f}")
        for sdk, made in calls.items()
        for call in filter(is_measured, made)
        if latency(call) > bound_ms and not inside(windows, call)
    ]
    return [text for _, text in sorted(found, reverse=True)[:NAMED]]
