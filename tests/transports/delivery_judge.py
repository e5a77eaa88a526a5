"""What a reader of the delivery machine may hear, judged by the records that were ever acknowledged."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from livedash.core.hub import Hub
from livedash.core.room import Room
from livedash.testing.peers import Began, Heard, Missed, Peer, PollPeer, Records, State, Wish
from livedash.wire.position import NO_EPOCH, Position

WINDOW = 5
KEYED = "k"  # the room whose key is `id`


@dataclass
class Held:
    """What one reader knows of one room. `must_gap`: its cursor can't be gone on from, so a gap comes first."""

    position: Position | None = None
    owes_state: bool = False
    must_gap: bool = False


@dataclass
class Reader:
    peer: Peer
    wishes: list[Wish]
    held: dict[str, Held] = field(default_factory=dict)
    may_skip: bool = False  # a mode on this connection leaves records out
    own: set[tuple[str, str, int]] = field(default_factory=set)  # what it published and did not want back

    def of(self, room: str) -> Held:
        return self.held.setdefault(room, Held())


class Judge:
    """`streams`: (room, epoch) -> the records that ever lay there; offset n is at index n - 1."""

    def __init__(self) -> None:
        self.streams: dict[tuple[str, str], list[dict[str, Any]]] = {}
        self.continued: dict[tuple[str, str], dict[str, int]] = {}  # the epochs from which one goes on, and up to where
        self.gaps: Counter[str] = Counter()  # by reason
        self.given_back_from: dict[tuple[str, str], int] = {}  # where history began again after a restart
        self.is_broken = False  # a check failed: what the readers hold then says nothing more

    def note(self, room: str, epoch: str, first: int, records: list[dict[str, Any]]) -> None:
        """A hub has these records at the offsets from `first` on."""
        stream = self.streams.setdefault((room, epoch), [])
        assert first - 1 <= len(stream), "a hub has records whose offsets follow those of others"
        known = stream[first - 1 : first - 1 + len(records)]
        assert records[: len(known)] == known, "an offset means one record"
        stream += records[len(known) :]

    def note_continued(self, room: str, epoch: str, continued: Mapping[str, int]) -> None:
        """A hub says that this epoch's records are those of others, up to the offsets."""
        stream, known = self.streams.setdefault((room, epoch), []), self.continued.setdefault((room, epoch), {})
        for former, upto in continued.items():
            of_former = self.streams.get((room, former), [])[:upto]
            assert len(of_former) == upto, "an epoch goes on from what was there"
            assert stream[:upto] == of_former[: len(stream)], "an epoch goes on with the records of the former one"
            stream += of_former[len(stream) :]
            known[former] = max(upto, known.get(former, 0))

    def goes_on(self, room: str, position: Position, epoch: str) -> bool:
        """True if who has read up to `position` has read what lies in `epoch` up to that offset."""
        continued = self.continued.get((room, epoch), {})
        return position.epoch == epoch or position.offset <= continued.get(position.epoch, -1)

    def check(self, reader: Reader, heard: list[Heard]) -> None:
        self.is_broken = True
        for one in heard:
            held = reader.of(one.room)
            match one:
                case Began():
                    self._check_began(one, held)
                case Missed():
                    self._check_missed(one, held, reader)
                case State():
                    self._check_state(one, held)
                case Records():
                    self._check_records(one, held, reader)
        self.is_broken = False

    def check_caught_up(self, reader: Reader, hub: Hub, room: str) -> None:
        """After all that was sent has been carried."""
        there, held = hub.rooms.get(room), reader.of(room)
        assert not held.owes_state
        assert not held.must_gap, "nobody waits for ever"
        if there is None or not there.history.top:
            return
        assert reader.peer.keys.get(room) == there.settings.key
        if held.position is None or not self._is_at_the_top(held.position, there):
            assert _is_all_own(reader, there, held.position), (room, held, there.position)

    def _is_at_the_top(self, position: Position, there: Room) -> bool:
        return position.offset == there.history.top and self.goes_on(there.name, position, there.epoch)

    def _check_began(self, began: Began, held: Held) -> None:
        if held.must_gap or held.owes_state:
            return
        if held.position is not None and held.position.exists:
            assert began.position.offset == held.position.offset
            assert self.goes_on(began.room, held.position, began.position.epoch)
        elif held.position is not None:
            assert began.position.offset == 0
        held.position = began.position

    def _check_missed(self, missed: Missed, held: Held, reader: Reader) -> None:
        assert not held.owes_state, "a gap is followed by its snapshot"
        self.gaps[missed.reason] += 1
        if missed.reason in ("trimmed", "slow"):
            assert missed.start is not None
            assert missed.stop is not None
            assert missed.start <= missed.stop
            if held.position is not None and held.position.exists:
                passed = range(held.position.offset + 1, missed.start)  # what it did not want back is not missing
                assert missed.start > held.position.offset
                assert all((missed.room, held.position.epoch, offset) in reader.own for offset in passed)
        held.owes_state, held.must_gap = True, False

    def _check_state(self, state: State, held: Held) -> None:
        assert not held.must_gap, "a gap comes first"
        assert held.owes_state or held.position is None or not held.position.exists
        held.position, held.owes_state = state.position, False
        if not state.position.exists:
            assert (state.records, state.position.offset) == ([], 0)
            return
        stream = self.streams.get((state.room, state.position.epoch), [])[: state.position.offset]
        first = self.given_back_from.get((state.room, state.position.epoch), 1)
        if state.room == KEYED:
            latest = {record["id"]: record for record in stream[first - 1 :]}
            there = {key: record for key, record in latest.items() if not record.get("_deleted")}
            assert {record["id"]: record for record in state.records} == there
            assert len(state.records) == len(there)
        else:
            count = len(state.records)
            assert count <= WINDOW
            assert state.records == stream[len(stream) - count :]
            assert count or not stream

    def _check_records(self, told: Records, held: Held, reader: Reader) -> None:
        assert not held.must_gap, "a gap comes first"
        assert not held.owes_state, "no record comes between a gap and its snapshot"
        stream, position = self.streams[told.room, told.position.epoch], held.position
        before = 0
        if position is not None and position.exists:
            assert self.goes_on(told.room, position, told.position.epoch), "no epoch follows another without a gap"
            before = position.offset
        elif position is None and isinstance(reader.peer, PollPeer):  # the first answer alone says where it began
            before = told.position.offset - len(told.records) - told.skipped
        assert told.position.offset - before == len(told.records) + told.skipped, "each record once, in order"
        there = stream[before : told.position.offset]
        if not told.skipped:
            assert told.records == there
        elif not reader.may_skip:
            epoch = told.position.epoch
            own = [(told.room, epoch, before + number) in reader.own for number in range(1, len(there) + 1)]
            left = [record for record, is_own in zip(there, own, strict=True) if not is_own]
            assert _is_part(left, told.records), "only its own records are left out"
        assert _is_part(told.records, there)
        held.position = told.position


def _is_all_own(reader: Reader, there: Room, position: Position | None) -> bool:
    """What `echo: false` leaves out is told with the next record that follows it."""
    if position is not None and position.epoch not in (there.epoch, NO_EPOCH):
        return False
    after = position.offset if position is not None and position.epoch == there.epoch else 0
    return all((there.name, there.epoch, offset) in reader.own for offset in range(after + 1, there.history.top + 1))


def _is_part(some: list[dict[str, Any]], of: list[dict[str, Any]]) -> bool:
    """In the same order, perhaps with others between."""
    rest: Iterator[dict[str, Any]] = iter(of)
    return all(one in rest for one in some)
