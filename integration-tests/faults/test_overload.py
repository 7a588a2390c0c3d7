"""A machine with far too much to do: slow, and nothing fails."""

import asyncio
from collections import Counter
from datetime import timedelta
from typing import List

from temporalio.client import Client, RetryConfig
from temporalio.service import RPCError

from conftest import Klamm
from support.busy import busy_cores

#: Starts, and twice as many reads.
STARTS = 500
#: Calls under way at a time.
AT_ONCE = 32


async def test_overload_is_no_error(klamm: Klamm):
    server = klamm()
    server.start()
    # A call that fails fails: the SDK tries nothing again.
    client = await Client.connect(server.address, retry_config=RetryConfig(max_retries=1))
    with busy_cores():
        failed = await calls(client, STARTS)
    assert failed == [], Counter(failed)
    assert server.stop() == 0


async def calls(client: Client, starts: int) -> List[str]:
    """Starts so many workflows and reads each twice; what the calls that failed say."""
    failed: List[str] = []
    room = asyncio.Semaphore(AT_ONCE)
    patience = timedelta(seconds=30)

    async def one(number: int) -> None:
        async with room:
            try:
                handle = await client.start_workflow("Idle", id=f"busy-{number}", task_queue="nobody", rpc_timeout=patience)
                for _ in range(2):
                    await handle.describe(rpc_timeout=patience)
            except RPCError as error:
                failed.append(f"{error.status.name}: {error.message}")

    await asyncio.gather(*(one(number) for number in range(starts)))
    return failed
