"""klamm on a broker with TLS, SCRAM-SHA-512 and ACLs: it works with what docs/kafka.md asks for, and says what is missing."""

import time
from typing import Callable, Dict, List

from confluent_kafka import TopicPartition
from confluent_kafka.admin import (
    AclBinding,
    AclBindingFilter,
    AclOperation,
    AclPermissionType,
    AdminClient,
    NewTopic,
    OffsetSpec,
    ResourcePatternType,
    ResourceType,
)
from temporalio.client import Client

from programs.hello import HelloWorkflow, compose_greeting
from programs.publish import PublishWorkflow
from support.awaiting import await_until
from support.env import Env
from support.kafka import KafkaBroker
from support.log_lines import assert_does_not_loop, await_message
from support.server import KlammServer

Settings = Callable[..., Dict[str, str]]
Klamm = Callable[..., KlammServer]

#: How long permissions may take from the controller to the broker.
ACLS_DEADLINE_S = 30.0

#: The permissions of docs/kafka.md.
ACLS = [
    (ResourceType.TOPIC, "klamm.", operation)
    for operation in (
        AclOperation.READ,
        AclOperation.WRITE,
        AclOperation.DESCRIBE,
        AclOperation.DESCRIBE_CONFIGS,
        AclOperation.CREATE,
        AclOperation.DELETE,
    )
] + [
    (kind, "klamm.", operation)
    for kind, operations in {
        ResourceType.TRANSACTIONAL_ID: (AclOperation.WRITE, AclOperation.DESCRIBE),
        ResourceType.GROUP: (AclOperation.READ, AclOperation.DESCRIBE),
    }.items()
    for operation in operations
]


def allow(broker: KafkaBroker, user: str) -> None:
    """Give a user what klamm needs."""
    bindings = [
        AclBinding(kind, name, ResourcePatternType.PREFIXED, f"User:{user}", "*", operation, AclPermissionType.ALLOW)
        for kind, name, operation in ACLS
    ]
    create_acls(AdminClient({"bootstrap.servers": broker.plain_bootstrap_servers}), bindings)


def create_acls(admin: AdminClient, bindings: List[AclBinding]) -> None:
    """Create them, and wait until the broker acts on them: its controller answers before that."""
    for answer in admin.create_acls(bindings).values():
        answer.result()
    end = time.monotonic() + ACLS_DEADLINE_S
    while missing := [binding for binding in bindings if not admin.describe_acls(binding_filter(binding)).result()]:
        assert time.monotonic() < end, f"the broker does not know {missing}"
        time.sleep(0.05)


async def test_a_destination_that_klamm_may_not_write_any_more_holds_up_nothing(broker: KafkaBroker, settings: Settings, klamm: Klamm):
    allow(broker, "klamm")
    admin = AdminClient({"bootstrap.servers": broker.plain_bootstrap_servers})
    for future in admin.create_topics([NewTopic("shop.ledger", 1, 1)]).values():
        future.result()
    write, *others = [
        AclBinding(ResourceType.TOPIC, "shop.ledger", ResourcePatternType.LITERAL, "User:klamm", "*", operation, AclPermissionType.ALLOW)
        for operation in (AclOperation.WRITE, AclOperation.DESCRIBE, AclOperation.DESCRIBE_CONFIGS)
    ]
    create_acls(admin, [write, *others])
    server = klamm({**settings("klamm"), "namespaces.default.publish.topics": "ledger=shop.ledger"})
    server.start()
    env = Env.new(await Client.connect(server.address), "secured")
    letters: List[str] = []
    async with env.worker([PublishWorkflow, HelloWorkflow], [compose_greeting]):
        await env.execute(PublishWorkflow.run, "allowed")
        # The record, and the mark of its transaction.
        await await_until(lambda: end_offset(admin, "shop.ledger") >= 2, "what may be written is committed", deadline_s=30)
        for answer in admin.delete_acls([binding_filter(write)]).values():
            answer.result()
        # Its caller does not wait for the topic, and neither does anybody else.
        await env.execute(PublishWorkflow.run, "forbidden")
        assert await env.execute(HelloWorkflow.run, "klamm") == "Hello, klamm!"

        def is_a_dead_letter() -> bool:
            letters[:] = server.topic_records("dlq.publish")
            assert any("forbidden" in letter and "shop.ledger" in letter for letter in letters)
            return True

        await await_until(is_a_dead_letter, "what may not be written is a dead letter", deadline_s=120, interval_s=1)
    assert not any('"allowed"' in letter for letter in letters)
    verified = server.verify()
    assert verified.returncode == 0, verified.stdout
    assert server.stop() == 0


def end_offset(admin: AdminClient, topic: str) -> int:
    """Where the first partition ends, marks of transactions included."""
    (answer,) = admin.list_offsets({TopicPartition(topic, 0): OffsetSpec.latest()}).values()
    return answer.result().offset


async def test_a_share_group_that_klamm_may_not_set_up_holds_up_nothing(newest: KafkaBroker, settings: Settings, klamm: Klamm):
    allow(newest, "klamm")
    server = klamm({**settings("klamm", newest), "namespaces.default.tasks.queues": "shipping", "namespaces.default.tasks.share": "shipping"}, newest)
    server.start()
    group = "klamm.tasks.default.shipping"

    def warns() -> bool:
        status, text = server.get("/readyz")
        assert status == 200 and f"--operation AlterConfigs --group '{group}'" in text, text
        return True

    await await_until(warns, "it is told, with the command that gives the permission", deadline_s=90)
    assert f"--operation AlterConfigs --group '{group}'" in server.check("--connect").stderr
    env = Env.new(await Client.connect(server.address), "secured")
    async with env.worker([HelloWorkflow], [compose_greeting]):
        assert await env.execute(HelloWorkflow.run, "klamm") == "Hello, klamm!"
    bindings = [
        AclBinding(ResourceType.GROUP, "klamm.", ResourcePatternType.PREFIXED, "User:klamm", "*", operation, AclPermissionType.ALLOW)
        for operation in (AclOperation.DESCRIBE_CONFIGS, AclOperation.ALTER_CONFIGS)
    ]
    create_acls(AdminClient({"bootstrap.servers": newest.plain_bootstrap_servers}), bindings)
    await await_until(lambda: "share group" not in server.get("/readyz")[1], "it is tried again", deadline_s=90)
    await_message(server, "a share group has its settings", group)
    assert server.stop() == 0


async def test_a_workflow_runs_with_the_documented_permissions(broker: KafkaBroker, settings: Settings, klamm: Klamm):
    allow(broker, "klamm")
    server = klamm(settings("klamm"))
    server.start()
    env = Env.new(await Client.connect(server.address), "secured")
    async with env.worker([HelloWorkflow], [compose_greeting]):
        assert await env.execute(HelloWorkflow.run, "klamm") == "Hello, klamm!"
    assert server.stop() == 0
    assert settings("klamm")["kafka.sasl.password"] not in server.log.read_text()


def test_refused_credentials_are_named(settings: Settings, klamm: Klamm):
    server = klamm({**settings("klamm"), "kafka.sasl.password": "wrong"})
    server.spawn()
    await_message(server, "authentication", "sasl.username", "sasl.password")
    assert not server.healthy()
    assert_does_not_loop(server)


def test_an_unknown_authority_is_named(settings: Settings, klamm: Klamm):
    server = klamm({key: value for key, value in settings("klamm").items() if "ssl.ca" not in key})
    server.spawn()
    await_message(server, "certificate", "ssl.")
    assert_does_not_loop(server)


def test_a_plain_connection_to_a_tls_listener_is_named(klamm: Klamm):
    server = klamm({})
    server.spawn()
    await_message(server, "kafka", "security.protocol")
    assert_does_not_loop(server)


def test_a_missing_permission_is_named_with_the_command_that_gives_it(settings: Settings, klamm: Klamm):
    server = klamm(settings("stranger"))
    server.spawn()
    await_message(server, "authorization", "klamm.", "kafka-acls")
    assert not server.healthy()
    assert_does_not_loop(server)


def test_a_check_tells_all_permissions_that_are_missing_at_once(broker: KafkaBroker, settings: Settings, klamm: Klamm):
    allow(broker, "klamm")
    owner = klamm(settings("klamm"))
    owner.start()
    checked = owner.check("--connect")
    assert checked.returncode == 0, checked.stderr
    written = owner.topic_records("commands.klamm-dlq")
    assert written == [], "nothing was written by the check"
    assert owner.stop() == 0

    # One who may see the topics, and do nothing with them.
    admin = AdminClient({"bootstrap.servers": broker.plain_bootstrap_servers})
    seeing = [
        AclBinding(ResourceType.TOPIC, "klamm.", ResourcePatternType.PREFIXED, "User:stranger", "*", operation, AclPermissionType.ALLOW)
        for operation in (AclOperation.DESCRIBE, AclOperation.DESCRIBE_CONFIGS)
    ]
    try:
        create_acls(admin, seeing)
        checked = klamm(settings("stranger")).check("--connect")
    finally:
        for answer in admin.delete_acls([binding_filter(binding) for binding in seeing]).values():
            answer.result()
    assert checked.returncode == 2, checked.stdout
    for topic in ("commands", "history", "visibility", "schedules", "held", "cluster", "members"):
        for operation in ("Read", "Write"):
            assert any(
                f"'klamm.{topic}'" in line and f"--operation {operation} " in line for line in checked.stderr.splitlines()
            ), f"{operation} {topic}: {checked.stderr}"
    assert "--transactional-id 'klamm." in checked.stderr, checked.stderr
    assert "--group 'klamm.processor'" in checked.stderr, checked.stderr


def binding_filter(binding: AclBinding) -> AclBindingFilter:
    """What finds this binding alone."""
    return AclBindingFilter(
        binding.restype,
        binding.name,
        binding.resource_pattern_type,
        binding.principal,
        binding.host,
        binding.operation,
        binding.permission_type,
    )
