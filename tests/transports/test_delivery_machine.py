"""Promises 1 and 2 of the design on each transport: real sessions, whose bytes can be cut anywhere, against a plain model.

`LIVEDASH_LONG_TESTS=1` (`make soak`) runs many more and longer stories.
"""

from __future__ import annotations

import itertools
import os
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, precondition, rule

from livedash import limits
from livedash.core.hub import Hub
from livedash.core.origin import Origin
from livedash.errors import CursorRefusedError
from livedash.testing.clock import ManualClock
from livedash.testing.loop import ManualLoop
from livedash.testing.peers import (
    CommPeer,
    Peer,
    PollPeer,
    Records,
    SsePeer,
    State,
    WebSocketPeer,
    Wish,
)
from livedash.transports.viewer import Stage
from livedash.wire.batch import Batch
from livedash.wire.codec import JSON, MSGPACK
from livedash.wire.messages import Shape
from livedash.wire.position import NO_EPOCH, Cursor, Position
from tests.transports.delivery_judge import KEYED, WINDOW, Held, Judge, Reader

TRANSPORTS: dict[str, Callable[[Stage], Peer]] = {
    "websocket_json": lambda stage: WebSocketPeer(stage, JSON),
    "websocket_msgpack": lambda stage: WebSocketPeer(stage, MSGPACK),
    "sse": SsePeer,
    "longpoll": PollPeer,
    "comm": CommPeer,
}
ROOMS = {"one_room": ("a",), "one_keyed_room": ("k",), "many_rooms": ("a", "b", "k")}
SINCE = st.sampled_from(["now", "earliest", "snapshot", "-2"])
POLICY = st.sampled_from([("all", None)] * 4 + [("all", 5.0), ("latest", 5.0), ("sample", 5.0), ("latest", None)])
SHARE = st.sampled_from([0.0, 0.3, 0.7, 1.0, 1.0])
LONG = bool(os.environ.get("LIVEDASH_LONG_TESTS"))
SMALL = {"SEND_BUFFER_BYTES": 700, "MESSAGE_BYTES": 400, "OUTBOX_BYTES": 900}  # so that a story can fill them


@pytest.fixture(autouse=True)
def _small(monkeypatch: pytest.MonkeyPatch) -> None:
    for name, size in SMALL.items():
        monkeypatch.setattr(limits, name, size)


class DeliveryMachine(RuleBasedStateMachine):
    transport = "websocket_json"
    rooms: tuple[str, ...] = ("a",)
    shape: Shape = "records"

    def __init__(self) -> None:
        super().__init__()
        counter = itertools.count(1)
        self.new_id = lambda: f"e{next(counter)}"
        self.clock = ManualClock()
        self.loop = ManualLoop(self.clock)
        self.bounds: dict[str, int] = {}
        self.value = 0
        self.judge = Judge()
        self.readers: list[Reader] = []
        self.start_hub()

    def start_hub(self) -> None:
        self.hub = Hub(self.new_id)
        self.stage = Stage(self.hub, self.loop, self.clock.now_us, lambda _: None)

    @initialize(bound=st.integers(2, 12), since=SINCE, policy=POLICY, glob=st.booleans())
    def begin(self, bound: int, since: str, policy: tuple[Any, Any], glob: bool) -> None:
        """A reader from the very start, in rooms that do not exist yet."""
        self.bound = bound
        self._arrive(since, policy, glob=glob)

    # The world

    @rule(data=st.data(), count=st.integers(1, 6))
    def publish(self, data: st.DataObject, count: int) -> None:
        room = data.draw(st.sampled_from(self.rooms))
        self._note_published(room, *self._publish(room, self._batch(room, count)))

    @rule(data=st.data(), count=st.integers(1, 3))
    def publish_and_flush(self, data: st.DataObject, count: int) -> None:
        """A rule of its own, so that stories have more records than upheavals."""
        self.publish(data, count)
        self.loop.settle()

    @rule(data=st.data(), what=st.sampled_from(["clear", "delete", "restart", "give_back", "lose_tail"]))
    def upheaval(self, data: st.DataObject, what: str) -> None:
        room = data.draw(st.sampled_from(self.rooms))
        if what == "clear" and room in self.hub.rooms:
            self.judge.streams.setdefault((room, self.hub.clear(room).epoch), [])
        elif what == "delete" and room in self.hub.rooms:
            self.hub.delete(room)
        elif what not in ("clear", "delete"):
            self._restart(is_given_back=what != "restart", lost=2 if what == "lose_tail" else 0)

    @rule(data=st.data(), bound=st.integers(1, 12))
    def trim(self, data: st.DataObject, bound: int) -> None:
        room = data.draw(st.sampled_from(self.rooms))
        if room in self.hub.rooms:
            self.hub.configure(room, {"history_records": bound}, 0, self.clock.now_s())

    @rule(seconds=st.sampled_from([0.1, 0.3, 1.0, 2.5, 3.0, 70.0]))
    def time_passes(self, seconds: float) -> None:
        self.loop.advance(seconds)

    # Readers

    @precondition(lambda self: len(self.readers) < 3)
    @rule(since=SINCE, policy=POLICY, glob=st.booleans())
    def arrive(self, since: str, policy: tuple[Any, Any], glob: bool) -> None:
        self._arrive(since, policy, glob=glob)

    @rule(data=st.data(), share=SHARE)
    def carry(self, data: st.DataObject, share: float) -> None:
        """What was sent reaches a reader, all of it or up to any byte."""
        self._carry(self._reader(data), share)

    @rule(data=st.data(), share=SHARE)
    def flush_and_carry(self, data: st.DataObject, share: float) -> None:
        self.loop.settle()
        self._carry(self._reader(data), share)

    @rule(data=st.data())
    def cut(self, data: st.DataObject) -> None:
        self._reader(data).peer.cut()

    @rule(data=st.data())
    def come_back(self, data: st.DataObject) -> None:
        self._open(self._reader(data))

    @rule(data=st.data(), kind=st.sampled_from(["malformed", "future", "foreign", "old"]))
    def come_back_with_another_cursor(self, data: st.DataObject, kind: str) -> None:
        reader = self._reader(data)
        reader.peer.cut()
        room = data.draw(st.sampled_from(self.rooms))
        forged = self._forged(reader, room, kind)
        if forged is not None:
            reader.peer.forge(forged)
        self._open(reader)

    @rule(data=st.data(), policy=POLICY)
    def change_policy(self, data: st.DataObject, policy: tuple[Any, Any]) -> None:
        reader = self._reader(data)
        mode, max_hz = policy
        self._wish(reader, [Wish(w.room, w.since, w.shape, mode, max_hz, w.window) for w in reader.wishes])

    @rule(data=st.data())
    def leave_a_room_or_join_one(self, data: st.DataObject) -> None:
        reader = self._reader(data)
        if any(wish.room == "*" for wish in reader.wishes):
            return
        room = data.draw(st.sampled_from(self.rooms))
        left = [wish for wish in reader.wishes if wish.room != room]
        if len(left) == len(reader.wishes):
            left.append(Wish(room, "snapshot", self.shape, window=WINDOW))
        if left:
            self._wish(reader, left)

    @rule(data=st.data(), count=st.integers(1, 3))
    def publish_without_echo(self, data: st.DataObject, count: int) -> None:
        reader = self._reader(data)
        if isinstance(reader.peer, WebSocketPeer) and reader.peer.is_open:
            room = data.draw(st.sampled_from(self.rooms))
            batch = self._batch(room, count)
            self._configure(room)
            reader.peer.publish(room, batch, echo=False)
            self._note_published(room, batch, self.hub.rooms[room].position)
            epoch, top = self.hub.rooms[room].epoch, self.hub.rooms[room].history.top
            reader.own |= {(room, epoch, offset) for offset in range(top - count + 1, top + 1)}

    # At the end of each story all readers are there and have caught up

    def teardown(self) -> None:
        if self.judge.is_broken:
            return
        for reader in self.readers:
            if not reader.peer.is_open:
                self._open(reader)
        for _ in range(4):
            self.loop.advance(limits.TAKEOVER_WAIT_S)
            for reader in self.readers:
                while heard := reader.peer.carry(1.0):
                    self.judge.check(reader, heard)
                    self.loop.settle()
                    if isinstance(reader.peer, PollPeer) and not any(isinstance(one, Records | State) for one in heard):
                        break
        for reader in self.readers:
            self._check_caught_up(reader)

    def _check_caught_up(self, reader: Reader) -> None:
        for room in self.rooms:
            there, held = self.hub.rooms.get(room), reader.of(room)
            if not any(wish.room in (room, "*") for wish in reader.wishes):
                continue
            assert not held.owes_state
            assert not held.must_gap, "nobody waits for ever"
            if there is None or not there.history.top:
                continue
            assert reader.peer.keys.get(room) == there.settings.key
            if held.position is None or held.position != there.position:
                assert self._is_all_own(reader, room, held.position), (room, held, there.position)

    def _is_all_own(self, reader: Reader, room: str, position: Position | None) -> bool:
        """What `echo: false` leaves out is told with the next record that follows it."""
        there = self.hub.rooms[room]
        if position is not None and position.epoch not in (there.epoch, NO_EPOCH):
            return False
        after = position.offset if position is not None and position.epoch == there.epoch else 0
        return all((room, there.epoch, offset) in reader.own for offset in range(after + 1, there.history.top + 1))

    # How the world is made

    def _batch(self, room: str, count: int) -> Batch:
        records: list[dict[str, Any]] = []
        for _ in range(count):
            self.value += 1
            record: dict[str, Any] = {"v": self.value}
            if room == KEYED:
                record["id"] = f"key{self.value % 3}"
                if self.value % 7 == 0:
                    record["_deleted"] = True
            elif self.value % 5 == 0:
                record["text"] = "data: x\né\n"
            records.append(record)
        return Batch.from_records(records, [0] * count)

    def _publish(self, room: str, batch: Batch) -> tuple[Batch, Position]:
        self._configure(room)
        return batch, self.hub.publish(room, batch, 0, self.clock.now_s())

    def _configure(self, room: str) -> None:
        if room not in self.hub.rooms:
            changes: dict[str, Any] = {"history_records": self.bound} | ({"key": "id"} if room == KEYED else {})
            self.hub.configure(room, changes, 0, self.clock.now_s())

    def _note_published(self, room: str, batch: Batch, position: Position) -> None:
        stream = self.judge.streams.setdefault((room, position.epoch), [])
        stream += batch.records()
        assert position.offset == len(stream)

    def _restart(self, *, is_given_back: bool, lost: int) -> None:
        """The hub begins anew; who held its records may give them back, all of them or without the last ones."""
        held = {name: (room.epoch, room.history.first, room.history.top) for name, room in self.hub.rooms.items()}
        for reader in self.readers:
            reader.peer.cut()
        self.stage.close()
        self.start_hub()
        for name, (epoch, first, top) in held.items():
            last = top - lost
            if is_given_back and last >= first:
                stream = self.judge.streams[name, epoch]
                del stream[last:]
                records = stream[first - 1 : last]
                batch = Batch.from_records(records, [0] * len(records))
                settings = {"history_records": self.bound} | ({"key": "id"} if name == KEYED else {})
                self.hub.restore(name, epoch, first, batch, 0, self.clock.now_s(), Origin(settings=settings))
                self.judge.given_back_from[name, epoch] = first
        for reader in self.readers:
            reader.peer.stage = self.stage
            self._open(reader)

    # How readers are driven and checked

    def _reader(self, data: st.DataObject) -> Reader:
        return data.draw(st.sampled_from(self.readers))

    def _arrive(self, since: str, policy: tuple[Any, Any], *, glob: bool) -> None:
        mode, max_hz = policy
        asked = ("*",) if glob else self.rooms
        wishes = [Wish(room, since, self.shape, mode, max_hz, WINDOW) for room in asked]
        reader = Reader(TRANSPORTS[self.transport](self.stage), wishes)
        self.readers.append(reader)
        self._open(reader)

    def _open(self, reader: Reader) -> None:
        reader.peer.cut()
        reader.may_skip = any(wish.mode != "all" for wish in reader.wishes)
        self._go_on_from(reader, reader.peer.cursor)
        reader.peer.open(reader.wishes)

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
                held.owes_state, held.must_gap = False, self._can_not_go_on(room, held.position)
            reader.peer.wish(wishes)
        else:
            self._open(reader)

    def _go_on_from(self, reader: Reader, cursor: str) -> None:
        """What the reader may expect of a connection that goes on from this cursor."""
        try:
            positions = Cursor.parse(cursor).positions if cursor else {}
            is_malformed = False
        except CursorRefusedError:
            positions, is_malformed = {}, True
        for room in self.rooms:
            held = reader.held[room] = Held(positions.get(room))
            is_new = room not in self.hub.rooms and any(wish.room == "*" for wish in reader.wishes)
            held.must_gap = (is_malformed and not is_new) or self._can_not_go_on(room, held.position)

    def _can_not_go_on(self, room: str, position: Position | None) -> bool:
        there = self.hub.rooms.get(room)
        if position is None or not position.exists:
            return False
        return there is None or position.epoch != there.epoch or position.offset > there.history.top

    def _forged(self, reader: Reader, room: str, kind: str) -> str | None:
        there = self.hub.rooms.get(room)
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

    def _carry(self, reader: Reader, share: float) -> None:
        self.judge.check(reader, reader.peer.carry(share))


def _machine(transport: str, rooms: str, shape: Shape) -> Any:
    machine = type(
        f"{transport}_{rooms}_{shape}",
        (DeliveryMachine,),
        {"transport": transport, "rooms": ROOMS[rooms], "shape": shape},
    )
    case = machine.TestCase
    case.settings = settings(
        max_examples=2_000 if LONG else 60,
        stateful_step_count=100 if LONG else 50,
        deadline=None,
        suppress_health_check=[HealthCheck.too_slow, HealthCheck.function_scoped_fixture],
    )
    return case


for _transport in TRANSPORTS:
    for _rooms in ROOMS:
        for _shape in ("records", "columns"):
            globals()[f"Test_{_transport}_{_rooms}_{_shape}"] = _machine(_transport, _rooms, _shape)
