"""A hub whose broker refuses, breaks off, or has more to do at each step."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

import pytest

from livedash import limits
from livedash.brokers.contract import BrokerLostError, Found, Mark, Standing
from livedash.testing.broker import MemoryBroker, MemoryServer
from tests.brokers.hubs import HubOnBroker, until


@pytest.fixture
def server() -> MemoryServer:
    return MemoryServer()


class TakesNothing(MemoryBroker):
    """Answers what is read, and refuses what is written, as a Redis does whose memory is full."""

    def __init__(self, server: MemoryServer) -> None:
        super().__init__(server)
        self.is_full = False
        self.refused = 0

    async def append(self, standing: Standing, entries: Sequence[bytes]) -> None:
        if self.is_full:
            self.refused += 1
            raise BrokerLostError("out of memory")
        await super().append(standing, entries)


async def test_a_broker_that_takes_nothing_is_away_and_not_asked_without_a_pause(server: MemoryServer) -> None:
    broker = TakesNothing(server)
    hub = HubOnBroker(broker)
    hub.start()
    await hub.push(1)
    broker.is_full = True
    pushed = hub.push(2)
    await asyncio.sleep(2 * limits.BROKER_RETRY_S)
    assert hub.replica.state().state == "away"
    assert hub.changes == ["connected", "away"]
    assert broker.refused < 12
    assert hub.replica.away_s > limits.BROKER_RETRY_S
    broker.is_full = False
    assert (await pushed).offset == 2
    await hub.replica.close()


class PushesMeanwhile(MemoryBroker):
    """Whenever it is sent something, there is more to send."""

    hub: HubOnBroker

    async def append(self, standing: Standing, entries: Sequence[bytes]) -> None:
        await super().append(standing, entries)
        self.hub.push(1)
        await asyncio.sleep(0.001)


async def test_a_hub_to_which_records_come_without_a_pause_is_there(server: MemoryServer) -> None:
    broker = PushesMeanwhile(server)
    hub = broker.hub = HubOnBroker(broker)
    hub.push(1)
    hub.start()
    await until(lambda: hub.replica.state().state == "connected", "it is there")
    await hub.replica.close()


class BreaksAmidTheLog(MemoryBroker):
    """Gives one entry a read, and is lost after the second while `is_breaking`."""

    def __init__(self, server: MemoryServer) -> None:
        super().__init__(server)
        self.is_breaking = False
        self.reads = 0

    async def read(self, generation: str, after: Mark) -> list[tuple[Mark, bytes]]:
        found = await super().read(generation, after)
        if self.is_breaking:
            self.reads += 1
            if self.reads > 1:
                raise BrokerLostError("in the middle")
            return found[:1]
        return found

    async def find(self, generation: str, mark: Mark) -> Found:
        return "trimmed" if self.is_breaking else await super().find(generation, mark)


async def test_what_a_reload_had_read_when_it_broke_off_is_answered_all_the_same(server: MemoryServer) -> None:
    broker = BreaksAmidTheLog(server)
    hub = HubOnBroker(broker)
    hub.start()
    await hub.push(1)
    broker.loses_answers = True
    pushed = [hub.push(2), hub.push(3)]
    await until(lambda: server.appended >= 3, "they are in the log")
    broker.is_breaking, broker.loses_answers = True, False
    await until(lambda: broker.reads > 1, "it breaks off")
    broker.is_breaking = False
    answers = await asyncio.wait_for(asyncio.gather(*pushed), 20)
    assert [answer.offset for answer in answers] == [2, 3]
    assert hub.numbers() == [1, 2, 3]
    await hub.replica.close()
