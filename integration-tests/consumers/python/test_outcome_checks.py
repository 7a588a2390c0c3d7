"""The checks of outcomes themselves: each violation is seen, and a topic as it should be is not blamed."""

from typing import Any, Dict, List, Optional

import pytest

from outcome_checks import OutcomeChecks, murmur2

#: Of three partitions, the one of key `w`.
PARTITION = murmur2(b"w") % 3


class Topic:
    """Builds records of one partition; by default everything is right."""

    def __init__(self) -> None:
        self.checks = OutcomeChecks(3)
        self.offset = 0
        self.number = 0

    def closed(self, run_id: str, partition: int = PARTITION, headers: Optional[Dict[str, str]] = None, **fields: Any) -> None:
        record = {
            "kind": "RUN_CLOSED",
            "namespace": "default",
            "workflow_id": "w",
            "run_id": run_id,
            "status": "TIMED_OUT",
            "close_time": self.offset,
            **fields,
        }
        right = {
            "klamm-seq": f"5/{self.number}/0/0",
            "ce_specversion": "1.0",
            "ce_id": run_id,
            "ce_type": "io.klamm.workflow.timed_out",
            "ce_source": "/klamm/namespaces/default",
            "ce_subject": "w",
        }
        self.checks.add(partition, self.offset, "w", {**right, **(headers or {})}, record)
        self.offset += 1
        self.number += 1

    def violations(self) -> List[str]:
        self.checks.finish()
        return self.checks.violations


@pytest.fixture
def topic() -> Topic:
    return Topic()


def one(topic: Topic, words: str) -> None:
    found = topic.violations()
    assert len(found) == 1 and words in found[0], found


def test_the_hash_is_kafkas():
    for key, expected in (("21", -973932308), ("foobar", -790332482), ("a-little-bit-long-string", -985981536), ("abc", 479470107)):
        assert murmur2(key.encode()) == expected & 0x7FFFFFFF, key


def test_outcomes_in_order_are_right(topic: Topic):
    topic.closed("a")
    topic.closed("b")
    assert topic.violations() == []
    report = topic.checks.report()
    assert (report["runs"], report["kinds"]) == ({"a": "TIMED_OUT", "b": "TIMED_OUT"}, {"RUN_CLOSED": 2})


def test_a_run_twice(topic: Topic):
    topic.closed("a")
    topic.closed("a")
    one(topic, "second record")


def test_a_run_before_an_earlier_one(topic: Topic):
    topic.closed("a")
    topic.closed("b", close_time=-1)
    one(topic, "closed before")


def test_another_partition(topic: Topic):
    topic.closed("a", partition=(PARTITION + 1) % 3)
    one(topic, f"belongs to partition {PARTITION}")


def test_a_number_missing(topic: Topic):
    topic.closed("a")
    topic.number += 1
    topic.closed("b")
    one(topic, "numbers [1] are missing")


def test_a_number_twice(topic: Topic):
    topic.closed("a")
    topic.number -= 1
    topic.closed("b")
    one(topic, "number 0 of klamm's partition 5 follows 0")


def test_a_header_that_is_wrong(topic: Topic):
    topic.closed("a", headers={"ce_id": "b"})
    one(topic, "headers")


def test_the_value_of_another_workflow(topic: Topic):
    topic.closed("a", workflow_id="v", headers={"ce_subject": "v"})
    one(topic, "the value is of v")
