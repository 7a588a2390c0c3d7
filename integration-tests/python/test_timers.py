"""Timers fire after their time and never before."""

from programs.timers import FirstTimerWinsWorkflow, SleepWorkflow
from support.env import Env, event_names, events


async def test_a_timer_fires_not_earlier_than_its_duration(env: Env):
    async with env.worker([SleepWorkflow]):
        handle = await env.start(SleepWorkflow.run, 1.0)
        assert await handle.result() >= 1.0
    history = await handle.fetch_history()
    time_of = {event.WhichOneof("attributes"): event.event_time.ToNanoseconds() for event in history.events}
    waited = time_of["timer_fired_event_attributes"] - time_of["timer_started_event_attributes"]
    assert waited >= 1_000_000_000
    (fired,) = await events(handle, "timer_fired")
    assert fired.started_event_id == 5


async def test_timers_of_many_lengths_fire_in_order_of_their_due_times(env: Env):
    lengths = [0.9, 0.1, 0.5, 0.3, 0.7]
    async with env.worker([SleepWorkflow]):
        handles = [await env.start(SleepWorkflow.run, s, id=env.id(str(s))) for s in lengths]
        for handle, seconds in zip(handles, lengths):
            assert await handle.result() >= seconds


async def test_a_timer_that_lost_the_race_is_cancelled_in_the_history(env: Env):
    async with env.worker([FirstTimerWinsWorkflow]):
        handle = await env.start(FirstTimerWinsWorkflow.run)
        assert await handle.result() == "short"
    names = await event_names(handle)
    assert names.count("TimerStarted") == 2
    assert names.count("TimerFired") == 1
    assert names[-3:] == ["WorkflowTaskCompleted", "TimerCanceled", "WorkflowExecutionCompleted"]
