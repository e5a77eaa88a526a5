"""Who views which room, over all connections: one viewer may have several, or none for a moment; no clock, no I/O.

A connection belongs to a viewer. Which one is told by the caller itself, with a text that nobody else knows, its grant's
`viewer_secret`: whoever has the same login or link, and shows the same text, is the same viewer. Without one, a connection
takes the place of a viewer that came from there as well and has just lost its last connection. So nobody passes for a viewer
of another login or link, and no text is ever told to others: what they see is an id made here.

A viewer that lost its last connection in a room has limits.PRESENCE_GRACE_S to come back; only then it counts as left. What
polls has no connection between two polls, and is there all the same.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import TypeVar

from livedash import limits
from livedash.core.grant import Grant
from livedash.wire.messages import ViewerInfo

_Origin = tuple[str, ...]  # what two connections of the same viewer have in common
_Key = TypeVar("_Key")


class PresentViewer:
    """A viewer. `rooms`: how many connections read it in each; 0 where it may still come back."""

    __slots__ = ("connections", "info", "is_polling", "link_id", "origin", "rooms")

    def __init__(self, info: ViewerInfo, link_id: str | None, origin: _Origin) -> None:
        self.info = info
        self.link_id = link_id
        self.origin = origin
        self.connections = 0
        self.is_polling = False
        self.rooms: dict[str, int] = {}

    def is_in(self, room: str) -> bool:
        return self.rooms.get(room, 0) > 0 or (self.is_polling and room in self.rooms)

    @property
    def is_there(self) -> bool:
        return self.connections > 0 or (self.is_polling and bool(self.rooms))

    def seen_by(self, grant: Grant) -> ViewerInfo:
        """A label is its maker's note, and a login's name is nobody's business outside: a link's reader sees its own only."""
        if grant.link_id is None or grant.link_id == self.link_id:
            return self.info
        return ViewerInfo(self.info.id, "", self.info.since)


@dataclass(frozen=True, slots=True)
class PresenceStatistics:
    """`leaving`: pairs of a room and a viewer that may still come back."""

    viewers: int
    leaving: int


class Presence:
    """Of a hub."""

    def __init__(self) -> None:
        self._viewers: dict[PresentViewer, None] = {}
        self._known: dict[_Origin, PresentViewer] = {}  # those that told who they are
        self._absent: dict[_Origin, dict[PresentViewer, None]] = {}  # the others, without a connection
        self._in_room: dict[str, dict[PresentViewer, None]] = {}
        self._leaving: dict[tuple[str, PresentViewer], float | None] = {}  # until when; None: since the last look

    # Connections

    def arrive(
        self,
        grant: Grant,
        label: str,
        polls: tuple[str, ...] | None,
        new_id: Callable[[], str],
        now_s: float,
    ) -> PresentViewer:
        """The viewer to which a new connection belongs. `polls`: it is a poll, of these rooms."""
        viewer = self._come_back(grant, label, polls)
        if viewer is None:
            viewer = PresentViewer(ViewerInfo(new_id(), label, now_s), grant.link_id, _origin_of(grant, label, polls))
            self._viewers[viewer] = None
            if grant.viewer_secret:
                self._known[viewer.origin] = viewer
        viewer.connections += 1
        viewer.is_polling = polls is not None
        return viewer

    def depart(self, viewer: PresentViewer) -> None:
        """A connection of it has ended, and has left its rooms."""
        viewer.connections -= 1
        if viewer.connections:
            return
        if not viewer.rooms:
            self._forget(viewer)
        elif viewer.origin not in self._known:
            self._absent.setdefault(viewer.origin, {})[viewer] = None

    # Rooms

    def enter(self, room: str, viewer: PresentViewer) -> bool:
        """One more of its connections reads the room. True if it was not there before."""
        is_new = room not in viewer.rooms
        viewer.rooms[room] = viewer.rooms.get(room, 0) + 1
        self._in_room.setdefault(room, {})[viewer] = None
        self._leaving.pop((room, viewer), None)
        return is_new

    def leave(self, room: str, viewer: PresentViewer, *, may_come_back: bool) -> bool:
        """One of its connections reads the room no more. True if it has left for good."""
        viewer.rooms[room] -= 1
        if viewer.rooms[room]:
            return False
        if may_come_back:
            self._leaving[room, viewer] = None
            return False
        self._take_out(room, viewer)
        return True

    def take_left(self, now_s: float) -> list[tuple[str, PresentViewer]]:
        """Those that did not come back in time, by a clock that never goes back; each once."""
        left = [key for key, until_s in self._leaving.items() if until_s is not None and until_s <= now_s]
        excess = len(self._leaving) - len(left) - limits.PRESENCE_LEAVING
        if excess > 0:
            waiting = (key for key, until_s in self._leaving.items() if until_s is None or until_s > now_s)
            left += [key for key, _ in zip(waiting, range(excess), strict=False)]
        for room, viewer in left:
            self._take_out(room, viewer)
        for key, until_s in self._leaving.items():
            if until_s is None:
                self._leaving[key] = now_s + limits.PRESENCE_GRACE_S
        return left

    # Questions

    def viewers(self, room: str) -> list[PresentViewer]:
        """Who is there now, the first to come first."""
        return [viewer for viewer in self._in_room.get(room, ()) if viewer.is_in(room)]

    def by_link(self, link_id: str) -> int:
        return sum(viewer.link_id == link_id and viewer.is_there for viewer in self._viewers)

    def statistics(self) -> PresenceStatistics:
        return PresenceStatistics(len(self._viewers), len(self._leaving))

    def _come_back(self, grant: Grant, label: str, polls: tuple[str, ...] | None) -> PresentViewer | None:
        origin = _origin_of(grant, label, polls)
        if grant.viewer_secret:
            return self._known.get(origin)
        absent = self._absent.get(origin)
        if not absent:
            return None
        viewer = next(iter(absent))
        self._no_more_absent(viewer)
        return viewer

    def _take_out(self, room: str, viewer: PresentViewer) -> None:
        self._leaving.pop((room, viewer), None)
        del viewer.rooms[room]
        _remove(self._in_room, room, viewer)
        if not (viewer.rooms or viewer.connections):
            self._forget(viewer)

    def _forget(self, viewer: PresentViewer) -> None:
        self._viewers.pop(viewer, None)
        self._no_more_absent(viewer)
        if self._known.get(viewer.origin) is viewer:
            del self._known[viewer.origin]

    def _no_more_absent(self, viewer: PresentViewer) -> None:
        _remove(self._absent, viewer.origin, viewer)


def _origin_of(grant: Grant, label: str, polls: Iterable[str] | None) -> _Origin:
    if grant.viewer_secret:
        return (grant.principal, grant.viewer_secret)
    how = ("streams",) if polls is None else ("polls", *polls)
    return (grant.principal, label, str(grant.address), *how)


def _remove(sets: dict[_Key, dict[PresentViewer, None]], key: _Key, viewer: PresentViewer) -> None:
    """What is empty is forgotten."""
    found = sets.get(key)
    if found is None:
        return
    found.pop(viewer, None)
    if not found:
        del sets[key]
