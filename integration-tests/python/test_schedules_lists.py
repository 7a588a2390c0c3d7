"""The list of schedules and its filters. The index follows behind, so each answer is awaited."""

from datetime import timedelta
from typing import Awaitable, Callable, Dict, List

import pytest
from temporalio.api.workflowservice.v1 import CountSchedulesRequest, ListSchedulesRequest
from temporalio.client import (
    ScheduleListActionStartWorkflow,
    ScheduleListDescription,
    ScheduleState,
    ScheduleUpdate,
)
from temporalio.common import SearchAttributePair, TypedSearchAttributes
from temporalio.service import RPCError, RPCStatusCode

from programs.scheduled import ReportWorkflow
from programs.search_attributes import AMOUNT, CUSTOMER
from support.awaiting import await_until
from support.env import Env
from support.schedules import Schedules, every
from test_search_attributes import registered_attributes  # noqa: F401  # a fixture for the whole file


class Three:
    """Three schedules of one customer, with amounts 1 to 3; the third is paused."""

    def __init__(self, schedules: Schedules) -> None:
        self.schedules = schedules
        self.mine = f"KlammItCustomer = '{schedules.env.task_queue}'"

    async def make(self) -> None:
        for number in (1, 2, 3):
            await self.schedules.create(
                ReportWorkflow.run,
                "x",
                spec=every(3600),
                state=ScheduleState(note=f"number {number}", paused=number == 3),
                suffix=str(number),
                action={"id": self.schedules.env.id(f"run-{number}")},
                memo={"number": number},
                search_attributes=TypedSearchAttributes(
                    [
                        SearchAttributePair(CUSTOMER, self.schedules.env.task_queue),
                        SearchAttributePair(AMOUNT, number),
                    ]
                ),
            )

    async def listed(self, rest: str = "") -> Dict[str, ScheduleListDescription]:
        """What the list holds, by id."""
        found = await self.schedules.env.client.list_schedules(self.mine + rest)
        return {entry.id: entry async for entry in found}

    async def expect(self, rest: str, *numbers: int) -> None:
        """List and Count come to agree on exactly these."""
        client = self.schedules.env.client
        request = CountSchedulesRequest(namespace="default", query=self.mine + rest)

        async def agree():
            assert set(await self.listed(rest)) == {self.schedules.id(str(number)) for number in numbers}, rest
            assert (await client.workflow_service.count_schedules(request)).count == len(numbers), rest
            return True

        await await_until(agree, f"`{rest}` finds {numbers}")


async def test_the_list_says_what_each_schedule_is(schedules: Schedules):
    three = Three(schedules)
    await three.make()
    await three.expect("", 1, 2, 3)
    listed = await three.listed()
    for number in (1, 2, 3):
        entry = listed[schedules.id(str(number))]
        assert await entry.memo() == {"number": number}
        assert entry.typed_search_attributes[CUSTOMER] == schedules.env.task_queue
        assert entry.typed_search_attributes[AMOUNT] == number
        assert len(entry.typed_search_attributes) == 2
        assert entry.schedule is not None and entry.info is not None
        assert entry.schedule.action == ScheduleListActionStartWorkflow("ReportWorkflow")
        assert (entry.schedule.state.note, entry.schedule.state.paused) == (f"number {number}", number == 3)
        assert [interval.every for interval in entry.schedule.spec.intervals] == [timedelta(hours=1)]
        assert len(entry.info.next_action_times) == 5
        assert list(entry.info.recent_actions) == []


async def test_filters_select_by_custom_attributes_by_id_and_by_pause(schedules: Schedules):
    three = Three(schedules)
    await three.make()
    await three.expect(" AND KlammItAmount > 1", 2, 3)
    await three.expect(" AND KlammItAmount IN (1, 3)", 1, 3)
    await three.expect(" AND TemporalSchedulePaused = true", 3)
    await three.expect(" AND TemporalSchedulePaused = false", 1, 2)
    await three.expect(f" AND ScheduleId = '{schedules.id('2')}'", 2)
    await three.expect(f" AND ScheduleId STARTS_WITH '{schedules.env.task_queue}'", 1, 2, 3)
    await three.expect(" AND (KlammItAmount = 1 OR KlammItAmount = 2) AND NOT KlammItAmount = 2", 1)
    await three.expect(" AND KlammItAmount = 4")


async def test_the_list_follows_pauses_actions_updates_and_deletion(schedules: Schedules):
    three = Three(schedules)
    await three.make()
    await three.expect("", 1, 2, 3)
    client = schedules.env.client
    await client.get_schedule_handle(schedules.id("1")).pause(note="not now")
    await client.get_schedule_handle(schedules.id("2")).trigger()

    async def change_amount() -> None:
        attributes = TypedSearchAttributes(
            [SearchAttributePair(CUSTOMER, schedules.env.task_queue), SearchAttributePair(AMOUNT, 30)]
        )
        await client.get_schedule_handle(schedules.id("3")).update(
            lambda given: ScheduleUpdate(given.description.schedule, search_attributes=attributes)
        )

    await change_amount()
    await three.expect(" AND TemporalSchedulePaused = true", 1, 3)
    await three.expect(" AND KlammItAmount = 30", 3)

    async def follows():
        listed = await three.listed()
        one, two = listed[schedules.id("1")], listed[schedules.id("2")]
        assert one.schedule and one.schedule.state.note == "not now"
        assert two.info and len(two.info.recent_actions) == 1
        assert two.info.recent_actions[0].action.workflow_id.startswith(schedules.env.id("run-2-"))  # type: ignore
        return True

    await await_until(follows, "the list shows the note and the action")
    await client.get_schedule_handle(schedules.id("2")).delete()
    await three.expect("", 1, 3)


async def test_a_list_comes_in_pages(schedules: Schedules):
    three = Three(schedules)
    await three.make()
    await three.expect("", 1, 2, 3)
    service = schedules.env.client.workflow_service
    ids: List[str] = []
    token = b""
    pages = 0
    while pages == 0 or token:
        page = await service.list_schedules(
            ListSchedulesRequest(namespace="default", maximum_page_size=2, next_page_token=token, query=three.mine)
        )
        assert len(page.schedules) <= 2
        ids += [entry.schedule_id for entry in page.schedules]
        token, pages = page.next_page_token, pages + 1
    assert sorted(ids) == [schedules.id(str(number)) for number in (1, 2, 3)]


async def test_schedules_are_no_workflows(env: Env, schedules: Schedules):
    three = Three(schedules)
    await three.make()
    await three.expect("", 1, 2, 3)
    assert [run.id async for run in env.client.list_workflows(three.mine)] == []


async def test_filters_that_mean_nothing_for_schedules_are_refused(env: Env):
    async def first_page(query: str) -> None:
        async for _ in await env.client.list_schedules(query):
            break

    async def counted(query: str) -> None:
        await env.client.workflow_service.count_schedules(CountSchedulesRequest(namespace="default", query=query))

    calls: List[Callable[[str], Awaitable[None]]] = [first_page, counted]
    for call in calls:
        for query, words in [
            ("WorkflowId = 'x'", 'invalid query filter for schedules: cannot filter on "WorkflowId"'),
            ("ExecutionStatus = 'Running'", 'cannot filter on "ExecutionStatus"'),
            ("NobodyKnowsThis = 1", "NobodyKnowsThis"),
            ("this is no query", "invalid"),
        ]:
            with pytest.raises(RPCError) as raised:
                await call(query)
            assert raised.value.status == RPCStatusCode.INVALID_ARGUMENT, query
            assert words in raised.value.message
