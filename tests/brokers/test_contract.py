"""Each broker keeps the contract: in memory, and on real servers."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from livedash.brokers.urls import open_broker
from livedash.testing import check_broker
from livedash.testing.broker import MemoryBroker, MemoryServer
from livedash.testing.broker_contract import CHECKS
from livedash.testing.two_hubs import Check, OpenBroker
from tests.brokers.nats_cluster import NatsCluster
from tests.brokers.nats_server import NatsServer
from tests.brokers.redis_cluster import RedisCluster
from tests.brokers.redis_sentinels import RedisSentinels
from tests.brokers.redis_server import Flavour, RedisServer

KINDS = ("memory", "redis", "valkey", "cluster", "sentinels", "nats", "nats-cluster")


@pytest.fixture(scope="module", params=KINDS)
def broker(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[OpenBroker]:
    kind = request.param
    folder = tmp_path_factory.mktemp(kind)
    if kind == "memory":
        server = MemoryServer()
        yield lambda: MemoryBroker(server)
        return
    with {
        "redis": lambda: RedisServer(folder, flavour=Flavour.REDIS),
        "valkey": lambda: RedisServer(folder, flavour=Flavour.VALKEY),
        "cluster": lambda: RedisCluster(folder),
        "sentinels": lambda: RedisSentinels(folder),
        "nats": lambda: NatsServer(folder),
        "nats-cluster": lambda: NatsCluster(folder),
    }[kind]() as started:
        url = url_of(started)
        yield lambda: open_broker(url)


def url_of(server: RedisServer | RedisCluster | RedisSentinels | NatsServer | NatsCluster) -> str:
    match server:
        case RedisCluster():
            return "redis+cluster://" + ",".join(f"127.0.0.1:{node.port}" for node in server.nodes) + "?prefix=lab"
        case RedisSentinels():
            hosts = ",".join(f"{host}:{port}" for host, port in server.addresses)
            return f"redis+sentinel://{hosts}/{server.MASTER_NAME}"
    return server.url


@pytest.mark.parametrize("check", CHECKS, ids=lambda check: check.__name__)
async def test_broker_keeps_the_contract(broker: OpenBroker, check: Check) -> None:
    await check(broker)


async def test_broker_keeps_the_contract_after_another_server_took_over(redis_sentinels: RedisSentinels) -> None:
    url = url_of(redis_sentinels)
    before = open_broker(url)
    first = await before.connect()
    redis_sentinels.promote()
    assert (await before.connect()).run != first.run
    await before.close()
    await check_broker(lambda: open_broker(url))
