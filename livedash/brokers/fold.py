"""Entries of the log, one after the other, made into the state that all hubs share."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from livedash.brokers.contract import Mark
from livedash.brokers.crowd import Crowd
from livedash.brokers.entries import (
    AddLink,
    Again,
    AskPresence,
    Entry,
    PutDashboard,
    RevokeLink,
    TellPresence,
    entry_of_bytes,
    room_of,
)
from livedash.brokers.outgoing import Asked, Outgoing
from livedash.brokers.shelves import DASHBOARDS, LINKS, shelf_of_room
from livedash.brokers.state import SharedState
from livedash.core.changes import NOBODY, Append, Configure, Result

Answer = Callable[[Asked, Result], None]


class Fold:
    """Stands at `mark`. `as_of`: rooms that the shelves had at a later place than that, which is not made again.

    What this hub asked for itself is answered by `answer`. `touched`: each shelf's last change.
    """

    def __init__(
        self,
        state: SharedState,
        outgoing: Outgoing,
        crowd: Crowd,
        mark: Mark,
        as_of: Mapping[str, Mark],
        answer: Answer,
    ) -> None:
        self.state = state
        self.mark = mark
        self.touched: dict[str, Mark] = {}
        self.nbytes = 0  # of what came
        self._outgoing = outgoing
        self._crowd = crowd
        self._node = crowd.node
        self._as_of = as_of
        self.answer = answer

    def take(self, mark: Mark, data: bytes, now_s: float) -> None:
        """Raises ProtocolError for what a later livedash wrote: to leave it out would make another state than the others have."""
        entry = entry_of_bytes(data)
        self.mark = mark
        self.nbytes += len(data)
        asked = self._outgoing.answered(entry.number) if entry.node == self._node else None
        if self.state.knows(entry):
            result = known_result(self.state, entry)
        else:
            self.state.numbers.add(entry.node, entry.number)
            result = self._apply(mark, entry, asked, now_s)
        if asked is not None:
            self.answer(asked, result)

    def answer_known(self) -> None:
        """What the shelves had of this hub's own entries."""
        for asked in self._outgoing.answered_if(lambda number: self.state.numbers.has(self._node, number)):
            self.answer(asked, known_result(self.state, asked.entry))

    def _apply(self, mark: Mark, entry: Entry, asked: Asked | None, now_s: float) -> Result:
        if isinstance(entry.change, TellPresence | AskPresence):
            self._crowd.take(entry.node, entry.change)
            return None
        room = room_of(entry.change)
        if room is not None and mark <= self._as_of.get(room, 0):
            return known_result(self.state, entry)
        self.touched[_shelf_of(entry)] = mark
        return self.state.make_entry(entry, now_s, asked.asker if asked else NOBODY)


def known_result(state: SharedState, entry: Entry) -> Result:
    """Of a change that was made before: where its records lie, as far as that is known, or where the room stands."""
    change = entry.change
    name = room_of(change)
    room = state.hub.rooms.get(name) if name is not None else None
    if room is None:
        return None
    if isinstance(change, Append) and change.publisher is not None and change.seq is not None:
        return room.publishers.answer(change.publisher, change.seq) or room.position
    return room if isinstance(change, Configure) else room.position


def _shelf_of(entry: Entry) -> str:
    match entry.change.change if isinstance(entry.change, Again) else entry.change:
        case AddLink() | RevokeLink():
            return LINKS
        case PutDashboard():
            return DASHBOARDS
    room = room_of(entry.change)
    assert room is not None
    return shelf_of_room(room)
