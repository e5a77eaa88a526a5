"""Each broker keeps the contract: in memory, and on real servers."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from livedash.brokers.urls import open_broker
from livedash.testing import check_broker
from livedash.testing.broker import MemoryBroker, MemoryServer
from livedash.testing.broker_contract import CHECKS
from livedash.testing.two_hubs import Check, OpenBroker
from tests.brokers.kinds import KINDS, url_of
from tests.brokers.redis_sentinels import RedisSentinels


@pytest.fixture(scope="module", params=("memory", *KINDS))
def broker(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[OpenBroker]:
    kind = request.param
    if kind == "memory":
        server = MemoryServer()
        yield lambda: MemoryBroker(server)
        return
    with KINDS[kind](tmp_path_factory.mktemp(kind)) as started:
        url = url_of(started, "lab")
        yield lambda: open_broker(url)


@pytest.mark.parametrize("check", CHECKS, ids=lambda check: check.__name__)
async def test_broker_keeps_the_contract(broker: OpenBroker, check: Check) -> None:
    await check(broker)


async def test_broker_keeps_the_contract_after_another_server_took_over(redis_sentinels: RedisSentinels) -> None:
    url = url_of(redis_sentinels, "lab")
    before = open_broker(url)
    first = await before.connect()
    redis_sentinels.promote()
    assert (await before.connect()).run != first.run
    await before.close()
    await check_broker(lambda: open_broker(url))
