"""The checks themselves: each violation is seen, and a topic as it should be is not blamed."""

from typing import Any, Dict, List, Optional

import pytest

from checks import Checks

RUN = ("default", "order%2F1", "run")


class Topic:
    """Builds the records of one partition; by default everything is right."""

    def __init__(self) -> None:
        self.checks = Checks()
        self.number = 0

    def add(self, key: str, record: Optional[Dict[str, Any]], cause: int = 0) -> None:
        self.checks.add(3, self.number, key, f"3/{self.number}/{cause}/0", record)
        self.number += 1

    def event(self, id: int, kind: str = "EVENT_TYPE_TIMER_FIRED", cause: int = 0, **differing: Any) -> None:
        event = {"event_id": id, "event_type": kind}
        value = {"namespace": "default", "workflow_id": "order/1", "run_id": "run", "event": event, **differing}
        self.add(f"{'/'.join(RUN)}/{id}", value, cause)

    def resume(self, next_command: int) -> None:
        self.add("~partition", {"partition": {"next_command_offset": next_command}, "event": None})

    def violations(self) -> List[str]:
        return self.checks.violations


@pytest.fixture
def topic() -> Topic:
    return Topic()


def test_a_history_in_order_is_right(topic: Topic):
    topic.event(1)
    topic.add("default/order%2F1/run/~activity/5", {"event": None, "activity": {}})
    topic.resume(1)
    topic.event(2, "EVENT_TYPE_WORKFLOW_EXECUTION_COMPLETED", cause=1)
    topic.resume(2)
    topic.add("default/order%2F1/run/1", None, cause=2)
    assert topic.violations() == []
    report = topic.checks.report()
    assert (report["records"], report["public_events"], report["runs"], report["closed_runs"]) == (6, 2, 1, 1)


def one(topic: Topic, words: str) -> None:
    assert len(topic.violations()) == 1 and words in topic.violations()[0], topic.violations()


def test_an_event_twice(topic: Topic):
    topic.event(1)
    topic.event(1)
    one(topic, "twice")


def test_an_event_missing(topic: Topic):
    topic.event(1)
    topic.event(3)
    one(topic, "a gap")


def test_an_event_after_the_end(topic: Topic):
    topic.event(1, "EVENT_TYPE_WORKFLOW_EXECUTION_TERMINATED")
    topic.event(2)
    one(topic, "after the end")


def test_an_event_after_a_tombstone(topic: Topic):
    topic.event(1)
    topic.add("/".join(RUN) + "/1", None)
    topic.event(2)
    one(topic, "after a tombstone")


def test_a_number_left_out(topic: Topic):
    topic.event(1)
    topic.number += 1
    topic.event(2)
    one(topic, "number 2 follows 0")


def test_a_number_twice(topic: Topic):
    topic.event(1)
    topic.number -= 1
    topic.event(2)
    one(topic, "number 0 follows 0")


def test_a_record_without_the_header(topic: Topic):
    topic.checks.add(3, 0, "~failed/7", None, {"event": None})
    one(topic, "no klamm-seq")


def test_a_value_that_is_not_its_keys(topic: Topic):
    topic.event(1, run_id="another")
    one(topic, "the value is of")


def test_a_resume_record_that_goes_back(topic: Topic):
    topic.resume(5)
    topic.resume(4)
    one(topic, "goes back")


def test_a_resume_record_that_says_less_than_was_done(topic: Topic):
    topic.event(1, cause=7)
    topic.resume(7)
    one(topic, "after a record caused by 7")


def test_a_record_of_a_command_that_was_told_as_done(topic: Topic):
    topic.resume(5)
    topic.event(1, cause=4)
    one(topic, "told as done")
