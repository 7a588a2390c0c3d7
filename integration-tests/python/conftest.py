"""Fixtures of the Python SDK suite: a session-wide client, and an `Env` per test."""

import re
from typing import AsyncIterator

import pytest
import pytest_asyncio
from temporalio.client import Client

from support.env import Env, server_address
from support.outcome import pytest_runtest_makereport  # noqa: F401 (pytest finds hooks by their names)
from support.replays import replay
from support.schedules import Schedules


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def client() -> Client:
    """A client on the server under test, namespace `default`."""
    return await Client.connect(server_address())


@pytest_asyncio.fixture(loop_scope="session")
async def env(client: Client, request: pytest.FixtureRequest) -> AsyncIterator[Env]:
    """This test's own task queue and workflow ids. The SDK replays what the test has produced."""
    env = Env.new(client, re.sub(r"[^a-z0-9]+", "-", request.node.name.lower()).strip("-"))
    yield env
    if not getattr(request.node, "failed", True):
        await replay(client, env.ids, env.workflows.values())


@pytest_asyncio.fixture(loop_scope="session")
async def schedules(env: Env) -> AsyncIterator[Schedules]:
    """This test's own schedules, deleted at its end."""
    schedules = Schedules(env)
    yield schedules
    await schedules.close()
