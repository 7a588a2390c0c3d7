"""Calls that go on through the death of the server."""

import asyncio
from typing import Awaitable, Callable, TypeVar

from temporalio.service import RPCError, RPCStatusCode

T = TypeVar("T")

#: What a client sees of a server that was killed. Any other status is an
#: answer, and a wrong one fails the test.
OF_A_DEAD_SERVER = frozenset({RPCStatusCode.UNAVAILABLE, RPCStatusCode.CANCELLED, RPCStatusCode.DEADLINE_EXCEEDED})


def is_of_a_dead_server(error: RPCError) -> bool:
    """Whether this error says only that the server was gone.

    UNKNOWN and INTERNAL are what the HTTP/2 client makes of a connection that
    broke in the middle of an answer, so those count when they say so.
    """
    if error.status in OF_A_DEAD_SERVER:
        return True
    broken = any(words in error.message for words in ("transport error", "h2 protocol error", "connection", "stream"))
    return error.status in (RPCStatusCode.UNKNOWN, RPCStatusCode.INTERNAL) and broken


async def insist(call: Callable[[], Awaitable[T]]) -> T:
    """Make a call until it is answered. The test's own deadline ends it otherwise."""
    while True:
        try:
            return await call()
        except RPCError as error:
            if not is_of_a_dead_server(error):
                raise
        await asyncio.sleep(0.1)
