"""A hub that is killed and comes back with what was written: no reader ever takes another record for one that it saw.

The readers and the model are those of tests/core/test_delivery_machine.py; what is new is that an epoch may go on from
another one, up to an offset.
"""

from __future__ import annotations

import os

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import precondition, rule

from livedash.core.hub import Hub
from livedash.core.journal import Described, Entry
from livedash.core.kept import continued_as, header_of, room_of
from livedash.testing.store import MemoryStore
from livedash.wire.batch import Batch
from livedash.wire.messages import Delivery, Held, HubMessage, Subscribed
from tests.core.test_delivery_machine import ROOMS, DeliveryMachine, Reader, Told

LONG = bool(os.environ.get("LIVEDASH_LONG_TESTS"))


class CrashMachine(DeliveryMachine):
    def __init__(self) -> None:
        super().__init__()
        self.store = MemoryStore()
        self.store.open()
        self.unwritten: list[Entry] = []
        self.hub.journal.keeper = self._note
        self.goes_on: dict[tuple[str, str], dict[str, int]] = {}  # (room, epoch) -> the epochs that it goes on from
        self.held: dict[str, Held] = {}  # of the publisher that was alone, which saw all that the last hub acknowledged

    @rule(
        room=st.sampled_from(ROOMS), what=st.sampled_from(["clear", "delete", "stop", "kill", "kill"]), data=st.data()
    )
    def upheaval(self, room: str, what: str, data: st.DataObject) -> None:
        match what:
            case "clear" if room in self.hub.rooms:
                self.streams.setdefault((room, self.hub.clear(room).epoch), [])
                self.held.pop(room, None)
            case "delete" if room in self.hub.rooms:
                self.hub.delete(room)
                self.held.pop(room, None)
            case "stop":
                self._write(len(self.unwritten))
                self._begin_again(is_clean=True)
            case "kill":
                self._write(data.draw(st.integers(0, len(self.unwritten))))
                self._note_acknowledged(data)
                self._begin_again(is_clean=False)

    @rule(data=st.data())
    def write(self, data: st.DataObject) -> None:
        self._write(data.draw(st.integers(0, len(self.unwritten))))

    @precondition(lambda self: self.held)
    @rule(data=st.data())
    def give_back(self, data: st.DataObject) -> None:
        """The publisher comes back, at once or after others have written."""
        name = data.draw(st.sampled_from(sorted(self.held)))
        held = self.held.pop(name)
        if self.hub.hello({name: held})[name] != "unknown":
            return
        first = self.hub.continued({name: held})[name].offset + 1 if name in self.hub.rooms else held.first
        records = self.streams[name, held.epoch][first - 1 : held.last]
        position = self.hub.restore(name, held.epoch, first, Batch.from_records(records, [0] * len(records)), 0, 0.0)
        assert position.offset == held.last
        if position.epoch != held.epoch:
            self.streams[name, position.epoch] += records
            self.goes_on[name, position.epoch][held.epoch] = held.last
        else:
            self.given_back_from[name, held.epoch] = first
            del self.streams[name, held.epoch][held.last :]
            self.hub.configure(name, {"history_records": self.bound}, 0, self.clock.now_s())

    # How

    def _note(self, entry: Entry) -> None:
        self.unwritten.append(entry)

    def _write(self, count: int) -> None:
        self.store.write(self.unwritten[:count])
        del self.unwritten[:count]

    def _note_acknowledged(self, data: st.DataObject) -> None:
        """All that the hub acknowledged; of the last records the answers may be on their way."""
        for name, room in self.hub.rooms.items():
            last = room.history.top - data.draw(st.integers(0, 2))
            if last >= room.history.first:
                self.held[name] = Held(room.epoch, room.history.first, last)

    def _begin_again(self, *, is_clean: bool) -> None:
        for reader in self.readers:
            self._disconnect(reader)
        self.unwritten = []
        self.store.close(is_complete=is_clean)
        self.store.open()
        kept = self.store.load()
        self.hub = Hub(self.new_id)
        for name, former in kept.deleted.items():
            self.hub.deleted.remember(name, former)
        rooms = list(kept.rooms)
        if not kept.is_clean:
            rooms = [continued_as(room, self.new_id()) for room in rooms]
            for old, room in zip(kept.rooms, rooms, strict=True):
                name, epoch = room.header.name, room.header.epoch
                self.streams[name, epoch] = self.streams[name, old.header.epoch][: old.top]
                self.goes_on[name, epoch] = dict(room.header.continued)
                first = self.given_back_from.get((name, old.header.epoch))
                if first is not None:
                    self.given_back_from[name, epoch] = first
        self.hub.journal.keeper = self._note
        made = [room_of(room) for room in rooms]
        for room in made:
            room.publishers.note_author(None, None, is_first=True)  # the one publisher of these stories gives no id
        self.hub.adopt(made, self.clock.now_us())
        self.store.write([Described(header_of(room)) for room in self.hub.rooms.values()])
        for name in self.hub.rooms:  # the bound may have come too late to be written
            self.hub.configure(name, {"history_records": self.bound}, 0, self.clock.now_s())

    def _check(self, reader: Reader, messages: list[HubMessage]) -> None:
        """Where a room goes on under another epoch, its reader is told, or simply gets what follows."""
        for message in messages:
            told = reader.told.get(getattr(message, "room", ""))
            match message:
                case Delivery(is_snapshot=False):
                    self._move(message, told)
                case Subscribed(recovered=True) if told is not None and message.offset == told.offset:
                    self._move(message, told)
            super()._check(reader, [message])

    def _move(self, message: Delivery | Subscribed, told: Told | None) -> None:
        if told is None:
            return
        upto = self.goes_on.get((message.room, message.epoch), {}).get(told.epoch or "")
        if upto is not None and told.offset <= upto:
            told.epoch = message.epoch


TestCrash = CrashMachine.TestCase
TestCrash.settings = settings(
    max_examples=20_000 if LONG else 300,
    stateful_step_count=100 if LONG else 50,
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow],
)
