"""What the scripts share: arguments, the client, and errors that are said in one line."""

import argparse
import asyncio
import sys
from typing import Any, Awaitable, Callable

from temporalio.client import Client, ScheduleAlreadyRunningError
from temporalio.service import RPCError

from schedules import SCHEDULES
from settings import connect


def parser(script: Any) -> argparse.ArgumentParser:
    """A parser that explains itself by the script's own text."""
    return argparse.ArgumentParser(description=script)


def of_one_schedule(script: Any) -> argparse.ArgumentParser:
    """The same, with a schedule to be named first."""
    arguments = parser(script)
    arguments.add_argument("schedule", help=f"{', '.join(SCHEDULES)}, or another id")
    return arguments


def run(main: Callable[[Client], Awaitable[None]]) -> None:
    """Connect and run; what goes wrong is said, and the exit code is 1."""

    async def connected() -> None:
        await main(await connect())

    try:
        asyncio.run(connected())
    except ScheduleAlreadyRunningError:
        sys.exit("there is such a schedule already")
    except (RPCError, RuntimeError) as error:
        sys.exit(str(error))
