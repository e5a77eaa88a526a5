"""What several hubs ever held, and what came of each batch that was sent to them: the truth that they are judged by."""

from __future__ import annotations

import asyncio
from collections import Counter
from dataclasses import dataclass, field
from typing import Any

from livedash.core.changes import Result
from livedash.core.hub import Hub
from livedash.core.origin import UNKNOWN_ORIGIN, Origin
from livedash.core.room import Room
from livedash.core.room_table import RoomTable
from livedash.wire.batch import Batch
from livedash.wire.messages import GapReason
from livedash.wire.position import Position
from tests.brokers.hubs import new_id
from tests.transports.delivery_judge import Judge


@dataclass
class Sent:
    """A batch, whose records' `v` are `values`, and what each hub to which it was sent said, or will."""

    room: str
    batch: Batch
    publisher: str
    seq: int
    values: tuple[int, ...]
    answers: list[asyncio.Future[Result]] = field(default_factory=list)

    @property
    def is_acknowledged(self) -> bool:
        return any(answer.done() for answer in self.answers)


class Ledger:
    """`judge` has what lay where; each record is known by its `v`.

    `wiped`: cleared or deleted by some hub; `trimmed`: some hub dropped it by the room's bound; `excused`: nobody had it any
    more, neither a hub that lives nor the broker.
    """

    def __init__(self, judge: Judge) -> None:
        self.judge = judge
        self.sent: list[Sent] = []
        self.wiped: set[int] = set()
        self.sent_again: set[int] = (
            set()
        )  # records that their publisher sent once more, perhaps after its room was deleted
        self.trimmed: set[int] = set()
        self.excused: set[int] = set()
        self.is_lossy = False  # the broker forgot something: a clear or delete, too, perhaps
        self.ended: set[str] = set()  # rooms that were cleared or deleted
        self.wrongs: list[AssertionError] = []  # found while a hub read the log, which would go on and try again

    def values(self, room: Room) -> list[int]:
        """All that ever lay in the room's epoch up to where it is."""
        stream = self.judge.streams.get((room.name, room.epoch), [])
        return [record["v"] for record in stream[: room.history.top]]

    def lose(self, only_here: set[int]) -> None:
        """Records that were acknowledged and that nobody has any more."""
        self.excused |= only_here & {value for sent in self.sent if sent.is_acknowledged for value in sent.values}

    def note(self, room: Room, first: int, records: list[dict[str, Any]]) -> None:
        try:
            self.judge.note_continued(room.name, room.epoch, room.continued)
            self.judge.note(room.name, room.epoch, first, records)
        except AssertionError as wrong:
            self.wrongs.append(wrong)

    def raise_wrongs(self) -> None:
        if self.wrongs:
            raise self.wrongs[0]

    def check_answers(self) -> None:
        """Each one names where the last record lies, or lay; of a room that has ended meanwhile it may be where that stood."""
        for sent in self.sent:
            for answer in sent.answers:
                position = answer.result() if answer.done() else None
                if isinstance(position, Position):
                    stream = self.judge.streams.get((sent.room, position.epoch), [])
                    is_right = len(stream) >= position.offset and stream[position.offset - 1]["v"] == sent.values[-1]
                    assert is_right or sent.room in self.ended, (sent, position)

    def check_room(self, room: Room) -> None:
        """At the end of a story: it holds what was acknowledged, each record once."""
        stream = self.judge.streams.get((room.name, room.epoch), [])[: room.history.top]
        held = [record for part in room.history.batches() for record in part.records()]
        assert held == stream[room.history.first - 1 :]
        values = self.values(room)
        assert all(count == 1 for count in Counter(values).values()), "no record is there twice"
        if not self.is_lossy:
            assert not (self.wiped - self.sent_again) & set(values), "what was cleared stays so"

    def check_all_is_there(self, rooms: dict[str, Room]) -> None:
        there = {value for room in rooms.values() for value in self.values(room)}
        missing = {value for sent in self.sent for value in sent.values} - there
        assert not missing - self.wiped - self.trimmed - self.excused, "what was acknowledged is there"


class WatchedHub(Hub):
    """Writes down what it holds where. `seen`: the records that it ever had."""

    def __init__(self, ledger: Ledger) -> None:
        super().__init__(new_id)
        self._ledger = ledger
        self._is_publishing = False
        self.seen: set[int] = set()

    def publish(self, name: str, batch: Batch, now_us: int, now_s: float, origin: Origin = UNKNOWN_ORIGIN) -> Position:
        self._is_publishing = True
        try:
            return super().publish(name, batch, now_us, now_s, origin)
        finally:
            self._is_publishing = False

    def append_to(
        self,
        room: Room,
        batch: Batch,
        now_us: int,
        origin: Origin = UNKNOWN_ORIGIN,
        **how: Any,
    ) -> None:
        super().append_to(room, batch, now_us, origin, **how)
        records = batch.records()
        self._note(room, room.history.top - batch.count + 1, records)
        values = {record["v"] for record in records}
        self.seen |= values
        if self._is_publishing:
            self._ledger.sent_again |= values & self._ledger.wiped

    def note_trimmed(self, room: Room, nbytes_before: int, first_before: int) -> None:
        super().note_trimmed(room, nbytes_before, first_before)
        self._ledger.trimmed |= set(self._ledger.values(room)[: room.history.first - 1])

    def begin_epoch(self, room: Room, reason: GapReason, epoch: str | None) -> None:
        self._note_ended(room)
        super().begin_epoch(room, reason, epoch)

    def end_room(self, room: Room) -> None:
        self._note_ended(room)
        super().end_room(room)

    def exchange(self, other: RoomTable, now_us: int, now_s: float) -> None:
        for room in other.rooms.values():
            records = [record for part in room.history.batches() for record in part.records()]
            self._note(room, room.history.first, records)
            self.seen |= set(self._ledger.values(room))
        super().exchange(other, now_us, now_s)

    def _note(self, room: Room, first: int, records: list[dict[str, Any]]) -> None:
        self._ledger.note(room, first, records)
        self._ledger.trimmed |= set(self._ledger.values(room)[: room.history.first - 1])

    def _note_ended(self, room: Room) -> None:
        self._ledger.ended.add(room.name)
        for epoch in (room.epoch, *room.continued):  # what another hub has beyond where one was continued goes, too
            stream = self._ledger.judge.streams.get((room.name, epoch), [])
            self._ledger.wiped |= {record["v"] for record in stream}
