"""A workflow that changes its own search attributes and memo."""

from temporalio import workflow
from temporalio.common import SearchAttributeKey
from temporalio.exceptions import ApplicationError

CUSTOMER = SearchAttributeKey.for_keyword("KlammItCustomer")
AMOUNT = SearchAttributeKey.for_int("KlammItAmount")
URGENT = SearchAttributeKey.for_bool("KlammItUrgent")


@workflow.defn
class OrderWorkflow:
    """Raises its own amount by one, then waits for `close`."""

    def __init__(self) -> None:
        self.closed = False

    @workflow.signal
    def close(self) -> None:
        self.closed = True

    @workflow.run
    async def run(self, fail: bool) -> None:
        amount = workflow.info().typed_search_attributes.get(AMOUNT)
        workflow.upsert_search_attributes([AMOUNT.value_set((amount or 0) + 1), URGENT.value_set(True)])
        workflow.upsert_memo({"state": "open"})
        await workflow.wait_condition(lambda: self.closed)
        if fail:
            raise ApplicationError("failed on purpose")
