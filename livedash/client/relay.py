"""What feeds a widget's comm: the hub in this process, or a hub elsewhere whose messages are passed on.

A page hears nothing before its view is drawn, and a kernel that runs a cell does not hear the page. So the streams
begin by themselves, and begin again from their snapshot a few times until the page has spoken; it takes each record
once.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator
from typing import Final, Protocol

from livedash import limits
from livedash.client.backoff import JITTER, Backoff
from livedash.client.contract import Channel, Connector
from livedash.client.loop_thread import LoopThread
from livedash.client.process import Process
from livedash.client.watchdog import Patience, connect
from livedash.errors import LivedashError
from livedash.transports.close_codes import stays_away
from livedash.wire.codec import MSGPACK
from livedash.wire.messages import Bye, Degraded, Delivery, HubMessage, Subscribe
from livedash.wire.names import is_glob
from livedash.wire.position import Position

Send = Callable[[bytes], None]
_REPEATS_S: Final = (1.0, 3.0, 8.0)  # a page draws a widget within the first; a loaded machine takes longer


class CommFeed(Protocol):
    def receive(self, data: bytes) -> None:
        """A message of the page."""

    def close(self) -> None: ...


def open_comm(process: Process, send: Send, rooms: tuple[str, ...], window: int) -> CommFeed:
    """Streams `rooms` from their snapshot to `send`, on the background thread, until it is closed."""
    hub = process.embedded()
    feed = (
        _OnThread(process.thread, hub.open_comm(send, "notebook", rooms, window))
        if hub is not None
        else Relay(process.thread, process.hub().connector, send, rooms, window)
    )
    return Repeated(process.thread, feed, list(_asked(rooms, window)))


def _asked(rooms: tuple[str, ...], window: int) -> Iterator[bytes]:
    for room in rooms:
        wish = Subscribe(room, "snapshot", "columns", window=window, max_hz=limits.PUBLISHER_HZ)
        yield MSGPACK.encode_from_client(wish)


class Repeated:
    """Asks for the snapshots again until the page has said something."""

    def __init__(self, thread: LoopThread, feed: CommFeed, wishes: list[bytes]) -> None:
        self._feed = feed
        self._wishes = wishes
        self._is_heard = False
        for after_s in _REPEATS_S:
            thread.call_soon(lambda after_s=after_s: thread.loop.call_later(after_s, self._repeat))

    def receive(self, data: bytes) -> None:
        self._is_heard = True
        self._feed.receive(data)

    def close(self) -> None:
        self._is_heard = True
        self._feed.close()

    def _repeat(self) -> None:
        if not self._is_heard:
            for wish in self._wishes:
                self._feed.receive(wish)


class _OnThread:
    """A transport of the hub's loop, called from the kernel's main thread."""

    def __init__(self, thread: LoopThread, transport: CommFeed) -> None:
        self._thread = thread
        self._transport = transport

    def receive(self, data: bytes) -> None:
        self._thread.call_soon(self._transport.receive, data)

    def close(self) -> None:
        self._thread.call_soon(self._transport.close)


class Relay:
    """Reads a hub elsewhere and hands its messages to the page as they are; the page never learns the hub's address."""

    def __init__(
        self, thread: LoopThread, connector: Connector, send: Send, rooms: tuple[str, ...], window: int
    ) -> None:
        self._thread = thread
        self._connector = connector
        self._send = send
        self._rooms = rooms
        self._window = window
        self._positions: dict[str, Position] = {}
        self._channel: Channel | None = None
        self._is_degraded = False
        self._task = thread.call(lambda: asyncio.ensure_future(self._relay_for_ever()))

    def receive(self, data: bytes) -> None:
        """A message of the page goes on to the hub; without a connection it is lost, and the page asks again."""
        channel = self._channel
        if channel is not None:
            self._thread.call_soon(channel.send, data)

    def close(self) -> None:
        self._thread.call_soon(self._task.cancel)

    async def _relay_for_ever(self) -> None:
        backoff, patience = Backoff(JITTER, max_s=limits.READER_BACKOFF_MAX_S), Patience()
        while True:
            try:
                self._channel = channel = await connect(self._connector, patience)
            except LivedashError:
                await asyncio.sleep(backoff.next_s())
                continue
            try:
                for room in self._rooms:
                    wish = Subscribe(room, self._since(room), "columns", window=self._window)
                    channel.send(MSGPACK.encode_from_client(wish))
                bye = await self._pass_all_on(channel, backoff)
            finally:
                self._channel = None
                channel.close()
                self._forget_degraded()
            asked_s = None if bye is None else bye.retry_after_s
            if stays_away(channel.close_code) or (bye is not None and asked_s is None):
                return
            await asyncio.sleep(backoff.next_s() if asked_s is None else backoff.spread_s(asked_s))

    async def _pass_all_on(self, channel: Channel, backoff: Backoff) -> Bye | None:
        """Until the connection ends. A bye is the relay's own: for the page the comm goes on."""
        while (data := await channel.receive()) is not None:
            message = MSGPACK.decode_from_hub(data)
            if isinstance(message, Bye):
                return message
            backoff.reset()
            self._pass_on(message, data)
        return None

    def _pass_on(self, message: HubMessage, data: bytes) -> None:
        if isinstance(message, Delivery):
            self._positions[message.room] = Position(message.epoch, message.offset)
        if isinstance(message, Degraded):
            self._is_degraded = message.reason is not None
        self._send(data)

    def _forget_degraded(self) -> None:
        """Each connection is told anew; the page, whose comm goes on, knows of one only."""
        if self._is_degraded:
            self._is_degraded = False
            self._send(MSGPACK.encode(Degraded()))

    def _since(self, room: str) -> str:
        cursor = ",".join(f"{name}:{position}" for name, position in self._positions.items())
        if is_glob(room):
            return cursor or "snapshot"
        position = self._positions.get(room)
        return f"{room}:{position}" if position else "snapshot"
