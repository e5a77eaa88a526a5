"""Fixtures of the brokers' tests: a server of each kind that all tests of a module share, or one that a test may kill.

Tests that share a server use names of their own for what they write.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.brokers.kafka_server import KafkaServer
from tests.brokers.nats_server import NatsServer
from tests.brokers.redis_cluster import RedisCluster
from tests.brokers.redis_sentinels import RedisSentinels
from tests.brokers.redis_server import Flavour, RedisServer


@pytest.fixture(scope="module", params=list(Flavour), ids=lambda flavour: flavour.name.lower())
def redis_server(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[RedisServer]:
    with RedisServer(tmp_path_factory.mktemp("redis"), flavour=request.param) as server:
        yield server


@pytest.fixture(scope="module")
def redis_cluster(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RedisCluster]:
    with RedisCluster(tmp_path_factory.mktemp("cluster")) as cluster:
        yield cluster


@pytest.fixture(scope="module")
def nats_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[NatsServer]:
    with NatsServer(tmp_path_factory.mktemp("nats")) as server:
        yield server


@pytest.fixture(scope="module")
def kafka_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[KafkaServer]:
    with KafkaServer(tmp_path_factory.mktemp("kafka"), in_memory=True) as server:
        yield server


@pytest.fixture(params=list(Flavour), ids=lambda flavour: flavour.name.lower())
def mortal_redis_server(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[RedisServer]:
    """For tests that kill, pause or restart it."""
    with RedisServer(tmp_path, flavour=request.param) as server:
        yield server


@pytest.fixture(params=list(Flavour), ids=lambda flavour: flavour.name.lower())
def redis_sentinels(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[RedisSentinels]:
    """One sentinel; for tests that promote."""
    with RedisSentinels(tmp_path, flavour=request.param) as sentinels:
        yield sentinels


@pytest.fixture
def mortal_nats_server(tmp_path: Path) -> Iterator[NatsServer]:
    with NatsServer(tmp_path) as server:
        yield server


@pytest.fixture
def mortal_kafka_server(tmp_path: Path) -> Iterator[KafkaServer]:
    with KafkaServer(tmp_path) as server:
        yield server
