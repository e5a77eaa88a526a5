"""Whatever a hub does and whenever it is written: opened again, the store gives the hub as it was."""

from __future__ import annotations

import contextlib
import itertools
import shutil
import tempfile
from pathlib import Path
from typing import Any

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, rule

from livedash import limits
from livedash.errors import LivedashError
from livedash.store.sqlite import SqliteStore
from livedash.wire.batch import Batch
from livedash.wire.messages import Held
from tests.store.told_hub import ToldHub, looks

ROOMS = ("a", "b", "keyed")
VALUES = st.one_of(
    st.integers(-3, 3),
    st.floats(allow_nan=True),
    st.sampled_from(["x", "é", ""]),
    st.none(),
    st.booleans(),
    st.just([1]),
)
RECORDS = st.lists(st.dictionaries(st.sampled_from("uvw"), VALUES, max_size=3), min_size=1, max_size=4)
KEYS = st.sampled_from(["k", 1, 1.0, True, 2.5, -7])


class StoreMachine(RuleBasedStateMachine):
    def __init__(self) -> None:
        super().__init__()
        self.folder = Path(tempfile.mkdtemp())
        counter = itertools.count(1)
        self.told = ToldHub(lambda: f"e{next(counter)}")
        self.now_us = 0
        self.seq = 0
        self.store = self._opened()
        self.store.load()

    @rule(room=st.sampled_from(ROOMS), records=RECORDS, data=st.data())
    def publish(self, room: str, records: list[dict[str, Any]], data: st.DataObject) -> None:
        if room == "keyed":
            records = [
                {**record, "id": data.draw(KEYS), **({"_deleted": True} if data.draw(st.booleans()) else {})}
                for record in records
            ]
        self.seq += 1
        origin = (data.draw(st.sampled_from(["p1", "p2"])), self.seq) if data.draw(st.booleans()) else None
        with contextlib.suppress(LivedashError):  # a record without the key, a room that is full of keys
            self.told.push(*records, room=room, origin=origin, now_us=self.now_us)

    @rule(room=st.sampled_from(ROOMS), bound=st.sampled_from([{"history_records": 3}, {"history_bytes": 2000}, {}]))
    def configure(self, room: str, bound: dict[str, Any]) -> None:
        key = {"key": "id"} if room == "keyed" and room not in self.told.hub.rooms else {}
        self.told.hub.configure(room, {"history_age": 30, **bound, **key}, self.now_us, 0.0)

    @rule(room=st.sampled_from(ROOMS), what=st.sampled_from(["clear", "delete", "lost", "stranger"]))
    def upset(self, room: str, what: str) -> None:
        hub = self.told.hub
        if room not in hub.rooms:
            return
        match what:
            case "clear":
                hub.clear(room)
            case "delete":
                hub.delete(room)
            case "lost":
                hub.note_lost(room, "p1", self.seq + 1)
            case "stranger":
                hub.hello({room: Held("strange", 1, 2)})

    @rule(room=st.sampled_from(ROOMS), first=st.integers(1, 9), data=st.data())
    def give_back(self, room: str, first: int, data: st.DataObject) -> None:
        there = self.told.hub.rooms.get(room)
        epoch = data.draw(st.sampled_from(["old", *((there.epoch, *there.continued) if there else ())]))
        record = {"id": "k", "v": first} if room == "keyed" else {"v": first}
        with contextlib.suppress(LivedashError):
            self.told.hub.restore(room, epoch, first, Batch.from_records([record] * 3, [0] * 3), self.now_us, 0.0)

    @rule(seconds=st.integers(1, 20))
    def time_passes(self, seconds: int) -> None:
        self.now_us += seconds * 1_000_000
        self.told.hub.trim(self.now_us)

    @rule()
    def write(self) -> None:
        self.store.write(self.told.take())

    @rule(is_clean=st.booleans())
    def begin_again(self, is_clean: bool) -> None:
        """Also in the middle of the story, so that what comes later is written on top of what was."""
        self.store.write(self.told.take())
        before, deleted = self.told.looks(), {room: self.told.hub.deleted.former(room) for room in ROOMS}
        self.store.close(is_complete=is_clean)
        self.store = self._opened()
        kept = self.store.load()
        assert kept.is_clean == is_clean
        now = looks(kept.rooms)
        assert now.keys() == before.keys()
        for name, room in before.items():
            for what, value in room.items():
                assert now[name][what] == value, what
        assert {room: kept.deleted.get(room) for room in ROOMS} == deleted
        self.told.begin_again(kept)
        for room in self.told.hub.rooms.values():
            self.told.hub.journal.describe(room)

    def teardown(self) -> None:
        self.begin_again(is_clean=True)
        (whole,) = self.store._connection.execute("PRAGMA integrity_check").fetchone()
        assert whole == "ok"
        self.store.close(is_complete=True)
        shutil.rmtree(self.folder)

    def _opened(self) -> SqliteStore:
        store = SqliteStore(self.folder, 64 * limits.MIB)
        store.open()
        return store


TestStore = StoreMachine.TestCase
TestStore.settings = settings(
    max_examples=150, stateful_step_count=40, deadline=None, suppress_health_check=[HealthCheck.too_slow]
)
