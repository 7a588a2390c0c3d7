"""One test's own schedules: ids that no other test uses, and deleted when the test is over."""

from datetime import datetime, timedelta, timezone
from typing import Any, Callable, Dict, List, Optional

from temporalio.client import (
    Schedule,
    ScheduleActionResult,
    ScheduleActionStartWorkflow,
    ScheduleCalendarSpec,
    ScheduleDescription,
    ScheduleHandle,
    ScheduleIntervalSpec,
    SchedulePolicy,
    ScheduleRange,
    ScheduleSpec,
    ScheduleState,
)
from temporalio.service import RPCError, RPCStatusCode

from .awaiting import await_until
from .env import Env

#: How long a run of a schedule may take to come, on a slow machine with a scheduler that has just been made.
RUN_DEADLINE_S = 30.0


def every(seconds: float) -> ScheduleSpec:
    """An action each time so many seconds have passed since the epoch."""
    return ScheduleSpec(intervals=[ScheduleIntervalSpec(every=timedelta(seconds=seconds))])


def far_away() -> ScheduleSpec:
    """Next due in 2099: whatever runs, runs by a trigger or a backfill."""
    return ScheduleSpec(calendars=[ScheduleCalendarSpec(year=[ScheduleRange(2099)], comment="far away")])


class Schedules:
    """Makes the schedules of one test; `close` deletes them."""

    def __init__(self, env: Env) -> None:
        self.env = env
        self._made: Dict[str, ScheduleHandle] = {}

    def action(self, workflow: Any, *args: Any, **options: Any) -> ScheduleActionStartWorkflow:
        """Start `workflow` on this test's queue; ids begin with `…-run`."""
        options.setdefault("id", self.env.id("run"))
        options.setdefault("task_queue", self.env.task_queue)
        options.setdefault("execution_timeout", timedelta(minutes=3))
        return ScheduleActionStartWorkflow(workflow, args=list(args), **options)

    def id(self, suffix: str = "schedule") -> str:
        """A schedule id of this test."""
        return self.env.id(suffix)

    async def create(
        self,
        workflow: Any,
        *args: Any,
        spec: Optional[ScheduleSpec] = None,
        policy: Optional[SchedulePolicy] = None,
        state: Optional[ScheduleState] = None,
        action: Optional[Dict[str, Any]] = None,
        suffix: str = "schedule",
        **options: Any,
    ) -> ScheduleHandle:
        """A schedule, by default one that is due in 2099; `action` holds options of the runs, `options` those of the call."""
        schedule = Schedule(
            action=self.action(workflow, *args, **(action or {})),
            spec=spec or far_away(),
            policy=policy or SchedulePolicy(),
            state=state or ScheduleState(),
        )
        handle = await self.env.client.create_schedule(self.id(suffix), schedule, **options)
        self._made[handle.id] = handle
        return handle

    async def close(self) -> None:
        """Delete what is left, so that nothing fires on."""
        for handle in self._made.values():
            try:
                await handle.delete()
            except RPCError as error:
                if error.status != RPCStatusCode.NOT_FOUND:
                    raise


async def described(
    handle: ScheduleHandle, says: Callable[[ScheduleDescription], Any], what: str, deadline_s: float = RUN_DEADLINE_S
) -> ScheduleDescription:
    """The first description of which `says` is true."""

    async def probe() -> ScheduleDescription:
        description = await handle.describe()
        assert says(description), description.info
        return description

    return await await_until(probe, what, deadline_s, interval_s=0.1)


async def recent(handle: ScheduleHandle, count: int) -> List[ScheduleActionResult]:
    """The recent actions, once there are so many, oldest first."""
    description = await described(handle, lambda d: len(d.info.recent_actions) >= count, f"{count} actions are taken")
    return list(description.info.recent_actions)


def nominal_time(workflow_id: str, base: str) -> datetime:
    """The time that a scheduled run is for, as its id says: `<base>-2026-05-05T23:50:00Z`."""
    assert workflow_id.startswith(f"{base}-"), workflow_id
    return datetime.strptime(workflow_id[len(base) + 1 :], "%Y-%m-%dT%H:%M:%SZ").replace(tzinfo=timezone.utc)


async def second_after(time: datetime) -> None:
    """Wait until another whole second than that of `time` has begun: ids of runs hold whole seconds."""
    end = time.replace(microsecond=0) + timedelta(seconds=1)
    await await_until(lambda: datetime.now(timezone.utc) >= end, "the next second has begun")


def utc(*parts: int) -> datetime:
    """A time in UTC."""
    return datetime(*parts, tzinfo=timezone.utc)
