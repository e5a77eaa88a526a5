"""Promises 1 and 2 of the design, held against a plain model: each record once and in order, or a gap and then the state.

`LIVEDASH_LONG_TESTS=1` runs many more and longer stories.
"""

from __future__ import annotations

import itertools
import os
from dataclasses import dataclass, field
from typing import Any

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from livedash import limits
from livedash.core.hub import Hub
from livedash.testing.clock import ManualClock
from livedash.testing.viewer import MemoryViewer
from livedash.wire.batch import Batch
from livedash.wire.messages import Delivery, Gap, HubMessage, Subscribed
from livedash.wire.position import NO_EPOCH

ROOMS = ("a", "b")
WINDOW = 5
ARRIVAL = st.tuples(st.sampled_from(["now", "earliest", "snapshot", "-2"]), st.booleans())  # since, and by glob or name
LONG = bool(os.environ.get("LIVEDASH_LONG_TESTS"))


@dataclass
class Told:
    """What one reader knows of one room, as a careful client would keep it."""

    epoch: str | None = None
    offset: int = 0
    owes_snapshot: bool = False
    records: list[dict[str, Any]] = field(default_factory=list)


class Reader:
    """A client: it keeps its cursor over connections, and checks each message against what it may be."""

    def __init__(self, since: str) -> None:
        self.since = since
        self.told = {room: Told() for room in ROOMS}
        self.viewer: MemoryViewer | None = None
        self.asks_state = False  # then only a snapshot says where it stands, or the first record of a new room


class DeliveryMachine(RuleBasedStateMachine):
    def __init__(self) -> None:
        super().__init__()
        counter = itertools.count(1)
        self.new_id = lambda: f"e{next(counter)}"
        self.clock = ManualClock()
        self.hub = Hub(self.new_id)
        self.value = 0
        # (room, epoch) -> the records that were ever acknowledged there; offset n is at index n - 1
        self.streams: dict[tuple[str, str], list[dict[str, Any]]] = {}
        self.given_back_from: dict[tuple[str, str], int] = {}  # where history began again after a restart
        self.readers: list[Reader] = []
        self.is_broken = False  # a check failed: what the readers hold then says nothing more

    @initialize(bound=st.integers(2, 12), first=ARRIVAL, second=ARRIVAL)
    def begin(self, bound: int, first: tuple[str, bool], second: tuple[str, bool]) -> None:
        """Readers from the very start, in rooms that do not exist yet."""
        self.bound = bound
        for since, glob in (first, second):
            self._arrive(since, glob)

    # The world

    @rule(room=st.sampled_from(ROOMS), count=st.integers(1, 4))
    def publish(self, room: str, count: int) -> None:
        records = [{"v": self.value + n} for n in range(count)]
        self.value += count
        is_new = room not in self.hub.rooms
        position = self.hub.publish(room, Batch.from_records(records, [0] * count), 0, self.clock.now_s())
        if is_new:
            self.hub.configure(room, {"history_records": self.bound}, 0, self.clock.now_s())
        stream = self.streams.setdefault((room, position.epoch), [])
        stream += records
        assert position.offset == len(stream)

    @rule(room=st.sampled_from(ROOMS), count=st.integers(1, 4))
    def publish_more(self, room: str, count: int) -> None:
        """A rule of its own, so that stories have more records than upheavals."""
        self.publish(room, count)

    @rule(room=st.sampled_from(ROOMS), what=st.sampled_from(["clear", "delete", "restart", "give_back", "lose_tail"]))
    def upheaval(self, room: str, what: str) -> None:
        if what == "clear" and room in self.hub.rooms:
            self.streams.setdefault((room, self.hub.clear(room).epoch), [])
        elif what == "delete" and room in self.hub.rooms:
            self.hub.delete(room)
        elif what not in ("clear", "delete"):
            self._restart(is_given_back=what != "restart", lost=2 if what == "lose_tail" else 0)

    def _restart(self, *, is_given_back: bool, lost: int) -> None:
        """The hub begins anew; who held its records may give them back, all of them or without the last ones."""
        held = {name: (room.epoch, room.history.first, room.history.top) for name, room in self.hub.rooms.items()}
        for reader in self.readers:
            self._disconnect(reader)
        self.hub = Hub(self.new_id)
        for name, (epoch, first, top) in held.items():
            last = top - lost
            if is_given_back and last >= first:
                stream = self.streams[name, epoch]
                del stream[last:]
                records = stream[first - 1 : last]
                batch = Batch.from_records(records, [0] * len(records))
                self.hub.restore(name, epoch, first, batch, 0, self.clock.now_s())
                self.given_back_from[name, epoch] = first
                self.hub.configure(name, {"history_records": self.bound}, 0, self.clock.now_s())

    @rule(seconds=st.sampled_from([0.1, 1.0, 3.0]))
    def time_passes(self, seconds: float) -> None:
        self.clock.advance(seconds)
        self.hub.trim(self.clock.now_us())

    # Readers

    @precondition(lambda self: len(self.readers) < 4)
    @rule(arrival=ARRIVAL)
    def arrive(self, arrival: tuple[str, bool]) -> None:
        self._arrive(*arrival)

    @precondition(lambda self: self.readers)
    @rule(data=st.data(), max_bytes=st.sampled_from([1, 800, 10**6]))
    def take(self, data: st.DataObject, max_bytes: int) -> None:
        reader = data.draw(st.sampled_from(self.readers))
        if reader.viewer is not None:
            self._check(reader, reader.viewer.take(max_bytes))

    @precondition(lambda self: self.readers)
    @rule(data=st.data(), glob=st.booleans())
    def come_back(self, data: st.DataObject, glob: bool) -> None:
        self._come_back(data.draw(st.sampled_from(self.readers)), glob=glob)

    @precondition(lambda self: self.readers)
    @rule(data=st.data())
    def block(self, data: st.DataObject) -> None:
        reader = data.draw(st.sampled_from(self.readers))
        if reader.viewer is not None:
            reader.viewer.session.note_blocked()

    # At the end of each story all readers are there and have caught up

    def teardown(self) -> None:
        if self.is_broken:
            return
        for reader in self.readers:
            if reader.viewer is None:
                self._come_back(reader, glob=False)
        self.clock.advance(limits.TAKEOVER_WAIT_S)
        for reader in self.readers:
            assert reader.viewer is not None
            for _ in range(3):
                self._check(reader, reader.viewer.take_all())
            for room, told in reader.told.items():
                assert not told.owes_snapshot
                there = self.hub.rooms.get(room)
                if there is not None and there.history.top:
                    assert (told.epoch, told.offset) == (there.epoch, there.history.top)

    @invariant()
    def bytes_add_up(self) -> None:
        assert self.hub.statistics().history_bytes == sum(room.nbytes for room in self.hub.rooms.values())

    # How

    def _arrive(self, since: str, glob: bool) -> None:
        reader = Reader(since)
        self.readers.append(reader)
        self._connect(reader, since, glob=glob)

    def _disconnect(self, reader: Reader) -> None:
        if reader.viewer is not None:
            reader.viewer.disconnect()
            reader.viewer = None

    def _come_back(self, reader: Reader, *, glob: bool) -> None:
        self._disconnect(reader)
        cursor = ",".join(
            f"{room}:{told.epoch}-{told.offset}"
            for room, told in reader.told.items()
            if told.epoch is not None and not told.owes_snapshot
        )
        self._connect(reader, cursor or reader.since, glob=glob)

    def _connect(self, reader: Reader, since: str, *, glob: bool) -> None:
        reader.viewer = MemoryViewer(self.hub, self.clock)
        reader.asks_state = since == "snapshot" or ":" in since  # rooms that a cursor does not name get the state
        for told in reader.told.values():
            if told.owes_snapshot:  # cut between a gap and its snapshot: it holds nothing, and asks anew
                told.epoch, told.records, told.owes_snapshot = None, [], False
        for room, told in reader.told.items():
            if told.epoch is None and room not in self.hub.rooms:
                told.epoch, told.offset = NO_EPOCH, 0  # whatever begins there is read from its first record
        for asked in ["*"] if glob else ROOMS:
            reader.viewer.read(asked, since, window=WINDOW)

    def _check(self, reader: Reader, messages: list[HubMessage]) -> None:
        self.is_broken = True
        for message in messages:
            if isinstance(message, Gap):
                told = reader.told[message.room]
                assert not told.owes_snapshot, "a gap is followed by its snapshot"
                self._check_gap(message, told)
                told.owes_snapshot = True
            elif isinstance(message, Subscribed) and message.room in reader.told:
                told = reader.told[message.room]
                if told.epoch is None and message.recovered and not reader.asks_state:
                    told.epoch, told.offset = message.epoch, message.offset
            elif isinstance(message, Delivery):
                told = reader.told[message.room]
                if message.is_snapshot:
                    self._take_snapshot(message, told)
                else:
                    self._take_records(message, told)
        self.is_broken = False

    def _check_gap(self, gap: Gap, told: Told) -> None:
        if gap.reason in ("trimmed", "slow"):
            assert gap.start is not None
            assert gap.stop is not None
            assert gap.start <= gap.stop
            if told.epoch not in (None, NO_EPOCH):
                assert gap.start == told.offset + 1

    def _take_snapshot(self, message: Delivery, told: Told) -> None:
        records = message.batch.records()
        if message.epoch != NO_EPOCH:
            stream = self.streams[message.room, message.epoch]
            assert message.offset <= len(stream)
            first = self.given_back_from.get((message.room, message.epoch), 1)
            kept = min(WINDOW, self.bound, message.offset - first + 1)
            assert records == stream[message.offset - kept : message.offset]
        else:
            assert (records, message.offset) == ([], 0)
        told.epoch, told.offset, told.records, told.owes_snapshot = message.epoch, message.offset, records, False

    def _take_records(self, message: Delivery, told: Told) -> None:
        assert not told.owes_snapshot, "no record comes between a gap and its snapshot"
        assert message.skipped == 0
        stream = self.streams[message.room, message.epoch]
        first, last = message.first_offset, message.offset
        assert message.batch.records() == stream[first - 1 : last]
        if told.epoch == NO_EPOCH:
            assert first == 1
        elif told.epoch is not None:
            assert (message.epoch, first) == (told.epoch, told.offset + 1), "each record once, in order"
        told.epoch, told.offset = message.epoch, last
        told.records += message.batch.records()


TestDelivery = DeliveryMachine.TestCase
TestDelivery.settings = settings(
    max_examples=20_000 if LONG else 300,
    stateful_step_count=100 if LONG else 50,
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow],
)
