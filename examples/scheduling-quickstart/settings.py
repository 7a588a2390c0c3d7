"""Where the server is, and what this example calls itself there; from the environment."""

import os

from temporalio.client import Client

ADDRESS = os.environ.get("TEMPORAL_ADDRESS", "127.0.0.1:7233")
NAMESPACE = os.environ.get("TEMPORAL_NAMESPACE", "default")
TASK_QUEUE = os.environ.get("TASK_QUEUE", "scheduling-quickstart")


async def connect() -> Client:
    """A client of the server."""
    return await Client.connect(ADDRESS, namespace=NAMESPACE)
