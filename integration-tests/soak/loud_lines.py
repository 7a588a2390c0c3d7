"""What servers and workers said that a person should look at. Standard library only."""

import re
from collections import Counter
from pathlib import Path
from typing import List

from failures import normal

_COLOUR = re.compile(r"\x1b\[[0-9;]*m")
_TIME = re.compile(r"^\[?\S*\d{4}[-/]\d\d[-/]\d\d[T ]\d\d:\d\d:\d\d\S*\s*")
_LOUD = re.compile(r"\b(WARN|WARNING|ERROR|FATAL|panicked)\b")


def counted(*logs: Path) -> List[str]:
    """Lines at warn and error, counted without what varies in them; lines that tell of calls are none."""
    text = "\n".join(_COLOUR.sub("", log.read_text(errors="replace")) for log in logs if log.exists())
    lines = (line for line in text.splitlines() if not line.startswith('{"op"') and _LOUD.search(line))
    seen = Counter(normal(_TIME.sub("", line)) for line in lines)
    return [f"{count:5} × {line}" for line, count in seen.most_common(20)]


def panics(log: Path) -> List[str]:
    """Lines of panics: there must be none."""
    text = log.read_text(errors="replace") if log.exists() else ""
    return [line for line in text.splitlines() if "panicked at" in line]
