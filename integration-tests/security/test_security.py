"""klamm on a broker with TLS, SCRAM-SHA-512 and ACLs: it works with what docs/kafka.md asks for, and says what is missing."""

from typing import Callable, Dict

from confluent_kafka.admin import (
    AclBinding,
    AclOperation,
    AclPermissionType,
    AdminClient,
    ResourcePatternType,
    ResourceType,
)
from temporalio.client import Client

from programs.hello import HelloWorkflow, compose_greeting
from support.env import Env
from support.kafka import KafkaBroker
from support.log_lines import assert_does_not_loop, await_message
from support.server import KlammServer

Settings = Callable[[str], Dict[str, str]]
Klamm = Callable[[Dict[str, str]], KlammServer]

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
    admin = AdminClient({"bootstrap.servers": broker.plain_bootstrap_servers})
    bindings = [
        AclBinding(kind, name, ResourcePatternType.PREFIXED, f"User:{user}", "*", operation, AclPermissionType.ALLOW)
        for kind, name, operation in ACLS
    ]
    for answer in admin.create_acls(bindings).values():
        answer.result()


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
