"""A hub inside this process, for a kernel that finds none: its panels are fed by their widgets' comms."""

from __future__ import annotations

import asyncio
import secrets
from collections.abc import Callable, Sequence
from typing import Any, Final

import msgspec

from livedash.client.contract import Channel, History, HubReport, LinkInfo, LinkState, RoomState
from livedash.client.loop_thread import LoopThread
from livedash.clock import now_us
from livedash.core.grant import Grant, owner
from livedash.core.hub import Hub
from livedash.core.page import read_page
from livedash.core.room import Room
from livedash.errors import NotFoundError, UnreachableError
from livedash.transports.comm import CommTransport
from livedash.transports.viewer import Stage
from livedash.wire.messages import ByeReason, ViewerInfo
from livedash.wire.position import Position
from livedash.wire.specs import DashboardSpec

_ID_BYTES: Final = 4  # eight hexadecimal letters
_NO_SERVER: Final = (
    "there is no server here that others could reach: this hub lives inside your process. "
    "Start one by ld.serve(), or run `livedash serve` and set LIVEDASH_URL"
)


class EmbeddedHub:
    """HubAccess, and Connector for the publisher. Lives on the loop thread, made there when it is first needed.

    Making the object itself waits for nothing, so that whoever looks for a hub may hold a lock.
    """

    address = "in this process"
    transport = "in-process"

    def __init__(self, thread: LoopThread) -> None:
        self._thread = thread
        self._made: Stage | None = None

    # Channels

    async def connect(self) -> Channel:
        return _EmbeddedChannel(self._stage)

    def open_comm(
        self, send: Callable[[bytes], None], label: str, rooms: tuple[str, ...], window: int | None
    ) -> CommTransport:
        """A viewer whose messages go to `send`, on the loop's thread; it streams `rooms` at once."""
        grant = Grant("owner", ("*",), ("*",), label=label)
        return self._thread.call(lambda: CommTransport(self._stage, grant, send, rooms, window))

    # HubAccess

    def at_once(self) -> EmbeddedHub:
        return self

    def rooms(self) -> list[RoomState]:
        return self._thread.call(lambda: [self._state_of(room) for room in self._hub.rooms.values()])

    def state(self, room: str) -> RoomState:
        return self._thread.call(lambda: self._state_of(self._hub.room(room)))

    def viewers(self, room: str) -> list[ViewerInfo]:
        return self._thread.call(lambda: self._hub.viewers(room))

    def configure(self, room: str, changes: dict[str, Any]) -> RoomState:
        return self._thread.call(
            lambda: self._state_of(self._hub.configure(room, changes, now_us(), self._stage.clock_s()))
        )

    def clear(self, room: str) -> Position:
        return self._thread.call(lambda: self._hub.clear(room))

    def delete(self, room: str) -> None:
        self._thread.call(lambda: self._hub.delete(room))

    def read(self, room: str, since: str, limit: int) -> History:
        return self._thread.call(self._read, room, since, limit)

    def create_link(
        self, rooms: Sequence[str], expires_s: float, label: str, dashboard: DashboardSpec | None
    ) -> LinkInfo:
        raise UnreachableError(_NO_SERVER)

    def links(self) -> list[LinkState]:
        return []

    def revoke(self, link_id: str) -> None:
        raise NotFoundError(f"there is no link {link_id!r}: {_NO_SERVER}")

    def put_dashboard(self, name: str, spec: DashboardSpec) -> None:
        raise UnreachableError(_NO_SERVER)

    def report(self) -> HubReport:
        return self._thread.call(lambda: HubReport(self._stage.slow_viewers()))

    @property
    def _hub(self) -> Hub:
        return self._stage.hub

    @property
    def _stage(self) -> Stage:
        """On the loop's thread only. A forked child has a loop, and so a hub, of its own."""
        loop = asyncio.get_running_loop()
        if self._made is None or self._made.loop is not loop:
            self._made = Stage(Hub(lambda: secrets.token_hex(_ID_BYTES)), loop, now_us, _never_ended)
        return self._made

    def _state_of(self, room: Room) -> RoomState:
        history = room.history
        return RoomState(
            room.name,
            room.epoch,
            history.top,
            history.first,
            history.records,
            history.nbytes,
            len(self._hub.viewers(room.name)),
            room.publishers.dropped,
            msgspec.to_builtins(room.settings),
        )

    def _read(self, name: str, since: str, limit: int) -> History:
        page = read_page(self._hub, name, since, limit)
        return History(page.batch, page.position)


class _EmbeddedChannel:
    """The publisher's messages to a hub on its own loop."""

    close_code = None

    def __init__(self, stage: Stage) -> None:
        self._answers: asyncio.Queue[bytes | None] = asyncio.Queue()
        self._transport = CommTransport(stage, owner("owner"), self._answers.put_nowait)

    def send(self, data: bytes) -> None:
        self._transport.receive(data)

    async def receive(self) -> bytes | None:
        return await self._answers.get()

    def close(self) -> None:
        self._transport.close()
        self._answers.put_nowait(None)

    def abandon(self) -> None:
        """The parent's hub stays with the parent."""


def _never_ended(grant: Grant) -> ByeReason | None:
    return None
