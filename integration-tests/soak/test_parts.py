"""The soak's own judgement: windows, failures, percentiles."""

import random

from calls import Call
from failures import counted, explained, normal, unexplained
from kills import SETTLE_S, TAIL_S, Window, inside, moments
from latencies import latency, slow, summary
from support.latencies import percentile

WINDOWS = [Window(begin=100.0, up=101.0)]


def call(at: float, ms: float = 10.0, error=None, op: str = "start") -> Call:
    return Call(op, "soak-go-1", at, ms, error)


def test_a_call_that_any_part_of_a_window_touches_is_inside():
    assert inside(WINDOWS, call(99.0, ms=1_001))
    assert inside(WINDOWS, call(101.0 + SETTLE_S))
    assert not inside(WINDOWS, call(99.0, ms=999))
    assert not inside(WINDOWS, call(101.1 + SETTLE_S))


def test_kills_come_once_per_period_and_not_at_the_end():
    for seed in range(20):
        found = moments(300, 45, random.Random(seed))
        assert len(found) == 6
        assert all(45 * number < moment < 45 * (number + 1) for number, moment in enumerate(found))
        assert found[-1] <= 300 - TAIL_S
    assert len(moments(75, 30, random.Random(0))) == 2


def test_a_dead_server_explains_failures_only_around_its_kill():
    gone = "RPCError: transport error"
    assert explained(call(100.5, error=gone), WINDOWS)
    assert not explained(call(200.0, error=gone), WINDOWS)
    assert not explained(call(100.5, error="wrong result: 5"), WINDOWS)
    calls = {"go": [call(100.5, error=gone), call(100.6, error=gone), call(300.0, error="stale answer")]}
    assert [line.split()[0] for line in counted(calls, WINDOWS)] == ["1", "2"]
    assert len(unexplained(calls, WINDOWS)) == 1


def test_messages_are_counted_without_what_varies():
    assert normal("run 7f4c8e51-0000-4000-8000-00000000beef at 127.0.0.1:20345 \n 17 ms") == "run UUID at ADDRESS N ms"


def test_percentiles_are_of_the_nearest_rank():
    values = [float(number) for number in range(1, 201)]
    assert [percentile(values, percent) for percent in (1, 50, 99, 100)] == [2, 100, 198, 200]
    assert summary([1.0] * 100 + [21.0]).endswith("21.0!")
    assert summary([1.0] * 100 + [20.0]).endswith("20.0 ")


def test_a_timer_is_no_latency_and_what_is_slow_is_named():
    assert latency(call(0, ms=300, op="workflow with a timer")) == 50
    calls = {"java": [call(50, ms=2_500), call(100, ms=9_000), call(200, ms=1_500)]}
    assert [text.split(" from")[0] for text in slow(calls, WINDOWS, 2_000)] == ["java, start of soak-go-1 took 2500 ms"]
