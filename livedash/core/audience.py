"""Who reads which rooms, who of them may be owed something now, and what all of them are told that is no record."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Final

from livedash.core.elsewhere import Move, Node, Seen
from livedash.core.failing import FailingSources
from livedash.core.grant import Grant, owner
from livedash.core.ladder import Ladder
from livedash.core.presence import Presence
from livedash.core.session import Session
from livedash.wire import names
from livedash.wire.messages import Joined, Left, Notice, ViewerInfo

_HUB: Final = owner("hub")


class Audience:
    """A hub's viewers; the rooms are the hub's own. `on_dirty` is called when the first of them is owed something."""

    def __init__(self) -> None:
        self.on_dirty: Callable[[], None] = _nobody
        self._readers: dict[str, dict[Session, None]] = {}
        self._family_readers: dict[Session, None] = {}
        self._dirty: dict[Session, None] = {}
        self._watchers: dict[str, dict[Session, None]] = {}  # who is told of those that join and leave
        self.presence = Presence()
        self.failing = FailingSources()
        self.ladder = Ladder()

    def add_reader(self, room: str, session: Session, *, is_watching: bool = False) -> None:
        """`is_watching`: it is told of the others that join and leave."""
        readers = self._readers.setdefault(room, {})
        is_new = session not in readers
        readers[session] = None
        if is_watching:
            self._watchers.setdefault(room, {})[session] = None
        else:
            _remove(self._watchers, room, session)
        if is_new and self.presence.enter(room, session.present):
            self._tell_watchers(Joined, room, session.present.seen)

    def remove_reader(self, room: str, session: Session, *, may_come_back: bool = False) -> None:
        """`may_come_back`: its connection has ended, which may be no more than a cut."""
        _remove(self._watchers, room, session)
        was_there = _remove(self._readers, room, session)
        if was_there and self.presence.leave(room, session.present, may_come_back=may_come_back):
            self._tell_watchers(Left, room, session.present.seen)

    def add_family_reader(self, session: Session) -> None:
        self._family_readers[session] = None

    def remove_family_reader(self, session: Session) -> None:
        self._family_readers.pop(session, None)

    def viewers(self, room: str, grant: Grant = _HUB) -> list[ViewerInfo]:
        """Who reads the room now, over all transports and hubs, as who has this grant may see them."""
        return [seen.seen_by(grant) for seen in self.presence.viewers(room)]

    def tell_left(self, now_s: float) -> None:
        """Called about twice a second, with the time of a clock that never goes back."""
        for room, seen in self.presence.take_left(now_s):
            self._tell_watchers(Left, room, seen)

    def note_elsewhere(
        self, node: Node, came: Iterable[Move], left: Iterable[tuple[str, str]], *, is_all: bool, more: bool
    ) -> None:
        """What another hub says of its viewers; see Elsewhere.take."""
        joined, gone = self.presence.elsewhere.take(node, came, left, is_all=is_all, more=more)
        for kind, moves in ((Joined, joined), (Left, gone)):
            for room, seen in moves:
                if not self.presence.has(room, seen):
                    self._tell_watchers(kind, room, seen)

    def note_failing(self, room: str, source: str, error: str | None, session: Session) -> None:
        """A source that runs where `session` comes from fails, or (None) fails no more; readers of its room are told.

        Raises NameRefusedError or LimitReachedError.
        """
        if self.failing.note(session, names.checked_room(room), source, error):
            self._tell_failing(room)

    def mark_dirty(self, session: Session) -> None:
        if not self._dirty:
            self.on_dirty()
        self._dirty[session] = None

    def take_dirty(self) -> list[Session]:
        """The viewers that may be owed something, each once; they are clean from now on."""
        dirty, self._dirty = self._dirty, {}
        return list(dirty)

    def _mark_readers(self, room: str) -> None:
        readers = self._readers.get(room)
        if readers:
            if not self._dirty:
                self.on_dirty()
            self._dirty.update(readers)

    def _tell_families(self, room: str, now_s: float) -> None:
        """The room began."""
        for session in tuple(self._family_readers):
            session.on_room_began(room, now_s)

    def _leave(self, session: Session, rooms: Iterable[str]) -> None:
        for room in rooms:
            self.remove_reader(room, session, may_come_back=True)
        self.presence.depart(session.present)
        self.remove_family_reader(session)
        self._dirty.pop(session, None)
        for room in self.failing.forget_publisher(session):
            self._tell_failing(room)

    def _notify_readers(self, notice: Notice) -> None:
        for session in self._readers.get(notice.room, ()):
            session.notify(notice)

    def _tell_watchers(self, kind: type[Joined] | type[Left], room: str, seen: Seen) -> None:
        """Nobody is told of itself."""
        for session in self._watchers.get(room, ()):
            if session.present.seen.id != seen.id:
                session.notify(kind(room, seen.seen_by(session.grant)))

    def _tell_failing(self, room: str) -> None:
        for session in self._readers.get(room, ()):
            session.tell_failing(room)


def _remove(sets: dict[str, dict[Session, None]], room: str, session: Session) -> bool:
    """True if it was there; what is empty is forgotten."""
    found = sets.get(room)
    if found is None or session not in found:
        return False
    del found[session]
    if not found:
        del sets[room]
    return True


def _nobody() -> None:
    """Before a host has set `on_dirty`."""
