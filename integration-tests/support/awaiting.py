"""Await a condition with a deadline, in place of sleeping for a guessed time."""

import asyncio
import inspect
import time
from typing import Any, Awaitable, Callable, Union


async def await_until(
    probe: Callable[[], Union[Any, Awaitable[Any]]],
    what: str,
    deadline_s: float = 15.0,
    interval_s: float = 0.05,
) -> Any:
    """Call `probe` until it returns something true, and return that.

    `probe` may be plain or async. An AssertionError inside it counts as "not
    yet", so that a probe can be written as the final assertion, and so does a
    LookupError: what it looks for is not there yet. The last one is shown when
    the deadline passes. Any other exception ends the wait.
    """
    end = time.monotonic() + deadline_s
    last: Any = None
    while True:
        try:
            value = probe()
            if inspect.isawaitable(value):
                value = await value
            if value:
                return value
            last = value
        except (AssertionError, LookupError) as error:
            last = error
        if time.monotonic() >= end:
            raise AssertionError(f"not within {deadline_s} s: {what}; last seen: {last!r}")
        await asyncio.sleep(interval_s)
