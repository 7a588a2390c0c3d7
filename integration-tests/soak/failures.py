"""Failed calls: which of them a killed server explains. Standard library only."""

import re
from collections import Counter
from typing import Dict, List, Sequence

from calls import Call
from kills import Window, inside

#: What a client of each SDK says of a server that was killed or is just starting. All else is an answer, and a wrong one.
OF_A_DEAD_SERVER = re.compile(
    "|".join(
        (
            r"\bunavailable\b",
            r"\bcancell?ed\b",
            r"deadline ?_?exceeded",
            r"timeout expired|timed out",
            r"connection (refused|reset|closed|error|dropped|lost)",
            r"transport (error|is closing)|tcp connect error|broken pipe",
            r"h2 protocol error|http2 error|stream (error|removed|was)|rst_stream|goaway",
            r"error reading from server: EOF|ECONNREFUSED|ECONNRESET|No connection established",
            r"Received unexpected EOS|io exception|Network closed",
        )
    ),
    re.IGNORECASE,
)

_VARIES = (
    (re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}"), "UUID"),
    (re.compile(r"(\d+\.\d+\.\d+\.\d+|localhost)[:/]\d+"), "ADDRESS"),
    (re.compile(r"\b(soak|loop)-[\w-]+"), "ID"),
    (re.compile(r"\d+(\.\d+)?"), "N"),
)


def normal(message: str) -> str:
    """The message without what varies from one call to another, on one line."""
    for pattern, name in _VARIES:
        message = pattern.sub(name, message)
    return " ".join(message.split())[:300]


def explained(call: Call, windows: Sequence[Window]) -> bool:
    """Whether the failure is that of a server that was just killed."""
    return inside(windows, call) and OF_A_DEAD_SERVER.search(call.error or "") is not None


def counted(calls: Dict[str, List[Call]], windows: Sequence[Window]) -> List[str]:
    """A line per SDK, call and message that was seen."""
    seen: Counter = Counter()
    for sdk, made in calls.items():
        for call in made:
            if call.error is not None:
                seen[(sdk, call.op, normal(call.error), explained(call, windows))] += 1
    return [
        f"{count:5} × {sdk}, {op}: {message}{'' if good else '  <- NOT EXPLAINED BY A KILL'}"
        for (sdk, op, message, good), count in sorted(seen.items(), key=lambda entry: (entry[0][3], -entry[1]))
    ]


def unexplained(calls: Dict[str, List[Call]], windows: Sequence[Window]) -> List[str]:
    """The failed calls that no kill explains."""
    return [
        f"{sdk}, {call.op} of {call.id} after {call.ms:.0f} ms: {call.error}"
        for sdk, made in calls.items()
        for call in made
        if call.error is not None and not explained(call, windows)
    ]
