"""A broker that wants TLS, SCRAM and permissions, and klamm's connection settings for it."""

from pathlib import Path
from typing import Callable, Dict, Iterator

import pytest

from support.kafka import NEWEST, KafkaBroker
from support.kafka_security import ScramOverTls, authority
from support.made import klamms
from support.server import KlammServer

USERS = {"klamm": "the secret", "stranger": "another"}


@pytest.fixture(scope="session")
def broker(tmp_path_factory: pytest.TempPathFactory) -> Iterator[KafkaBroker]:
    broker = KafkaBroker(tmp_path_factory.mktemp("kafka"), security=ScramOverTls(USERS))
    broker.start()
    yield broker
    broker.kill()


@pytest.fixture
def newest(tmp_path: Path) -> Iterator[KafkaBroker]:
    """The same of the newest version, which has share groups."""
    broker = KafkaBroker(tmp_path / "newest", security=ScramOverTls(USERS), which=NEWEST)
    broker.start()
    yield broker
    broker.kill()


@pytest.fixture
def settings(broker: KafkaBroker) -> Callable[[str], Dict[str, str]]:
    """klamm's settings for one of the users."""

    def of(user: str, broker: KafkaBroker = broker) -> Dict[str, str]:
        return {
            "kafka.security.protocol": "SASL_SSL",
            "kafka.sasl.mechanism": "SCRAM-SHA-512",
            "kafka.sasl.username": user,
            "kafka.sasl.password": USERS[user],
            "kafka.ssl.ca.location": str(authority(broker.directory)),
        }

    return of


@pytest.fixture
def klamm(broker: KafkaBroker, tmp_path: Path) -> Iterator[Callable[[Dict[str, str]], KlammServer]]:
    """Makes a klamm with these settings, which is killed in the end."""
    with klamms(tmp_path) as make:
        yield lambda settings, broker=broker: make(broker.bootstrap_servers, settings)
