"""Fixtures of the Python SDK suite: a session-wide client, and an `Env` per test."""

import re

import pytest
import pytest_asyncio
from temporalio.client import Client

from support.env import Env, server_address


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def client() -> Client:
    """A client on the server under test, namespace `default`."""
    return await Client.connect(server_address())


@pytest.fixture
def env(client: Client, request: pytest.FixtureRequest) -> Env:
    """This test's own task queue and workflow ids."""
    return Env.new(client, re.sub(r"[^a-z0-9]+", "-", request.node.name.lower()).strip("-"))
