"""Many schedules of one second that fire for a while, and what must hold of them afterwards."""

import asyncio
import random
import time
from collections import Counter, defaultdict
from datetime import datetime, timedelta, timezone
from typing import Awaitable, Callable, Dict, List, Set

from temporalio.client import (
    Schedule,
    ScheduleActionStartWorkflow,
    ScheduleAlreadyRunningError,
    ScheduleDescription,
    ScheduleIntervalSpec,
    ScheduleOverlapPolicy,
    SchedulePolicy,
    ScheduleSpec,
    WorkflowExecution,
)
from temporalio.common import SearchAttributeKey

from audits import audit
from insist import CALL_TIMEOUT, Clients
from support.awaiting import await_until
from support.latencies import mark
from support.server import KlammServer

QUEUE = "firing"
SCHEDULED_START = SearchAttributeKey.for_datetime("TemporalScheduledStartTime")
SCHEDULED_BY = SearchAttributeKey.for_keyword("TemporalScheduledById")

#: The share of schedules whose runs leave out what comes while one runs: nobody ends the first.
SKIPPING = 0.05
#: Schedules made per second at the least; their first time is after the last is made.
CREATED_PER_S = 100
#: How many schedules are audited, and of how many runs the history is read.
AUDITED = 40
READ = 200


class Firing:
    """Schedules that are due in each of the seconds from `first` to `last`; all runs stay open, for there is no worker."""

    def __init__(self, clients: Clients, count: int, seconds: int) -> None:
        self.clients = clients
        self.seconds = seconds
        skipping = max(1, round(count * SKIPPING))
        self.all_at_once = [f"all-{number}" for number in range(count - skipping)]
        self.skipping = [f"skip-{number}" for number in range(skipping)]
        self.first = datetime.fromtimestamp(int(time.time()) + 3 + count // CREATED_PER_S, timezone.utc)
        self.last = self.first + timedelta(seconds=seconds - 1)
        #: Schedule to its runs.
        self.runs: Dict[str, List[WorkflowExecution]] = defaultdict(list)

    @property
    def ids(self) -> List[str]:
        return [*self.all_at_once, *self.skipping]

    @property
    def nominal_times(self) -> List[datetime]:
        return [self.first + timedelta(seconds=second) for second in range(self.seconds)]

    async def create(self) -> None:
        """Make all schedules, many at a time."""

        async def one(id: str) -> None:
            overlap = ScheduleOverlapPolicy.SKIP if id in self.skipping else ScheduleOverlapPolicy.ALLOW_ALL
            schedule = Schedule(
                action=ScheduleActionStartWorkflow("NobodyRunsThis", id=f"run-{id}", task_queue=QUEUE),
                spec=ScheduleSpec(
                    intervals=[ScheduleIntervalSpec(timedelta(seconds=1))], start_at=self.first, end_at=self.last
                ),
                policy=SchedulePolicy(overlap=overlap),
            )
            try:
                await self.clients.insist(lambda client: client.create_schedule(id, schedule, rpc_timeout=CALL_TIMEOUT))
            except ScheduleAlreadyRunningError:
                pass  # The answer to an earlier try was lost.

        await self._each(self.ids, one)
        assert time.time() < self.first.timestamp(), "making the schedules took longer than was left"

    async def begun(self) -> None:
        """Wait for the first second."""
        await asyncio.sleep(max(0.0, self.first.timestamp() - time.time()))

    async def all_taken(self, deadline_s: float) -> None:
        """Wait until nothing is to come any more and the index knows all runs."""
        await asyncio.sleep(max(0.0, self.last.timestamp() - time.time()))
        expected = len(self.all_at_once) * self.seconds + len(self.skipping)

        async def known() -> bool:
            counted = await self.clients.insist(
                lambda client: client.count_workflows(f"TaskQueue = '{QUEUE}'", rpc_timeout=CALL_TIMEOUT)
            )
            assert counted.count >= expected, f"{counted.count} of {expected} runs"
            return True

        await await_until(known, f"{expected} runs are listed", deadline_s, interval_s=0.5)

    async def check_runs(self) -> None:
        """Each second of each schedule has its one run, of the right name and attributes."""
        found = self.clients.any.list_workflows(f"TaskQueue = '{QUEUE}'", page_size=1000)
        names: Counter = Counter()
        lateness: List[float] = []
        async for run in found:
            at = run.typed_search_attributes[SCHEDULED_START]
            by = run.typed_search_attributes[SCHEDULED_BY]
            assert run.id == f"run-{by}-{at:%Y-%m-%dT%H:%M:%SZ}"
            names[run.id] += 1
            self.runs[by].append(run)
            lateness.append((run.start_time - at).total_seconds())
        doubled = {name: count for name, count in names.items() if count > 1}
        assert not doubled, f"{len(doubled)} actions were taken more than once: {list(doubled.items())[:5]}"
        for id in self.all_at_once:
            self._check_times(id, set(self.nominal_times))
        for id in self.skipping:
            self._check_times(id, {self.first})
        assert min(lateness) >= 0, f"a run started {-min(lateness):.3f} s before it was due"
        lateness.sort()
        half, most = lateness[len(lateness) // 2], lateness[len(lateness) * 99 // 100]
        print(f"{len(lateness)} runs, late by {half:.3f} s p50, {most:.3f} s p99, {lateness[-1]:.3f} s at worst{mark(half, lateness[-1])}", flush=True)

    def _check_times(self, id: str, expected: Set[datetime]) -> None:
        times = {run.typed_search_attributes[SCHEDULED_START] for run in self.runs[id]}
        assert times == expected, f"{id}: lost {sorted(expected - times)[:5]}, too many {sorted(times - expected)[:5]}"

    async def check_descriptions(self) -> None:
        """The counters of each schedule say the same."""

        async def one(id: str) -> None:
            async def settled() -> ScheduleDescription:
                description = await self._describe(id)
                info = description.info
                skipped = 0 if id in self.all_at_once else self.seconds - 1
                taken = self.seconds - skipped
                assert (info.num_actions, info.num_actions_skipped_overlap) == (taken, skipped), id
                assert (info.num_actions_missed_catchup_window, list(info.next_action_times)) == (0, []), id
                assert len(info.running_actions) == (0 if id in self.all_at_once else 1), id
                return description

            description = await await_until(settled, f"{id} counts all its actions", 30)
            newest = sorted(self.runs[id], key=lambda run: run.typed_search_attributes[SCHEDULED_START])[-10:]
            recent = [action.action.first_execution_run_id for action in description.info.recent_actions]
            assert sorted(recent) == sorted(run.run_id for run in newest), id

        await self._each(self.ids, one)

    async def check_audits(self, server: KlammServer, chance: random.Random) -> None:
        """The audit has a decision for each second, and those that fired name runs whose history says the same."""
        chosen = chance.sample(self.all_at_once, min(AUDITED, len(self.all_at_once))) + self.skipping[:AUDITED]

        async def one(id: str) -> None:
            audited, summary = await asyncio.to_thread(audit, server, id, self.first, self.last)
            assert [entry.nominal for entry in audited] == self.nominal_times, f"{id}: the audit knows of other times"
            fired = {(entry.workflow_id, entry.run_id): entry for entry in audited if entry.decision == "fired"}
            runs = {(run.id, run.run_id): run for run in self.runs[id]}
            assert fired.keys() == runs.keys(), id
            for key, run in runs.items():
                # The schedule's time is when it heard of the start.
                assert fired[key].started >= to_the_millisecond(run.start_time), run.id
            others = Counter(entry.decision for entry in audited if entry.decision != "fired")
            assert others == ({} if id in self.all_at_once else {"skipped_overlap": self.seconds - 1}), id
            assert (summary["fired"], summary["not_fired"]) == (len(fired), sum(others.values())), id
            assert (summary["missing"], summary["under_way"], summary["future"]) == (0, 0, 0), id

        await self._each(chosen, one, at_once=4)
        runs = [run for id in chosen for run in self.runs[id]]
        await self._each(chance.sample(runs, min(READ, len(runs))), self._check_history)
        print(f"{len(chosen)} schedules audited", flush=True)

    async def _check_history(self, run: WorkflowExecution) -> None:
        handle = self.clients.any.get_workflow_handle(run.id, run_id=run.run_id)
        first, *rest = (await handle.fetch_history()).events
        started = first.workflow_execution_started_event_attributes
        assert started.workflow_id == run.id
        assert started.identity == f"temporal-scheduler-default-{run.typed_search_attributes[SCHEDULED_BY]}"
        assert len(rest) == 1, "nobody works on it: there is one workflow task, scheduled"

    async def _describe(self, id: str) -> ScheduleDescription:
        return await self.clients.insist(
            lambda client: client.get_schedule_handle(id).describe(rpc_timeout=CALL_TIMEOUT)
        )

    @staticmethod
    async def _each(things: List, what: Callable[..., Awaitable[None]], at_once: int = 20) -> None:
        gate = asyncio.Semaphore(at_once)

        async def one(thing) -> None:
            async with gate:
                await what(thing)

        await asyncio.gather(*(one(thing) for thing in things))


def to_the_millisecond(time: datetime) -> datetime:
    """Without what is finer."""
    return time.replace(microsecond=time.microsecond // 1000 * 1000)
