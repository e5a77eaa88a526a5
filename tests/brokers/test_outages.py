"""Two hubs on a real broker that is killed, emptied, set back or paused while both push: nothing is lost, nothing comes twice."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Iterator
from pathlib import Path

import pytest

from livedash import clock, limits
from livedash.brokers.urls import open_broker
from livedash.core.changes import Result
from tests.brokers.hubs import HubOnBroker, until
from tests.brokers.kafka_server import KafkaServer
from tests.brokers.nats_server import NatsServer
from tests.brokers.redis_server import Flavour, Persistence, RedisServer
from tests.brokers.servers import Data, Server
from tests.end_to_end.tcp_proxy import TcpProxy

Hubs = tuple[HubOnBroker, HubOnBroker]
OneServer = RedisServer | NatsServer | KafkaServer
OLD = "an old copy"
PAUSE_S = 4.0  # longer than a hub waits for an answer
SERVERS: dict[str, Callable[[Path], OneServer]] = {
    "redis": lambda folder: RedisServer(folder, flavour=Flavour.REDIS, persistence=Persistence.AOF),
    "valkey": lambda folder: RedisServer(folder, persistence=Persistence.AOF),
    "nats": lambda folder: NatsServer(folder, sync_always=True),
    "kafka": KafkaServer,
}


@pytest.fixture(params=SERVERS)
def server(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[OneServer]:
    with SERVERS[request.param](tmp_path) as started:
        yield started


@pytest.fixture
async def hubs(server: OneServer) -> AsyncIterator[Hubs]:
    pair = HubOnBroker(open_broker(server.url)), HubOnBroker(open_broker(server.url))
    for each in pair:
        each.start()
        await each.replica.wait_until_open()
    await until(lambda: all(each.replica.state().hubs == 2 for each in pair), "both know each other")
    yield pair
    for each in pair:
        await each.replica.close()


class Pushing:
    """Both hubs push, one record after the other, until it is stopped."""

    def __init__(self, hubs: Hubs) -> None:
        self._hubs = hubs
        self._pushed: list[asyncio.Future[Result]] = []
        self._is_stopped = False
        self._task = asyncio.ensure_future(self._push())

    async def some(self, count: int = 20) -> None:
        """Until so many more have been pushed."""
        wanted = len(self._pushed) + count
        await until(lambda: len(self._pushed) >= wanted, "they push")

    async def stop(self) -> int:
        """Until all has been read back; how many they were."""
        self._is_stopped = True
        await self._task
        await asyncio.gather(*self._pushed)
        return len(self._pushed)

    async def _push(self) -> None:
        while not self._is_stopped:
            for hub in self._hubs:
                self._pushed.append(hub.push(len(self._pushed)))
            await asyncio.sleep(0.005)


async def have_all(hubs: Hubs, count: int) -> None:
    """Each record once, in one order, at the same positions."""
    one, other = hubs
    await until(lambda: one.numbers() == other.numbers() and len(one.numbers()) >= count, "both have all")
    assert sorted(one.numbers()) == list(range(count))
    assert one.position() == other.position()


def kill_and_start(server: Server, data: Data | Path) -> None:
    server.kill()
    server.restart(data)


@pytest.mark.parametrize("data", [Data.KEEP, Data.EMPTY, OLD])
async def test_hubs_lose_and_double_nothing_when_their_broker_is_killed(
    hubs: Hubs, server: OneServer, data: Data | str
) -> None:
    pushing = Pushing(hubs)
    await pushing.some()
    copy = server.dump()
    await pushing.some()
    restart = copy if data == OLD else data
    await asyncio.to_thread(kill_and_start, server, restart)
    await pushing.some()
    await have_all(hubs, await pushing.stop())


async def test_hubs_lose_and_double_nothing_when_their_broker_stands_still(hubs: Hubs, server: OneServer) -> None:
    pushing = Pushing(hubs)
    await pushing.some()
    server.pause()
    await asyncio.sleep(PAUSE_S)
    assert {hub.replica.state().state for hub in hubs} == {"away"}
    server.resume()
    await pushing.some()
    await have_all(hubs, await pushing.stop())


async def test_a_line_that_carries_nothing_any_more_is_found_by_hubs_that_have_nothing_to_say(
    server: OneServer,
) -> None:
    with TcpProxy(server.port) as line:
        hub = HubOnBroker(open_broker(server.url.replace(str(server.port), str(line.port))))
        hub.start()
        await hub.replica.wait_until_open()
        line.forget()
        await until(lambda: hub.changes == ["connected", "away", "connected"], "it connects anew")
        await hub.push(1)
        await hub.replica.close()


async def test_a_hub_ends_without_waiting_for_what_its_broker_may_tell(server: OneServer) -> None:
    took_s = []
    for _ in range(3):
        hub = HubOnBroker(open_broker(server.url))
        hub.start()
        await hub.replica.wait_until_open()
        await hub.push(1)
        begun_s = clock.monotonic_s()
        await hub.replica.close()
        took_s.append(clock.monotonic_s() - begun_s)
    assert min(took_s) < limits.BROKER_READ_S / 2


async def test_hubs_that_come_to_a_restarted_broker_have_what_it_kept(server: OneServer) -> None:
    first = HubOnBroker(open_broker(server.url))
    first.start()
    await asyncio.gather(*(first.push(number) for number in range(100)))
    before = first.position()
    await first.replica.close()
    await asyncio.to_thread(kill_and_start, server, Data.KEEP)
    late = HubOnBroker(open_broker(server.url))
    late.start()
    await late.replica.wait_until_open()
    assert late.numbers() == list(range(100))
    assert late.position().offset == before.offset
    await late.replica.close()
