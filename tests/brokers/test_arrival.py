"""Which hubs are awaited when a broker was started again."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from livedash import clock, limits
from livedash.brokers.arrival import Nodes
from livedash.brokers.contract import Standing
from livedash.testing.broker import MemoryBroker, MemoryServer


class Arriving:
    """A hub at a broker, which is started again."""

    def __init__(self, server: MemoryServer, clock_s: Callable[[], float]) -> None:
        self.nodes = Nodes("here", clock_s)
        self._server = server
        self._broker = MemoryBroker(server)

    async def beat(self) -> None:
        standing = await self._broker.connect()
        await self.nodes.beat(self._broker, standing.run, holds=True)

    async def agrees(self, *others: str) -> bool | None:
        standing: Standing = await self._broker.connect()
        return await self.nodes.agree(self._broker, standing, others, holds=True, speaks=True)


@pytest.fixture
def server() -> MemoryServer:
    return MemoryServer()


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(limits, "BROKER_ARRIVAL_S", 0.05)


async def speak(server: MemoryServer, node: str) -> None:
    other = MemoryBroker(server)
    standing = await other.connect()
    await Nodes(node, clock.monotonic_s).beat(other, standing.run, holds=True)


def restart(server: MemoryServer) -> None:
    server.kill()
    server.start()


async def test_a_hub_that_was_heard_before_one_restart_is_awaited_after_the_next(server: MemoryServer) -> None:
    hub = Arriving(server, clock.monotonic_s)
    await speak(server, "there")
    await hub.beat()
    restart(server)
    await hub.beat()  # the other one has not spoken yet
    assert hub.nodes.known == frozenset()
    restart(server)
    assert await hub.agrees() is False
    await speak(server, "there")
    assert await hub.agrees() is True


async def test_a_hub_that_spoke_in_the_log_is_awaited_before_it_was_heard_otherwise(server: MemoryServer) -> None:
    hub = Arriving(server, clock.monotonic_s)
    await hub.beat()
    restart(server)
    assert await hub.agrees("there") is False
    assert await hub.agrees() is True


async def test_a_hub_that_has_been_silent_for_long_is_not_awaited(server: MemoryServer) -> None:
    now_s = [0.0]
    hub = Arriving(server, lambda: now_s[0])
    await speak(server, "there")
    await hub.beat()
    restart(server)
    now_s[0] += limits.BROKER_BEAT_TTL_S
    await hub.beat()
    restart(server)
    assert await hub.agrees() is True
