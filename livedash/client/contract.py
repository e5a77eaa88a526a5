"""What a hub is to the process that uses it, wherever it runs; one file an implementation.

HubAccess answers questions and waits for the answers. A Channel carries messages both ways and never waits to send.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Protocol

import msgspec

from livedash.brokers.contract import BrokerState
from livedash.store.contract import StoreState
from livedash.transports.backlog import SlowViewers
from livedash.wire.batch import Batch
from livedash.wire.messages import ViewerInfo
from livedash.wire.position import Position
from livedash.wire.specs import DashboardSpec


class RoomState(msgspec.Struct, frozen=True):
    """`first`: the oldest offset that is held; `bytes` of history."""

    name: str
    epoch: str
    offset: int
    first: int
    records: int
    bytes: int
    viewers: int = 0
    publishers_dropped: int = 0
    settings: dict[str, Any] = {}

    @property
    def position(self) -> Position:
        return Position(self.epoch, self.offset)


class LinkInfo(msgspec.Struct, frozen=True):
    """A share link as its maker sees it once. `expires_at` in seconds since 1970; `note`: who can't open it."""

    id: str
    url: str
    feed_url: str
    key: str
    expires_at: float
    rooms: tuple[str, ...] = ()
    label: str = ""
    note: str | None = None


class LinkState(msgspec.Struct, frozen=True):
    """A link in the list: its key is told nobody again."""

    id: str
    rooms: tuple[str, ...]
    label: str
    expires_at: float
    viewers: int


@dataclass(frozen=True, slots=True)
class SourceState:
    """`state`: running, failing (it tries again), ended (its generator is exhausted) or stopped. `error`: the last
    one.
    """

    name: str
    room: str
    state: str
    runs: int
    failures: int
    error: str | None


@dataclass(frozen=True, slots=True)
class History:
    """A page of a room's records; `position` is that of the last one. `batch` may be empty."""

    batch: Batch
    position: Position


class HubReport(msgspec.Struct, frozen=True):
    """How a hub is. `data_dir`: how it keeps its rooms on disk; `broker`: how it shares them. None where it does not."""

    slow_viewers: SlowViewers | None = None
    data_dir: StoreState | None = None
    broker: BrokerState | None = None


class HubAccess(Protocol):
    """Any thread may call; each call waits. Raises LivedashError, UnreachableError where the hub does not answer."""

    @property
    def address(self) -> str:
        """For people: a URL without secrets, a socket's path, or 'in this process'."""

    def at_once(self) -> HubAccess:
        """The same hub, which is not asked again where it does not answer."""

    def rooms(self) -> list[RoomState]: ...
    def state(self, room: str) -> RoomState:
        """Raises NotFoundError before the room's first record or settings."""

    def viewers(self, room: str) -> list[ViewerInfo]:
        """Who reads the room now, over all transports; none where there is no room yet and nobody waits for it."""

    def configure(self, room: str, changes: dict[str, Any]) -> RoomState: ...
    def clear(self, room: str) -> Position: ...
    def delete(self, room: str) -> None: ...
    def read(self, room: str, since: str, limit: int) -> History: ...
    def create_link(
        self, rooms: Sequence[str], expires_s: float, label: str, dashboard: DashboardSpec | None
    ) -> LinkInfo: ...
    def links(self) -> list[LinkState]: ...
    def revoke(self, link_id: str) -> None: ...
    def put_dashboard(self, name: str, spec: DashboardSpec) -> None: ...
    def report(self) -> HubReport: ...


class Channel(Protocol):
    """An open connection of messages in MessagePack. A closed one receives None, and sends into nothing."""

    @property
    def close_code(self) -> int | None:
        """With which the hub closed it, None while it is open and where there was none."""

    def send(self, data: bytes) -> None: ...
    async def receive(self) -> bytes | None: ...
    def close(self) -> None: ...
    def abandon(self) -> None:
        """In a forked child: lets go of the parent's connection, without a word to the hub."""


class Connector(Protocol):
    """Opens channels to one hub, again and again."""

    @property
    def address(self) -> str: ...
    @property
    def transport(self) -> str:
        """websocket, unix or in-process."""

    async def connect(self) -> Channel:
        """Raises UnreachableError (try again) or another LivedashError (the hub refuses: that does not help)."""
