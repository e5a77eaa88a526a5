from __future__ import annotations

import asyncio
import queue

import pytest

from livedash import limits
from livedash.client.loop_thread import LoopThread
from livedash.client.relay import Relay
from livedash.wire.codec import MSGPACK
from livedash.wire.messages import Bye, Degraded, HubMessage, Subscribed
from tests.client.endings import ENDINGS, Ending
from tests.client.test_connection import EndingConnector

LIMIT_S = 20.0


def relay_to(connector: EndingConnector, told: list[bytes]) -> Relay:
    return Relay(LoopThread("test relay"), connector, told.append, ("train",), 100)


def wait_for_end(relay: Relay) -> None:
    asyncio.run_coroutine_threadsafe(_ended(relay), relay._thread.loop).result(LIMIT_S)


async def _ended(relay: Relay) -> None:
    await asyncio.wait_for(asyncio.shield(relay._task), LIMIT_S)


@pytest.mark.parametrize("ending", [ending for ending in ENDINGS if not ending.comes_back], ids=str)
def test_a_relay_that_is_sent_away_for_good_stays_away(ending: Ending) -> None:
    connector = EndingConnector(ending)
    wait_for_end(relay_to(connector, []))
    assert [channel.is_closed for channel in connector.channels] == [True]


def test_a_relay_comes_back_when_the_hub_said_and_the_bye_is_its_own(monkeypatch: pytest.MonkeyPatch) -> None:
    told: list[bytes] = []
    waits: list[float] = []
    come_back = asyncio.Event()

    async def note(wait_s: float) -> None:
        waits.append(wait_s)
        await come_back.wait()

    monkeypatch.setattr("livedash.client.relay.asyncio.sleep", note)
    connector = EndingConnector(Ending(4001, Bye("draining", 4.0), comes_back=True))
    relay = relay_to(connector, told)
    relay._thread.call(lambda: None)
    while not waits:
        relay._thread.call(lambda: None)
    relay.close()
    assert 4.0 <= waits[0] <= 4.0 + limits.RETRY_SPREAD_S
    assert told == []


def test_what_the_hub_says_is_passed_on_as_it_is() -> None:
    told: list[bytes] = []
    connector = EndingConnector(Ending(4100, Bye("not_allowed", None), comes_back=False))
    subscribed = MSGPACK.encode(Subscribed("train", "e1", 1, recovered=True))
    connect = connector.connect

    async def with_an_answer() -> object:
        channel = await connect()
        channel._left.append(subscribed)
        return channel

    connector.connect = with_an_answer  # type: ignore[method-assign, assignment]
    wait_for_end(relay_to(connector, told))
    assert told == [subscribed]


class ToldChannel:
    """A connection on which the hub says these messages; after the last one it ends, or is silent."""

    close_code = None

    def __init__(self, messages: list[HubMessage], *, ends: bool) -> None:
        self._messages = messages
        self._ends = ends

    def send(self, data: bytes) -> None:
        """What the relay wishes."""

    async def receive(self) -> bytes | None:
        if not self._messages and not self._ends:
            await asyncio.Event().wait()
        return MSGPACK.encode(self._messages.pop(0)) if self._messages else None

    def close(self) -> None:
        """Nothing is held."""

    def abandon(self) -> None:
        """Nobody forks."""


class TellingConnector:
    address, transport = "test", "websocket"

    def __init__(self, *channels: ToldChannel) -> None:
        self._channels = list(channels)

    async def connect(self) -> ToldChannel:
        return self._channels.pop(0)


def test_page_hears_that_a_hub_is_degraded_for_as_long_as_its_connection_lives() -> None:
    away = Degraded("the broker is away")
    connector = TellingConnector(
        ToldChannel([away], ends=True),
        ToldChannel([away, Degraded()], ends=True),
        ToldChannel([Degraded("")], ends=False),
    )
    page: queue.Queue[HubMessage] = queue.Queue()
    relay = Relay(
        LoopThread("test relay"), connector, lambda data: page.put(MSGPACK.decode_from_hub(data)), ("train",), 10
    )
    heard = [page.get(timeout=LIMIT_S) for _ in range(5)]
    relay.close()
    assert heard == [away, Degraded(), away, Degraded(), Degraded("")]
