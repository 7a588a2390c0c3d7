"""Search attributes and the filters of List and Count. The index follows behind, so each answer is awaited."""

from typing import Dict, List, Set

import pytest
import pytest_asyncio
from temporalio.api.enums.v1 import IndexedValueType
from temporalio.api.operatorservice.v1 import AddSearchAttributesRequest, ListSearchAttributesRequest
from temporalio.client import Client
from temporalio.common import SearchAttributePair, TypedSearchAttributes
from temporalio.service import RPCError, RPCStatusCode

from programs.search_attributes import AMOUNT, CUSTOMER, URGENT, OrderWorkflow
from support.awaiting import await_until
from support.env import Env

TYPES = {
    CUSTOMER.name: IndexedValueType.INDEXED_VALUE_TYPE_KEYWORD,
    AMOUNT.name: IndexedValueType.INDEXED_VALUE_TYPE_INT,
    URGENT.name: IndexedValueType.INDEXED_VALUE_TYPE_BOOL,
}


@pytest_asyncio.fixture(scope="module", loop_scope="session", autouse=True)
async def registered_attributes(client: Client) -> None:
    """The custom attributes of this file, registered through the operator API."""
    operator = client.operator_service
    request = AddSearchAttributesRequest(namespace="default", search_attributes=TYPES)
    try:
        await operator.add_search_attributes(request)
    except RPCError as error:
        if error.status != RPCStatusCode.ALREADY_EXISTS:
            raise

    async def listed():
        answer = await operator.list_search_attributes(ListSearchAttributesRequest(namespace="default"))
        return all(answer.custom_attributes.get(name) == kind for name, kind in TYPES.items())

    await await_until(listed, "the custom search attributes are listed")


class Orders:
    """Seven orders of one customer: amounts 10 to 70, of which 10 completed and 20 failed."""

    def __init__(self, env: Env) -> None:
        self.env = env
        self.customer = env.task_queue
        self.by_id: Dict[str, int] = {}

    async def place(self) -> None:
        for amount in range(10, 80, 10):
            handle = await self.env.start(
                OrderWorkflow.run,
                amount == 20,
                id=self.env.id(str(amount)),
                search_attributes=TypedSearchAttributes(
                    [SearchAttributePair(CUSTOMER, self.customer), SearchAttributePair(AMOUNT, amount)]
                ),
            )
            self.by_id[handle.id] = amount
            if amount <= 20:
                await handle.signal(OrderWorkflow.close)

    def query(self, rest: str = "") -> str:
        return f"KlammItCustomer = '{self.customer}'" + (f" AND {rest}" if rest else "")

    async def amounts(self, rest: str = "") -> List[int]:
        """The amounts (as placed) of the orders that match, sorted."""
        found = [w.id async for w in self.env.client.list_workflows(self.query(rest))]
        return sorted(self.by_id[id] for id in found)

    async def expect(self, rest: str, expected: Set[int]) -> None:
        """List and Count come to agree on exactly these orders."""

        async def agrees():
            assert await self.amounts(rest) == sorted(expected), rest
            assert (await self.env.client.count_workflows(self.query(rest))).count == len(expected), rest
            return True

        await await_until(agrees, f"`{rest}` finds {sorted(expected)}")


async def test_filters_select_by_custom_and_system_attributes(env: Env):
    orders = Orders(env)
    async with env.worker([OrderWorkflow]):
        await orders.place()
        everything = set(orders.by_id.values())
        await orders.expect("KlammItUrgent = true", everything)
        # Each workflow has raised its amount by one.
        await orders.expect("KlammItAmount = 31", {30})
        await orders.expect("KlammItAmount > 31", {40, 50, 60, 70})
        await orders.expect("KlammItAmount BETWEEN 21 AND 41", {20, 30, 40})
        await orders.expect("KlammItAmount IN (11, 71, 72)", {10, 70})
        await orders.expect("NOT (KlammItAmount < 61)", {60, 70})
        await orders.expect("(KlammItAmount = 31 OR KlammItAmount = 41)", {30, 40})
        await orders.expect("KlammItAmount != 31", everything - {30})
        await orders.expect("ExecutionStatus = 'Running'", everything - {10, 20})
        await orders.expect("ExecutionStatus IN ('Completed', 'Failed')", {10, 20})
        await orders.expect("ExecutionStatus = 'Failed'", {20})
        await orders.expect("CloseTime IS NULL", everything - {10, 20})
        await orders.expect("CloseTime IS NOT NULL", {10, 20})
        await orders.expect("StartTime > '2020-01-01T00:00:00Z'", everything)
        await orders.expect("StartTime < '2020-01-01T00:00:00Z'", set())
        await orders.expect(f"WorkflowId = '{env.id('50')}'", {50})
        await orders.expect(f"WorkflowId STARTS_WITH '{env.id('')}'", everything)
        await orders.expect("WorkflowType = 'OrderWorkflow'", everything)
        await orders.expect("WorkflowType = 'AnotherWorkflow'", set())
        await orders.expect(f"TaskQueue = '{env.task_queue}'", everything)


async def test_count_groups_by_execution_status(env: Env):
    orders = Orders(env)
    async with env.worker([OrderWorkflow]):
        await orders.place()

        async def grouped():
            answer = await env.client.count_workflows(orders.query() + " GROUP BY ExecutionStatus")
            groups = {group.group_values[0]: group.count for group in answer.groups}
            assert groups == {"Running": 5, "Completed": 1, "Failed": 1}
            assert answer.count == 7
            return True

        await await_until(grouped, "the groups by status")


async def test_pages_together_hold_every_run_once(env: Env):
    orders = Orders(env)
    async with env.worker([OrderWorkflow]):
        await orders.place()
        await orders.expect("KlammItUrgent = true", set(orders.by_id.values()))
        paged = [w.id async for w in env.client.list_workflows(orders.query(), page_size=2)]
        assert sorted(paged) == sorted(orders.by_id)


async def test_a_run_describes_its_search_attributes_and_memo(env: Env):
    orders = Orders(env)
    async with env.worker([OrderWorkflow]):
        await orders.place()
        handle = env.client.get_workflow_handle(env.id("40"))

        async def upserted():
            description = await handle.describe()
            assert description.typed_search_attributes.get(AMOUNT) == 41
            assert description.typed_search_attributes.get(CUSTOMER) == orders.customer
            assert description.typed_search_attributes.get(URGENT) is True
            assert await description.memo() == {"state": "open"}
            return True

        await await_until(upserted, "describe shows what the workflow upserted")


async def test_a_query_that_does_not_parse_is_an_invalid_argument(env: Env):
    for query in ("no such thing", "KlammItNoSuch = 1", "ExecutionStatus = 'NoSuchStatus'"):
        with pytest.raises(RPCError) as caught:
            await env.client.count_workflows(query)
        assert caught.value.status == RPCStatusCode.INVALID_ARGUMENT, query


async def test_a_start_with_an_unregistered_attribute_is_refused(env: Env):
    unknown = type(CUSTOMER).for_keyword("KlammItNoSuch")
    with pytest.raises(RPCError, match="has no mapping defined for search attribute") as caught:
        await env.start(
            OrderWorkflow.run,
            False,
            search_attributes=TypedSearchAttributes([SearchAttributePair(unknown, "x")]),
        )
    assert caught.value.status == RPCStatusCode.INVALID_ARGUMENT
