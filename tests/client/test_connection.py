from __future__ import annotations

import asyncio

import pytest

from livedash.client.connection import Connection
from livedash.client.spool import Spool
from livedash.wire.codec import MSGPACK
from tests.client.endings import ENDINGS, Ending


class EndingChannel:
    """A channel that ends at once, as its ending says."""

    def __init__(self, ending: Ending) -> None:
        self.close_code = ending.code
        self._left = [] if ending.bye is None else [MSGPACK.encode(ending.bye)]
        self.is_closed = False

    def send(self, data: bytes) -> None:
        """Its hello."""

    async def receive(self) -> bytes | None:
        return self._left.pop() if self._left else None

    def close(self) -> None:
        self.is_closed = True

    def abandon(self) -> None:
        """Nobody forks."""


class EndingConnector:
    address, transport = "test", "websocket"

    def __init__(self, ending: Ending) -> None:
        self._ending = ending
        self.channels: list[EndingChannel] = []

    async def connect(self) -> EndingChannel:
        self.channels.append(EndingChannel(self._ending))
        return self.channels[-1]


@pytest.mark.parametrize("ending", ENDINGS, ids=str)
async def test_publisher_that_was_sent_away_for_good_says_so_and_tries_seldom_and_any_other_comes_back(
    ending: Ending,
) -> None:
    """Its records stay in the buffer all the same, so it never gives up."""
    connector, has_ended = EndingConnector(ending), asyncio.Event()
    connection = Connection(Spool("p1"), lambda: connector, lambda: connection.state == "waiting" and has_ended.set())
    keeping = asyncio.create_task(connection.keep())
    await has_ended.wait()
    keeping.cancel()
    assert connection.is_refused is not ending.comes_back
    assert connection.reason is not None
    assert [channel.is_closed for channel in connector.channels] == [True]
