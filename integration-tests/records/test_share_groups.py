"""klamm sets up the share groups of stream task queues, and says where it cannot."""

import os
from pathlib import Path
from typing import Dict

import pytest
from confluent_kafka import KafkaException
from confluent_kafka.admin import AdminClient, AlterConfigOpType, ConfigEntry, ConfigResource, ResourceType
from topics import Topics, running

from support.awaiting import await_until

pytestmark = pytest.mark.skipif(os.environ.get("KLAMM_IT_LOG") != "kafka", reason="share groups are a broker's")

#: The longest until klamm looks at a group again, on a busy machine.
LOOKED_AT_S = 90.0


def share(**more: str) -> Dict[str, str]:
    """Settings of a klamm with a share group."""
    settings = {"queues": "shipping,bill-*", "share": "shipping,bill-*=billers", "share_lock": "45s", "share_deliveries": "7", **more}
    return {f"namespaces.default.tasks.{key}": value for key, value in settings.items()}


def settings_of(topics: Topics, group: str) -> Dict[str, str]:
    """What the broker says of a group."""
    admin = AdminClient({"bootstrap.servers": topics.server.kafka})
    (future,) = admin.describe_configs([ConfigResource(ResourceType.GROUP, group)]).values()
    try:
        return {name: entry.value for name, entry in future.result(30).items()}
    except KafkaException as error:  # the broker is busy
        raise LookupError(str(error)) from error


def is_set_up(topics: Topics, group: str) -> bool:
    found = settings_of(topics, group)
    wanted = {"isolation.level": "read_committed", "auto.offset.reset": "earliest", "record.lock.duration.ms": "45000", "delivery.count.limit": "7"}
    assert {name: found[f"share.{name}"] for name in wanted} == wanted
    return True


def warns(topics: Topics, *of: str) -> bool:
    """Whether klamm is ready, and warns of all this."""
    status, text = topics.server.get("/readyz")
    assert status == 200 and all(it in text for it in of), text
    return True


async def test_groups_get_their_settings_and_get_them_again(newest: str, tmp_path: Path) -> None:
    with running(newest, tmp_path, share()) as topics:
        groups = [f"{topics.prefix}tasks.default.shipping", "billers"]
        for group in groups:
            await await_until(lambda: is_set_up(topics, group), "its settings are written", deadline_s=LOOKED_AT_S)
        checked = topics.server.check("--connect")
        assert checked.returncode == 0, checked.stderr
        # Somebody changes one.
        resource = ConfigResource(ResourceType.GROUP, groups[0])
        resource.add_incremental_config(ConfigEntry("share.isolation.level", "read_uncommitted", incremental_operation=AlterConfigOpType.SET))
        admin = AdminClient({"bootstrap.servers": newest})
        (future,) = admin.incremental_alter_configs([resource]).values()
        future.result(30)
        await await_until(lambda: is_set_up(topics, groups[0]), "it is as it was", deadline_s=LOOKED_AT_S)


async def test_a_lock_that_the_broker_does_not_allow_is_told_and_holds_up_nothing(newest: str, tmp_path: Path) -> None:
    with running(newest, tmp_path, share(share_lock="5m", share="shipping=slow")) as topics:
        await await_until(lambda: warns(topics, "share group slow", "share.record.lock.duration.ms", "60000"), "it warns", deadline_s=LOOKED_AT_S)
        checked = topics.server.check("--connect")
        assert checked.returncode != 0 and "share.record.lock.duration.ms" in checked.stderr, checked.stderr


async def test_a_broker_without_share_groups_is_told(bootstrap: str, tmp_path: Path) -> None:
    with running(bootstrap, tmp_path, share()) as topics:
        await await_until(lambda: warns(topics, "share group billers", "they need Kafka 4.2 or newer"), "it warns", deadline_s=LOOKED_AT_S)
        checked = topics.server.check("--connect")
        assert checked.returncode != 0 and "they need Kafka 4.2 or newer" in checked.stderr, checked.stderr
