"""Who views which room, over all connections: one viewer may have several, or none for a moment; no clock, no I/O.

A connection belongs to a viewer. Which one is told by the caller itself, with a text that nobody else knows, its grant's
`viewer_secret`: whoever has the same login or link, and shows the same text, is the same viewer. Without one, a connection
takes the place of a viewer that came from there as well and has just lost its last connection. So nobody passes for a viewer
of another login or link, and no text is ever told to others: what they see is an id made of it by a key that hubs keep.

A viewer that lost its last connection in a room has limits.PRESENCE_GRACE_S to come back; only then it counts as left. What
polls has no connection between two polls, and is there all the same.

Several hubs of one broker share the key, so a viewer that shows its text has one id at all of them, and who polls has, too. It
is in a room while any of them says so.
"""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Final, TypeVar

from livedash import limits
from livedash.core.elsewhere import Elsewhere, Seen
from livedash.core.grant import Grant
from livedash.wire.messages import ViewerInfo

_Origin = tuple[str, ...]  # what two connections of the same viewer have in common
_ID_BYTES: Final = 10  # 16 letters
_Key = TypeVar("_Key")
_Member = TypeVar("_Member")
_Value = TypeVar("_Value")
OnMove = Callable[[str, Seen, bool], None]  # a room, who, and whether it came or left


class PresentViewer:
    """A viewer. `rooms`: how many connections read it in each; 0 where it may still come back."""

    __slots__ = ("connections", "is_polling", "origin", "rooms", "seen")

    def __init__(self, seen: Seen, origin: _Origin) -> None:
        self.seen = seen
        self.origin = origin
        self.connections = 0
        self.is_polling = False
        self.rooms: dict[str, int] = {}

    def is_in(self, room: str) -> bool:
        return self.rooms.get(room, 0) > 0 or (self.is_polling and room in self.rooms)

    @property
    def is_there(self) -> bool:
        return self.connections > 0 or (self.is_polling and bool(self.rooms))


@dataclass(frozen=True, slots=True)
class PresenceStatistics:
    """`leaving`: pairs of a room and a viewer that may still come back."""

    viewers: int
    leaving: int


class Presence:
    """Of a hub. `on_move` is called when a viewer of its own came to a room, or has left it for good."""

    def __init__(self) -> None:
        self.key = ""
        self.elsewhere = Elsewhere()
        self.on_move: OnMove = _nobody
        self._viewers: dict[str, PresentViewer] = {}  # by id
        self._known: dict[_Origin, PresentViewer] = {}  # those that told who they are
        self._absent: dict[_Origin, dict[PresentViewer, None]] = {}  # the others, without a connection
        self._in_room: dict[str, dict[str, PresentViewer]] = {}
        self._leaving: dict[tuple[str, PresentViewer], float | None] = {}  # until when; None: since the last look

    def have_key(self, new_id: Callable[[], str]) -> None:
        """A key of its own, unless it has one: by others' ids nobody finds out what their text is."""
        self.key = self.key or new_id() + new_id() + new_id()

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
            self.have_key(new_id)
            origin = _origin_of(grant, label, polls)
            is_known_elsewhere = bool(grant.viewer_secret) or polls is not None
            own_id = self._id_of(origin) if is_known_elsewhere else ""
            viewer_id = own_id if own_id and own_id not in self._viewers else new_id()
            viewer = PresentViewer(Seen(ViewerInfo(viewer_id, label, now_s), grant.link_id), origin)
            self._viewers[viewer_id] = viewer
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
        """One more of its connections reads the room. True if it was not there before, at any hub."""
        is_new = room not in viewer.rooms
        viewer.rooms[room] = viewer.rooms.get(room, 0) + 1
        self._leaving.pop((room, viewer), None)
        if not is_new:
            return False
        self._in_room.setdefault(room, {})[viewer.seen.id] = viewer
        self.on_move(room, viewer.seen, True)
        return not self.elsewhere.has(room, viewer.seen.id)

    def leave(self, room: str, viewer: PresentViewer, *, may_come_back: bool) -> bool:
        """One of its connections reads the room no more. True if it has left for good."""
        viewer.rooms[room] -= 1
        if viewer.rooms[room]:
            return False
        if may_come_back:
            self._leaving[room, viewer] = None
            return False
        return self._take_out(room, viewer)

    def take_left(self, now_s: float) -> list[tuple[str, Seen]]:
        """Those that did not come back in time, by a clock that never goes back; each once, and at no hub any more."""
        left = [key for key, until_s in self._leaving.items() if until_s is not None and until_s <= now_s]
        excess = len(self._leaving) - len(left) - limits.PRESENCE_LEAVING
        if excess > 0:
            waiting = (key for key, until_s in self._leaving.items() if until_s is None or until_s > now_s)
            left += [key for key, _ in zip(waiting, range(excess), strict=False)]
        gone = [(room, viewer.seen) for room, viewer in left if self._take_out(room, viewer)]
        for key, until_s in self._leaving.items():
            if until_s is None:
                self._leaving[key] = now_s + limits.PRESENCE_GRACE_S
        return gone + [move for move in self.elsewhere.take_left(now_s) if not self.has(*move)]

    def has(self, room: str, seen: Seen) -> bool:
        """At this hub, or it may still come back here."""
        return seen.id in self._in_room.get(room, ())

    # Questions

    def viewers(self, room: str) -> list[Seen]:
        """Who is there now, at any hub, the first to come first."""
        found = {seen.id: seen for seen in self.elsewhere.viewers(room)}
        for viewer_id, viewer in self._in_room.get(room, {}).items():
            if viewer.is_in(room):
                found[viewer_id] = viewer.seen.earlier(found.get(viewer_id))
        return sorted(found.values(), key=lambda seen: seen.info.since) if self.elsewhere else list(found.values())

    def here(self) -> list[tuple[str, Seen]]:
        """Each room that is read at this hub, with each of its viewers."""
        return [(room, viewer.seen) for room, viewers in self._in_room.items() for viewer in viewers.values()]

    def by_link(self, link_id: str) -> int:
        here = {
            viewer.seen.id for viewer in self._viewers.values() if viewer.seen.link_id == link_id and viewer.is_there
        }
        return len(here | self.elsewhere.by_link(link_id))

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

    def _take_out(self, room: str, viewer: PresentViewer) -> bool:
        """True if it is at no other hub either."""
        self._leaving.pop((room, viewer), None)
        del viewer.rooms[room]
        _remove(self._in_room, room, viewer.seen.id)
        if not (viewer.rooms or viewer.connections):
            self._forget(viewer)
        self.on_move(room, viewer.seen, False)
        return not self.elsewhere.has(room, viewer.seen.id)

    def _forget(self, viewer: PresentViewer) -> None:
        self._viewers.pop(viewer.seen.id, None)
        self._no_more_absent(viewer)
        if self._known.get(viewer.origin) is viewer:
            del self._known[viewer.origin]

    def _no_more_absent(self, viewer: PresentViewer) -> None:
        _remove(self._absent, viewer.origin, viewer)

    def _id_of(self, origin: _Origin) -> str:
        text = "\0".join(map(repr, origin)).encode()
        digest = hashlib.blake2b(text, key=self.key.encode(), digest_size=_ID_BYTES).digest()
        return base64.b32encode(digest).decode().lower()


def _origin_of(grant: Grant, label: str, polls: Iterable[str] | None) -> _Origin:
    if grant.viewer_secret:
        return (grant.principal, grant.viewer_secret)
    how = ("streams",) if polls is None else ("polls", *polls)
    return (grant.principal, label, str(grant.address), *how)


def _remove(sets: dict[_Key, dict[_Member, _Value]], key: _Key, member: _Member) -> None:
    """What is empty is forgotten."""
    found = sets.get(key)
    if found is None:
        return
    found.pop(member, None)
    if not found:
        del sets[key]


def _nobody(room: str, seen: Seen, came: bool) -> None:
    """There is no other hub."""
