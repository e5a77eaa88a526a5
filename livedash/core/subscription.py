"""One viewer's reading of one room: where it stands, and what it is owed next, as a table of states.

A subscription holds no records. It has a position, and reads on from the room's history when its transport has room for
more; so a slow viewer costs nothing but its place, and late, resumed and slow viewers are one case:

    state       event          next state   what the viewer gets
    waiting     room_began     reading      -
    waiting     asked_state    owes_state   -
    waiting     gave_up        owes_gap     -
    waiting     unreadable     owes_gap     -
    reading     unreadable     owes_gap     -
    reading     left_behind    owes_gap     -
    reading     owed           waiting      -
    owes_gap    gap_told       owes_state   gap
    owes_state  state_told     reading      snapshot
    owes_state  nothing_there  waiting      snapshot (empty)

Each one begins in `waiting`: in a room that does not exist yet.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from enum import Enum, auto
from typing import Final

from livedash import limits
from livedash.core.history import Stored
from livedash.core.keyed import conflated
from livedash.core.ladder import Ladder
from livedash.core.own_records import OwnRecords
from livedash.core.reading import Reading
from livedash.core.room import Room, Rooms
from livedash.wire.batch import EMPTY, Batch, joinable
from livedash.wire.messages import Delivery, Gap, GapReason, HubMessage, Keyed, Subscribed
from livedash.wire.position import NO_EPOCH, START, Position
from livedash.wire.since import After, BadCursor, Earliest, Last, Now, Since, Snapshot


class State(Enum):
    WAITING = auto()
    READING = auto()
    OWES_GAP = auto()
    OWES_STATE = auto()


class Event(Enum):
    ROOM_BEGAN = auto()
    ASKED_STATE = auto()
    GAVE_UP = auto()
    UNREADABLE = auto()
    LEFT_BEHIND = auto()
    OWED = auto()
    GAP_TOLD = auto()
    STATE_TOLD = auto()
    NOTHING_THERE = auto()


TRANSITIONS: Final = {
    (State.WAITING, Event.ROOM_BEGAN): State.READING,
    (State.WAITING, Event.ASKED_STATE): State.OWES_STATE,
    (State.WAITING, Event.GAVE_UP): State.OWES_GAP,
    (State.WAITING, Event.UNREADABLE): State.OWES_GAP,
    (State.READING, Event.UNREADABLE): State.OWES_GAP,
    (State.READING, Event.LEFT_BEHIND): State.OWES_GAP,
    (State.READING, Event.OWED): State.WAITING,
    (State.OWES_GAP, Event.GAP_TOLD): State.OWES_STATE,
    (State.OWES_STATE, Event.STATE_TOLD): State.READING,
    (State.OWES_STATE, Event.NOTHING_THERE): State.WAITING,
}


@dataclass(frozen=True, slots=True)
class SubscriptionStatistics:
    room: str
    state: str
    position: Position
    skipped: int
    gaps: int


class Subscription:
    """Made by a session. `rooms` is the hub's own mapping: a room is looked up when it is read."""

    __slots__ = (
        "_due_s",
        "_followed",
        "_gap",
        "_ladder",
        "_own",
        "_rooms",
        "_skipped_before",
        "_wait_until_s",
        "_was_blocked",
        "gaps",
        "has_place",
        "key",
        "position",
        "reading",
        "room",
        "skipped",
        "state",
    )

    def __init__(self, rooms: Rooms, room: str, reading: Reading, ladder: Ladder) -> None:
        self._rooms = rooms
        self._ladder = ladder
        self.room = room
        self.reading = reading
        self.state = State.WAITING
        self.position = START
        self.has_place = True  # False while the first snapshot is owed: `position` then means nothing to the viewer
        self.key: str | None = None  # of the room, as the viewer was told
        self.skipped = 0
        self.gaps = 0
        self._gap: Gap | None = None
        self._followed = False  # it has reached the top once: from then on falling behind is its own slowness
        self._own = OwnRecords()
        self._skipped_before = 0  # left out by `echo: false` before what comes next
        self._due_s = 0.0
        self._was_blocked = False
        self._wait_until_s: float | None = None

    def begin(self, since: Since, now_s: float, ended: GapReason | None = None) -> Subscribed:
        """Takes its place, and says where that is. `ended`: why the epoch of `since` ended, where its room is gone."""
        room = self._rooms.get(self.room)
        if isinstance(since, BadCursor):
            self.has_place = False
            self._owe_gap("bad_cursor")
        elif isinstance(since, After) and since.position.exists:
            self._resume(since.position, room, now_s, ended)
        elif room is not None and isinstance(since, Snapshot):
            self.has_place = False
            self.position = room.position
            self._on(Event.ASKED_STATE)
        elif room is not None:
            self.position = self._start_of(since, room)
            self._on(Event.ROOM_BEGAN)
            self._find_gap(room)
        self.key = room.settings.key if room is not None else None
        is_recovered = self.state is not State.OWES_GAP
        return Subscribed(self.room, self.position.epoch, self.position.offset, is_recovered, self.key)

    def take(self, now_s: float, max_bytes: int) -> Iterator[HubMessage]:
        """What the viewer is owed now, in order; the position moves with each message that is taken."""
        room = self._rooms.get(self.room)
        if room is not None and room.settings.key != self.key:
            self.key = room.settings.key
            yield Keyed(self.room, self.key)
        epoch = self.position.epoch
        if self.state is State.READING and room is not None and epoch in room.continued:
            self._follow_epoch(room, now_s)
        if self.state is State.WAITING and not self._leave_waiting(room, now_s):
            return
        if self.state is State.READING and epoch not in (self.position.epoch, NO_EPOCH):
            yield Subscribed(self.room, self.position.epoch, self.position.offset, True, self.key)
        if self.state is State.READING:
            self._find_gap(room)
        if self.state is State.OWES_GAP and self._gap:
            self._on(Event.GAP_TOLD)
            yield self._gap
        if self.state is State.OWES_STATE:
            yield self._take_state(room)
        if self.state is State.READING and room is not None and now_s >= self._due_s:
            yield from self._take_records(room, now_s, max_bytes)

    def due_s(self) -> float | None:
        """When to take again even though nothing new came; None: no such time."""
        if self.state is State.WAITING:
            return self._wait_until_s
        room = self._rooms.get(self.room)
        is_ahead = room is not None and self.position.epoch == room.epoch and self.position.offset >= room.history.top
        is_behind = room is not None and not is_ahead
        return self._due_s if self._due_s and is_behind else None

    def is_behind(self) -> bool:
        """True if records wait in history that may be taken at once."""
        room = self._rooms.get(self.room)
        if room is None or self.state is not State.READING or self.reading.max_hz:
            return False
        return self.position.epoch == room.epoch and self.position.offset < room.history.top

    def note_blocked(self) -> None:
        """The viewer took nothing for a while: if more than an outbox waits, it gets the state instead of the queue.

        A burst alone is no reason for that: a reader that keeps taking reads all of it.
        """
        self._was_blocked = True

    def leave_out(self, last: Position, count: int) -> None:
        """The viewer published these records itself, `count` of them up to `last`, and does not want them back."""
        if self.state not in (State.READING, State.WAITING):
            return  # the snapshot that it gets has them
        self._own.add(last, count)

    def statistics(self) -> SubscriptionStatistics:
        return SubscriptionStatistics(self.room, self.state.name.lower(), self.position, self.skipped, self.gaps)

    def _on(self, event: Event) -> None:
        self.state = TRANSITIONS[self.state, event]

    def _start_of(self, since: Since, room: Room) -> Position:
        history = room.history
        match since:
            case Earliest():
                return Position(room.epoch, history.first - 1)
            case Last(count):
                return Position(room.epoch, max(history.first - 1, history.top - count))
            case After():  # of a room that did not exist: all of it
                return Position(room.epoch, 0)
            case Now() | _:
                self._followed = True
                return room.position

    def _resume(self, position: Position, room: Room | None, now_s: float, ended: GapReason | None) -> None:
        self.position = position if room is None else room.place_of(position)
        if room is not None and not room.may_come_back(position):
            self._on(Event.ROOM_BEGAN)
            self._find_gap(room)
        elif ended is not None:
            self._owe_gap(ended)
        else:
            self._wait_until_s = now_s + limits.TAKEOVER_WAIT_S

    def _follow_epoch(self, room: Room, now_s: float) -> None:
        """The room goes on under another epoch while it is read: with the records of this one, or some are owed."""
        if room.may_come_back(self.position):
            self._wait_until_s = now_s + limits.TAKEOVER_WAIT_S
            self._on(Event.OWED)
        else:
            self.position = room.place_of(self.position)

    def _leave_waiting(self, room: Room | None, now_s: float) -> bool:
        is_over = self._wait_until_s is not None and now_s >= self._wait_until_s
        if room is not None and (is_over or not room.may_come_back(self.position)):
            self._wait_until_s = None
            self._on(Event.ROOM_BEGAN)
            if not self.position.exists:
                self.position = Position(room.epoch, 0)
            elif self.position.epoch not in (room.epoch, *room.continued, *room.former):
                self._owe_gap("restarted")
            else:
                self.position = room.place_of(self.position)
            return True
        if room is None and is_over:
            self._wait_until_s = None
            self._owe_gap("restarted", event=Event.GAVE_UP)
            return True
        return False

    def _find_gap(self, room: Room | None) -> None:
        if room is None:
            self._owe_gap("deleted")
            return
        reason = room.why_unreadable(self.position)
        if reason == "trimmed":
            missing = (self.position.offset + 1, room.history.first - 1)
            self._owe_gap("slow" if self._followed else "trimmed", *missing)
        elif reason == "beyond_top" and self.position.epoch in room.continued:
            self._owe_gap(reason, room.continued[self.position.epoch] + 1, self.position.offset)
        elif reason is not None:
            self._owe_gap(reason)
        elif self._was_blocked and room.history.bytes_after(self.position.offset) > limits.OUTBOX_BYTES:
            self._owe_gap("slow", self.position.offset + 1, room.history.top, event=Event.LEFT_BEHIND)
        self._was_blocked = False

    def _owe_gap(
        self, reason: GapReason, start: int | None = None, stop: int | None = None, *, event: Event = Event.UNREADABLE
    ) -> None:
        self._gap = Gap(self.room, reason, start, stop)
        self._own.clear()
        self.gaps += 1
        self._ladder.dropped += reason == "slow"
        self._on(event)

    def _take_state(self, room: Room | None) -> Delivery:
        if room is None:
            self._on(Event.NOTHING_THERE)
            self.position = START
            batch = EMPTY
        else:
            self._on(Event.STATE_TOLD)
            self.position = room.position
            self._followed = True
            batch = room.snapshot(self.reading.window)
        self.has_place = True
        self._skipped_before = 0
        epoch, offset = self.position.epoch, self.position.offset
        is_shared = batch is not EMPTY  # which is that of all rooms: nobody's bytes may stay there
        return Delivery(self.room, epoch, offset, batch, self.reading.shape, is_snapshot=True, is_whole=is_shared)

    def _take_records(self, room: Room, now_s: float, max_bytes: int) -> Iterator[Delivery]:
        self._pass_own(room)
        is_all = self.reading.mode == "all"
        most_bytes = max_bytes if is_all else limits.HISTORY_BYTES
        parts = self._own.before_next(room.history.read(self.position.offset, most_bytes))
        if not parts:
            return
        if self.reading.max_hz:
            self._due_s = now_s + 1 / self.reading.max_hz
        if not is_all:
            yield self._conflated(room, parts)
        elif self.reading.max_hz and len(parts) > 1:
            batches = [part.batch for part in parts]
            count = joinable(batches)
            yield self._delivery(room, Batch.concat(batches[:count]), parts[count - 1].last)
        else:
            for part in parts:
                yield self._delivery(room, part.batch, part.last, is_whole=True)

    def _conflated(self, room: Room, parts: list[Stored]) -> Delivery:
        """Of all that waits, what the mode leaves."""
        offsets: tuple[int, ...] | None = None
        if self.reading.mode == "sample":
            batch = parts[0].batch.slice(0, 1)
        elif room.keyed is None:
            batch = parts[-1].batch.slice(parts[-1].batch.count - 1, parts[-1].batch.count)
        else:
            batch, offsets = conflated([(part.first, part.batch) for part in parts], room.keyed.field)
        left_out = sum(part.batch.count for part in parts) - batch.count
        self._ladder.conflated += left_out
        if not left_out and len(parts) == 1:
            return self._delivery(room, parts[0].batch, parts[0].last, is_whole=True)
        return replace(self._delivery(room, batch, parts[-1].last, left_out=left_out), offsets=offsets)

    def _pass_own(self, room: Room) -> None:
        """Moves over the viewer's own records where they come next."""
        passed = self._own.passed(room.epoch, self.position.offset) - self.position.offset
        if passed:
            self._skipped_before += passed
            self.skipped += passed
            self.position = Position(room.epoch, self.position.offset + passed)

    def _delivery(self, room: Room, batch: Batch, last: int, *, left_out: int = 0, is_whole: bool = False) -> Delivery:
        skipped = self._skipped_before + left_out
        self.skipped += left_out
        self._skipped_before = 0
        self.position = Position(room.epoch, last)
        self._followed = self._followed or last == room.history.top
        return Delivery(self.room, room.epoch, last, batch, self.reading.shape, skipped=skipped, is_whole=is_whole)
