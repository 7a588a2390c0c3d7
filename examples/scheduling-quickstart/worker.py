"""The worker: runs what the schedules start, until it is interrupted."""

import asyncio

from temporalio.worker import Worker

from health import HealthCheck, check_address
from reports import DailyReport, count_checks
from settings import TASK_QUEUE, connect


async def main() -> None:
    client = await connect()
    worker = Worker(
        client,
        task_queue=TASK_QUEUE,
        workflows=[HealthCheck, DailyReport],
        activities=[check_address, count_checks],
    )
    print(f"working on {TASK_QUEUE}; end with Ctrl-C", flush=True)
    await worker.run()


if __name__ == "__main__":
    try:
        asyncio.run(main())
    except KeyboardInterrupt:
        pass
