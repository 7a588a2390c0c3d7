"""What a server says of what is wrong: awaited, and not said without end. Standard library only."""

import re
import time
from typing import List

from .server import KlammServer

#: How long a message may take: several attempts with pauses between them, on a busy machine.
MESSAGE_DEADLINE_S = 45.0
#: More lines than this within one second, on and on, are a loop.
LINES_PER_SECOND_MAX = 20

_COLOUR = re.compile(r"\x1b\[[0-9;]*m")


def lines(server: KlammServer) -> List[str]:
    """What the server has written since its last start, without colours."""
    text = server.log.read_text(errors="replace") if server.log.exists() else ""
    return _COLOUR.sub("", text.rpartition("\n--- ")[2]).splitlines()


def await_message(server: KlammServer, *words: str) -> str:
    """The text from the first line that holds all the words (in any case), or that an error and its hint hold together."""
    end = time.monotonic() + MESSAGE_DEADLINE_S
    while True:
        said = lines(server)
        # An error at the start is two lines: what is wrong, and the hint.
        pairs = [f"{line}\n{following}" for line, following in zip(said, [*said[1:], ""])]
        for text in [*said, *pairs]:
            if all(word.lower() in text.lower() for word in words):
                return text
        if time.monotonic() > end:
            tail = "\n".join(said[-40:])
            raise AssertionError(f"no message with {words} within {MESSAGE_DEADLINE_S} s; the server said:\n{tail}")
        time.sleep(0.1)


def assert_does_not_loop(server: KlammServer, seconds: float = 3.0) -> None:
    """The server has ended with an error, or waits with few words and little CPU."""
    if server.process.poll() is not None:
        assert server.process.returncode != 0, "it ended as if nothing were wrong"
        return
    before, cpu = len(lines(server)), server.cpu_seconds()
    time.sleep(seconds)
    if server.process.poll() is not None:
        assert server.process.returncode != 0, "it ended as if nothing were wrong"
        return
    written, used = len(lines(server)) - before, server.cpu_seconds() - cpu
    assert written <= LINES_PER_SECOND_MAX * seconds, f"{written} lines in {seconds} s"
    assert used <= seconds / 2, f"{used:.1f} s of CPU in {seconds} s of waiting"
