"""How the shared state lies on a broker's shelves: a shelf for each room, and one for links, dashboards and the hub itself."""

from __future__ import annotations

from collections import deque
from collections.abc import Mapping
from typing import Final

import msgspec

from livedash import limits
from livedash.brokers.contract import Mark, Shelf
from livedash.brokers.entries import decoder, to_bytes
from livedash.brokers.numbers import Numbers
from livedash.brokers.state import SharedState
from livedash.core.kept import KeptAnswer, KeptRoom, RoomHeader, kept_of, room_of
from livedash.core.publishers import Request
from livedash.core.room import Room
from livedash.core.settings import RoomSettings
from livedash.errors import ProtocolError
from livedash.sharing.link import Link
from livedash.wire.batch import Batch
from livedash.wire.messages import GapReason
from livedash.wire.position import Position
from livedash.wire.specs import DashboardSpec

HUB: Final = "hub"
LINKS: Final = "links"
DASHBOARDS: Final = "dashboards"
STATE: Final = "state"
_ROOM: Final = "room:"
_ROW: Final = "row:"


class _RoomState(msgspec.Struct, frozen=True, array_like=True):
    """A room without its history, which lies beside it in rows; as the log had made it at `as_of`."""

    as_of: Mark
    header: RoomHeader
    first: int
    top: int
    latest: tuple[Batch, ...]
    answers: tuple[KeptAnswer, ...]
    dropped: dict[str, int]


class HubState(msgspec.Struct, frozen=True, array_like=True):
    """All rooms are on their shelves as of `as_of`, or later. `defaults`: of a new room's settings.

    `presence_key`: by which viewers have the same id at all hubs.
    """

    as_of: Mark
    defaults: RoomSettings
    numbers: dict[str, list[tuple[int, int]]]
    rescued: list[tuple[str, str, int]]
    deleted: dict[str, dict[str, GapReason]]
    requests: list[tuple[str, Request, Position, float]]
    presence_key: str = ""


class _KeptLink(msgspec.Struct, frozen=True, array_like=True):
    link: Link
    digest: bytes


_decode_room: Final = decoder(_RoomState).decode
_decode_hub: Final = decoder(HubState).decode
_decode_link: Final = decoder(_KeptLink).decode
_decode_spec: Final = decoder(DashboardSpec).decode


class RoomRows:
    """Which rows of a room's history are on its shelf: each holds the records up to its last offset."""

    def __init__(self, epoch: str, first: int) -> None:
        self.epoch = epoch
        self._top = first - 1
        self._rows: deque[tuple[int, int]] = deque()

    def has_trimmed(self, room: Room) -> bool:
        """True if the room does not hold all rows any more."""
        return bool(self._rows) and self._rows[0][1] < room.history.first

    def is_far_behind(self, room: Room) -> bool:
        """True if one row more is not the last one."""
        return room.history.bytes_after(max(self._top, room.history.first - 1)) > limits.MESSAGE_BYTES

    def next_row(self, room: Room) -> dict[str, bytes | None]:
        """What comes next of the room, about limits.MESSAGE_BYTES: no row is long work for this hub, or for the broker."""
        first = max(self._top + 1, room.history.first)
        stored = room.history.read(first - 1, limits.MESSAGE_BYTES)
        if not stored:
            return {}
        self._top = stored[-1].last
        self._rows.append((first, self._top))
        return {f"{_ROW}{first}": to_bytes(tuple(part.batch for part in stored))}

    def follow(self, room: Room) -> dict[str, bytes | None]:
        """What is left to write, so that the shelf holds what the room does."""
        changes: dict[str, bytes | None] = {}
        while self._rows and self._rows[0][1] < room.history.first:
            changes[f"{_ROW}{self._rows.popleft()[0]}"] = None
        while row := self.next_row(room):
            changes.update(row)
        return changes


def shelf_of_room(name: str) -> str:
    return f"{_ROOM}{name}"


def state_of_room(room: Room, as_of: Mark) -> bytes:
    """Of the shelf's field STATE."""
    kept = kept_of(room)
    return to_bytes(
        _RoomState(as_of, kept.header, kept.first, kept.top, kept.latest, kept.answers, dict(kept.dropped or {}))
    )


def shelf_of_kept(kept: KeptRoom, as_of: Mark) -> Shelf:
    """All of a room, in one row."""
    state = _RoomState(as_of, kept.header, kept.first, kept.top, kept.latest, kept.answers, dict(kept.dropped or {}))
    return {STATE: to_bytes(state), f"{_ROW}{kept.first}": to_bytes(kept.batches)}


def state_of_hub(state: SharedState, as_of: Mark) -> bytes:
    rescued = [(*place, offset) for place, offset in state.rescued.items()]
    hub = state.hub
    requests = list(hub.idempotency.all())
    return to_bytes(
        HubState(as_of, hub.defaults, state.numbers.all(), rescued, hub.deleted.all(), requests, hub.presence.key)
    )


def shelf_of_links(state: SharedState) -> dict[str, bytes]:
    return {link.id: to_bytes(_KeptLink(link, digest)) for link, digest in state.links.held()}


def shelf_of_dashboards(state: SharedState) -> dict[str, bytes]:
    return {name: to_bytes(spec) for name, spec in state.dashboards.items()}


def put_into(state: SharedState, shelves: Mapping[str, Shelf]) -> tuple[Mark, dict[str, Mark]]:
    """Fills an empty state. As of when that is, and each of its rooms. Raises ProtocolError for what can't be read."""
    try:
        hub = _decode_hub(shelves[HUB][STATE])
        as_of = {}
        for name, shelf in shelves.items():
            if name.startswith(_ROOM) and STATE in shelf:
                mark, kept = _kept_room(shelf)
                state.hub.rooms[kept.header.name] = room_of(kept)
                as_of[kept.header.name] = mark
        for data in shelves.get(LINKS, {}).values():
            kept_link = _decode_link(data)
            state.links.add(kept_link.link, kept_link.digest)
        for name, data in shelves.get(DASHBOARDS, {}).items():
            state.dashboards[name] = _decode_spec(data)
    except (msgspec.DecodeError, KeyError) as error:
        raise ProtocolError(f"the broker's shelves hold what this livedash can't read: {error}") from error
    state.hub.defaults = hub.defaults
    state.hub.presence.key = hub.presence_key
    state.numbers = Numbers(hub.numbers)
    state.rescued.update({(room, epoch): offset for room, epoch, offset in hub.rescued})
    for name, former in hub.deleted.items():
        state.hub.deleted.remember(name, former)
    for room, request, position, at_s in hub.requests:
        state.hub.idempotency.remember(room, request, position, at_s)
    return hub.as_of, as_of


def as_of(hub_shelf: Shelf) -> Mark:
    """Of the field STATE of the shelf HUB."""
    data = hub_shelf.get(STATE)
    return 0 if data is None else _decode_hub(data).as_of


def _kept_room(shelf: Shelf) -> tuple[Mark, KeptRoom]:
    state = _decode_room(shelf[STATE])
    rows = {int(field.removeprefix(_ROW)): data for field, data in shelf.items() if field.startswith(_ROW)}
    batches: list[Batch] = []
    held_from, top = state.first, state.first - 1
    for first in sorted(rows):
        start = first
        for batch in _decode_batches(rows[first]):
            part = batch.slice(top + 1 - start, state.top + 1 - start)
            if part.count and start > top + 1:  # what lies before a hole can't be read on from
                batches.clear()
                held_from = start
            if part.count:
                batches.append(part)
                top = max(start - 1, top) + part.count
            start += batch.count
    held_from = held_from if batches else state.top + 1
    kept = KeptRoom(state.header, held_from, tuple(batches), state.latest, state.answers, state.dropped)
    return state.as_of, kept


_decode_batches: Final = decoder(list[Batch]).decode
