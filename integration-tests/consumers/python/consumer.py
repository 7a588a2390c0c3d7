"""Reads the history topic read_committed from its beginning and checks what checks.py says.

    consumer.py --bootstrap HOST:PORT --registry URL [--registry URL]... [--topic NAME] [--outcomes] [--follow] [--runs]

Without --follow it ends at the end of the topic; with it, at SIGTERM and when
all that was committed by then is read. Prints a report as one line of JSON;
exit code 1 when something was wrong. --runs adds the newest event id of every
run. With --outcomes the topic is one of outcomes, and outcome_checks.py says what
is checked. Brokers and registry may come and go meanwhile.
"""

import argparse
import json
import signal
import sys
import time
from typing import Any, Dict, List

from confluent_kafka import Consumer, IsolationLevel, KafkaError, KafkaException, TopicPartition
from confluent_kafka.admin import AdminClient, OffsetSpec

from checks import Checks
from outcome_checks import OutcomeChecks
from registry import Registry

#: Errors of a broker that is away for a while: the client goes on by itself.
PASSING = frozenset({KafkaError._TRANSPORT, KafkaError._ALL_BROKERS_DOWN, KafkaError._RESOLVE, KafkaError._TIMED_OUT})
#: How long the broker may be away, and how long the end may take to be reached.
PATIENCE_S = 120.0


def partitions_of(consumer: Consumer, topic: str) -> List[int]:
    """The topic's partitions, once there are any."""
    end = time.monotonic() + PATIENCE_S
    while True:
        try:
            found = consumer.list_topics(topic, timeout=5).topics[topic].partitions
            if found:
                return sorted(found)
        except KafkaException:
            pass
        if time.monotonic() > end:
            raise SystemExit(f"there is no topic {topic}")
        time.sleep(0.2)


def committed_ends(admin: AdminClient, topic: str, partitions: List[int]) -> Dict[int, int]:
    """Where a read_committed reader ends now."""
    asked = {TopicPartition(topic, partition): OffsetSpec.latest() for partition in partitions}
    end = time.monotonic() + PATIENCE_S
    while True:
        try:
            answers = admin.list_offsets(asked, isolation_level=IsolationLevel.READ_COMMITTED, request_timeout=5)
            return {place.partition: answer.result().offset for place, answer in answers.items()}
        except KafkaException:
            if time.monotonic() > end:
                raise
            time.sleep(0.2)


def consume(options: argparse.Namespace) -> Dict[str, Any]:
    """Read until the end; the report."""
    common = {"bootstrap.servers": options.bootstrap, **dict(pair.split("=", 1) for pair in options.property)}
    consumer = Consumer(
        {
            **common,
            "group.id": "klamm-integration-consumer",
            "isolation.level": "read_committed",
            "enable.auto.commit": False,
            "enable.partition.eof": True,
            "auto.offset.reset": "error",
            "fetch.message.max.bytes": 8 << 20,
        }
    )
    registry = Registry(options.registry)
    partitions = partitions_of(consumer, options.topic)
    checks = OutcomeChecks(len(partitions)) if options.outcomes else Checks()
    consumer.assign([TopicPartition(options.topic, partition, 0) for partition in partitions])

    stopping = not options.follow
    reached: Dict[int, int] = {partition: 0 for partition in partitions}
    ends: Dict[int, int] = {}

    def stop(_number: int, _frame: Any) -> None:
        nonlocal stopping
        stopping = True

    signal.signal(signal.SIGTERM, stop)
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    deadline = None
    while True:
        if stopping and not ends:
            ends = committed_ends(AdminClient(common), options.topic, partitions)
            deadline = time.monotonic() + PATIENCE_S
        if ends and all(reached[partition] >= end for partition, end in ends.items()):
            break
        if deadline is not None and time.monotonic() > deadline:
            raise SystemExit(f"the end {ends} was not reached, only {reached}")
        message = consumer.poll(0.2)
        if message is None:
            continue
        error = message.error()
        if error is None:
            headers = {name: text.decode() for name, text in message.headers() or []}
            value = message.value()
            checks.add(
                message.partition(),
                message.offset(),
                message.key().decode(),
                headers if options.outcomes else headers.get("klamm-seq"),
                None if value is None else registry.decode(value),
            )
            reached[message.partition()] = max(reached[message.partition()], message.offset() + 1)
        elif error.code() == KafkaError._PARTITION_EOF:
            # Also beyond markers of transactions, which are no messages.
            reached[message.partition()] = max(reached[message.partition()], message.offset())
        elif error.code() not in PASSING:
            raise SystemExit(f"the consumer failed: {error}")
    consumer.close()
    if options.outcomes:
        checks.finish()
        return {"partitions": len(partitions), **checks.report()}
    report = {"partitions": len(partitions), **checks.report()}
    if options.runs:
        report["newest_events"] = {"/".join(run): id for run, id in checks.runs.items()}
    return report


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--bootstrap", required=True)
    parser.add_argument("--registry", action="append", required=True, help="where schemas are read; may be given again")
    parser.add_argument("--topic", default="klamm.history")
    parser.add_argument("--outcomes", action="store_true", help="the topic is one of outcomes")
    parser.add_argument("--follow", action="store_true")
    parser.add_argument("--runs", action="store_true")
    parser.add_argument("--property", action="append", default=[], help="NAME=VALUE for librdkafka")
    report = consume(parser.parse_args())
    print(json.dumps(report))
    return 1 if report["violation_count"] else 0


if __name__ == "__main__":
    sys.exit(main())
