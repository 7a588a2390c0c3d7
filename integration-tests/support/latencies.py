"""Percentiles, and maxima that stand out. Standard library only."""

from typing import Sequence

#: A maximum that is more than so many times p50 is to be explained or mended: a p99 hides one call in a hundred.
OUTLIER_FACTOR = 20


def percentile(values: Sequence[float], percent: float) -> float:
    """The smallest of the sorted values that at least so many percent do not exceed."""
    rank = -(-len(values) * percent // 100)
    return values[max(int(rank), 1) - 1]


def mark(half: float, worst: float) -> str:
    """`!` behind a maximum that stands out from p50, else a blank."""
    return "!" if worst > OUTLIER_FACTOR * half else " "
