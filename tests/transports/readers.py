"""The readers of a story: they come, go, come back with a cursor, and are judged by what they hear."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, Final

from livedash.core.hub import Hub
from livedash.errors import CursorRefusedError
from livedash.testing.peers import CommPeer, Heard, Peer, PollPeer, SsePeer, WebSocketPeer, Wish
from livedash.transports.viewer import Stage
from livedash.wire.batch import Batch
from livedash.wire.codec import JSON, MSGPACK
from livedash.wire.messages import Mode, Shape
from livedash.wire.position import Cursor, Position
from tests.transports.delivery_judge import KEYED, WINDOW, Held, Judge, Reader

TRANSPORTS: Final[dict[str, Callable[[Stage], Peer]]] = {
    "websocket_json": lambda stage: WebSocketPeer(stage, JSON),
    "websocket_msgpack": lambda stage: WebSocketPeer(stage, MSGPACK),
    "sse": SsePeer,
    "longpoll": PollPeer,
    "comm": CommPeer,
}
ROOMS: Final = {"one_room": ("a",), "one_keyed_room": (KEYED,), "many_rooms": ("a", "b", KEYED)}
SMALL: Final = {"SEND_BUFFER_BYTES": 700, "MESSAGE_BYTES": 400, "OUTBOX_BYTES": 900}  # so that a story can fill them
# what readers ask for
SINCE: Final = ("now", "earliest", "snapshot", "-2")
Policy = tuple[Mode, float | None]
POLICIES: Final[tuple[Policy, ...]] = (
    *(("all", None),) * 4,
    ("all", 5.0),
    ("latest", 5.0),
    ("sample", 5.0),
    ("latest", None),
)
SHARES: Final = (0.0, 0.3, 0.7, 1.0, 1.0)
FORGED: Final = ("malformed", "future", "foreign", "old")
CanNotGoOn = Callable[[Hub, str, Position], bool]


class Readers:
    """`can_not_go_on`: whether a hub, as it is now, has to tell a gap first to who comes with that position of a room."""

    def __init__(self, judge: Judge, rooms: tuple[str, ...], shape: Shape, can_not_go_on: CanNotGoOn) -> None:
        self.judge = judge
        self.rooms = rooms
        self.shape = shape
        self._can_not_go_on = can_not_go_on
        self.all: list[Reader] = []

    def arrive(self, transport: str, stage: Stage, since: str, policy: Policy, *, glob: bool) -> None:
        asked = ("*",) if glob else self.rooms
        wishes = [Wish(room, since, self.shape, *policy, WINDOW) for room in asked]
        reader = Reader(TRANSPORTS[transport](stage), wishes)
        self.all.append(reader)
        self.open(reader)

    def open(self, reader: Reader, stage: Stage | None = None) -> None:
        """It comes (back) with its cursor; `stage`: at another hub."""
        reader.peer.cut()
        if stage is not None:
            reader.peer.stage = stage
        reader.may_skip = any(wish.mode != "all" for wish in reader.wishes)
        self._go_on_from(reader, reader.peer.cursor)
        reader.peer.open(reader.wishes)

    def open_with_another_cursor(self, reader: Reader, room: str, kind: str, stage: Stage | None = None) -> None:
        reader.peer.cut()
        forged = _forged(reader, (stage or reader.peer.stage).hub, room, kind)
        if forged is not None:
            reader.peer.forge(forged)
        self.open(reader, stage)

    def change_policy(self, reader: Reader, policy: Policy) -> None:
        self._wish(reader, [Wish(w.room, w.since, w.shape, *policy, w.window) for w in reader.wishes])

    def leave_or_join(self, reader: Reader, room: str) -> None:
        if any(wish.room == "*" for wish in reader.wishes):
            return
        left = [wish for wish in reader.wishes if wish.room != room]
        if len(left) == len(reader.wishes):
            left.append(Wish(room, "snapshot", self.shape, window=WINDOW))
        if left:
            self._wish(reader, left)

    def carry(self, reader: Reader, share: float) -> list[Heard]:
        heard = reader.peer.carry(share)
        self.judge.check(reader, heard)
        return heard

    @property
    def are_behind(self) -> bool:
        """Some of them are not where their hubs are, in some room; what a reader published itself does not count."""
        return any(
            held.position is None or held.position.offset != room.history.top
            for reader in self.all
            for name, held in reader.held.items()
            if (room := reader.peer.stage.hub.rooms.get(name)) is not None and room.history.top
        )

    def check_caught_up(self) -> None:
        """Each one stands where its hub does."""
        for reader in self.all:
            for room in self.rooms:
                if any(wish.room in (room, "*") for wish in reader.wishes):
                    self.judge.check_caught_up(reader, reader.peer.stage.hub, room)

    def _wish(self, reader: Reader, wishes: list[Wish]) -> None:
        if not reader.peer.is_open:
            return
        for room in {wish.room for wish in reader.wishes} - {wish.room for wish in wishes}:
            reader.held.pop(room, None)
        before, reader.wishes = reader.wishes, wishes
        if isinstance(reader.peer, WebSocketPeer):
            reader.may_skip = reader.may_skip or any(wish.mode != "all" for wish in wishes)
            cursor = Cursor.parse(reader.peer.cursor).positions if reader.peer.cursor else {}
            changed = {wish.room for wish in wishes if wish not in before}
            for room in self.rooms if "*" in changed else changed:  # asked again from where the reader is
                held = reader.of(room)
                held.position = cursor.get(room)
                held.owes_state, held.must_gap = False, self._must_gap(reader, room, held.position)
            reader.peer.wish(wishes)
        else:
            self.open(reader)

    def _go_on_from(self, reader: Reader, cursor: str) -> None:
        """What the reader may expect of a connection that goes on from this cursor."""
        try:
            positions = Cursor.parse(cursor).positions if cursor else {}
            is_malformed = False
        except CursorRefusedError:
            positions, is_malformed = {}, True
        hub = reader.peer.stage.hub
        for room in self.rooms:
            held = reader.held[room] = Held(positions.get(room))
            is_new = room not in hub.rooms and any(wish.room == "*" for wish in reader.wishes)
            held.must_gap = (is_malformed and not is_new) or self._must_gap(reader, room, held.position)

    def _must_gap(self, reader: Reader, room: str, position: Position | None) -> bool:
        return position is not None and position.exists and self._can_not_go_on(reader.peer.stage.hub, room, position)


def batch_of(room: str, values: Sequence[int]) -> Batch:
    """Records with these values as `v`, and some variety beside."""
    records: list[dict[str, Any]] = []
    for value in values:
        record: dict[str, Any] = {"v": value}
        if room == KEYED:
            record["id"] = f"key{value % 3}"
            if value % 7 == 0:
                record["_deleted"] = True
        elif value % 5 == 0:
            record["text"] = "data: x\né\n"
        records.append(record)
    return Batch.from_records(records, [0] * len(values))


def settings_of(room: str, bound: int) -> dict[str, Any]:
    return {"history_records": bound} | ({"key": "id"} if room == KEYED else {})


def _forged(reader: Reader, hub: Hub, room: str, kind: str) -> str | None:
    there = hub.rooms.get(room)
    positions = {name: held.position for name, held in reader.held.items() if held.position is not None}
    if kind == "malformed":
        return "a:e1,,-"
    if kind == "foreign":
        positions[room] = Position("zz9", 3)
    elif there is None:
        return None
    elif kind == "future":
        positions[room] = Position(there.epoch, there.history.top + 5)
    else:
        positions[room] = Position(there.epoch, max(0, there.history.top - 3))
    return str(Cursor(positions))
