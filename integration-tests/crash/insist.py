"""Calls that go on through the death of servers."""

import asyncio
import random
from datetime import timedelta
from typing import Awaitable, Callable, List, TypeVar

from temporalio.client import Client, RetryConfig
from temporalio.service import RPCError, RPCStatusCode

T = TypeVar("T")

#: What a client sees of a server that was killed. Any other status is an
#: answer, and a wrong one fails the test.
OF_A_DEAD_SERVER = frozenset({RPCStatusCode.UNAVAILABLE, RPCStatusCode.CANCELLED, RPCStatusCode.DEADLINE_EXCEEDED})

#: How long one call may take: a server may be frozen, which looks like a slow one.
CALL_TIMEOUT = timedelta(seconds=5)


def is_of_a_dead_server(error: RPCError) -> bool:
    """Whether this error says only that the server was gone.

    UNKNOWN and INTERNAL are what the HTTP/2 client makes of a connection that
    broke in the middle of an answer, so those count when they say so.
    """
    if error.status in OF_A_DEAD_SERVER:
        return True
    broken = any(words in error.message for words in ("transport error", "h2 protocol error", "connection", "stream"))
    return error.status in (RPCStatusCode.UNKNOWN, RPCStatusCode.INTERNAL) and broken


class Clients:
    """Clients of the servers that answer for one cluster; any of them may be dead, not all for ever."""

    def __init__(self, clients: List[Client]) -> None:
        self.all = clients

    @classmethod
    async def connect(cls, *addresses: str) -> "Clients":
        """Clients that give up soon: with several servers, another may answer."""
        patience = RetryConfig(initial_interval_millis=50, max_interval_millis=200, max_elapsed_time_millis=500)
        return cls([await Client.connect(address, retry_config=patience) for address in addresses])

    @property
    def any(self) -> Client:
        """One of them, for what is alike in all."""
        return self.all[0]

    async def insist(self, call: Callable[[Client], Awaitable[T]]) -> T:
        """Make a call until one of the servers answers it. The test's own deadline ends it otherwise."""
        turn = random.randrange(len(self.all))
        while True:
            try:
                return await call(self.all[turn % len(self.all)])
            except RPCError as error:
                if not is_of_a_dead_server(error):
                    raise
            turn += 1
            await asyncio.sleep(0.1)
