"""Who reads which rooms, who of them may be owed something now, and what all of them are told that is no record."""

from __future__ import annotations

from collections.abc import Callable, Iterable

from livedash.core.failing import FailingSources
from livedash.core.ladder import Ladder
from livedash.core.session import Session
from livedash.wire import names
from livedash.wire.messages import Notice, ViewerInfo


class Audience:
    """A hub's viewers; the rooms are the hub's own. `on_dirty` is called when the first of them is owed something."""

    def __init__(self) -> None:
        self.on_dirty: Callable[[], None] = _nobody
        self._readers: dict[str, dict[Session, None]] = {}
        self._family_readers: dict[Session, None] = {}
        self._dirty: dict[Session, None] = {}
        self.failing = FailingSources()
        self.ladder = Ladder()

    def add_reader(self, room: str, session: Session) -> None:
        self._readers.setdefault(room, {})[session] = None

    def remove_reader(self, room: str, session: Session) -> None:
        readers = self._readers.get(room, {})
        readers.pop(session, None)
        if not readers:
            self._readers.pop(room, None)

    def add_family_reader(self, session: Session) -> None:
        self._family_readers[session] = None

    def remove_family_reader(self, session: Session) -> None:
        self._family_readers.pop(session, None)

    def viewers(self, room: str) -> list[ViewerInfo]:
        return [session.viewer for session in self._readers.get(room, ())]

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
            self.remove_reader(room, session)
        self.remove_family_reader(session)
        self._dirty.pop(session, None)
        for room in self.failing.forget_publisher(session):
            self._tell_failing(room)

    def _notify_readers(self, notice: Notice) -> None:
        for session in self._readers.get(notice.room, ()):
            session.notify(notice)

    def _tell_failing(self, room: str) -> None:
        for session in self._readers.get(room, ()):
            session.tell_failing(room)


def _nobody() -> None:
    """Before a host has set `on_dirty`."""
