"""Fixtures of the CLI suite: the `temporal` command, and an `Env` for workers and clients."""

import asyncio
import json
import os
import re
import shutil
from dataclasses import dataclass
from typing import Any, Optional

import pytest
import pytest_asyncio
from temporalio.client import Client

from support.env import Env, server_address


class CommandFailed(Exception):
    """The command ended with an exit code other than 0; the text is what it wrote to stderr."""


@dataclass
class Cli:
    """The `temporal` command against the server under test, told nothing by this machine's own settings."""

    binary: str
    home: str

    async def text(self, *arguments: str) -> str:
        """Run one command; its standard output."""
        environment = {k: v for k, v in os.environ.items() if not k.startswith("TEMPORAL_")}
        environment.update(HOME=self.home, XDG_CONFIG_HOME=self.home, TEMPORAL_ADDRESS=server_address())
        process = await asyncio.create_subprocess_exec(
            self.binary,
            *arguments,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.PIPE,
            env=environment,
        )
        out, err = await process.communicate()
        if process.returncode != 0:
            raise CommandFailed(f"`temporal {' '.join(arguments)}`: {err.decode()}{out.decode()}")
        return out.decode()

    async def __call__(self, *arguments: str) -> Any:
        """Run one command with `--output json`; the decoded answer, None when it prints nothing."""
        out = await self.text(*arguments, "--output", "json")
        return json.loads(out) if out.strip() else None


@pytest.fixture(scope="session")
def cli(tmp_path_factory: pytest.TempPathFactory) -> Cli:
    """The CLI named by TEMPORAL_CLI, else the one on the path."""
    binary: Optional[str] = os.environ.get("TEMPORAL_CLI") or shutil.which("temporal")
    assert binary, "no temporal CLI: set TEMPORAL_CLI"
    return Cli(binary, str(tmp_path_factory.mktemp("home")))


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def client() -> Client:
    """A client on the server under test, namespace `default`."""
    return await Client.connect(server_address())


@pytest.fixture
def env(client: Client, request: pytest.FixtureRequest) -> Env:
    """This test's own task queue and workflow ids."""
    return Env.new(client, "cli-" + re.sub(r"[^a-z0-9]+", "-", request.node.name.lower()).strip("-"))
