"""The workflow of an order: it waits for the order and its payment, in whichever order they come, has it shipped, and writes the invoice.

python workflow.py [localhost:7233]
"""

import asyncio
import sys
from datetime import timedelta
from typing import Any, Dict, Optional

from temporalio import workflow
from temporalio.client import Client
from temporalio.worker import Worker


@workflow.defn(name="Order")
class Order:
    def __init__(self) -> None:
        self.order: Optional[Dict[str, Any]] = None
        self.amount: Optional[float] = None

    @workflow.signal
    def placed(self, order: Dict[str, Any]) -> None:
        self.order = order

    @workflow.signal
    def paid(self, amount: float) -> None:
        self.amount = amount

    @workflow.run
    async def run(self) -> Dict[str, Any]:
        await workflow.wait_condition(lambda: self.order is not None and self.amount is not None, timeout=timedelta(days=7))
        # A stream task queue: any consumer of Kafka may do it.
        shipped = await workflow.execute_activity(
            "Ship", {"id": self.order["id"]}, task_queue="shipping", start_to_close_timeout=timedelta(minutes=5)
        )
        invoice = {"order": self.order["id"], "customer": self.order["customer"], "amount": self.amount, "parcel": shipped["parcel"]}
        # klamm writes this record itself, in the transaction in which the activity is completed.
        await workflow.execute_activity(
            "klamm.publish",
            {"destination": "invoices", "key": str(self.order["id"]), "value": invoice},
            task_queue="klamm",
            start_to_close_timeout=timedelta(seconds=10),
        )
        return invoice


async def main(address: str) -> None:
    client = await Client.connect(address)
    await Worker(client, task_queue="orders", workflows=[Order]).run()


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1] if len(sys.argv) > 1 else "localhost:7233"))
