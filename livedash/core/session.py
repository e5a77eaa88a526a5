"""One viewer: its grant, its subscriptions and globs, and what it is owed now. All transports drive the same session."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import Protocol

from livedash.core.connections import Connections
from livedash.core.failing import FailingSources
from livedash.core.grant import Grant
from livedash.core.ladder import Ladder
from livedash.core.outbox import Outbox, OutboxStatistics
from livedash.core.presence import PresentViewer
from livedash.core.reading import Reading
from livedash.core.room import Rooms
from livedash.core.subscription import Subscription, SubscriptionStatistics
from livedash.errors import LimitReachedError
from livedash.wire import names
from livedash.wire.messages import (
    Degraded,
    Delivery,
    Error,
    Failing,
    GapReason,
    HubMessage,
    Notification,
    Subscribed,
    ViewerInfo,
)
from livedash.wire.position import NO_EPOCH, START, Cursor, Position
from livedash.wire.since import After, Since, Start


class Readership(Protocol):
    """What a session needs of its hub."""

    @property
    def rooms(self) -> Rooms: ...
    @property
    def connections(self) -> Connections: ...
    @property
    def failing(self) -> FailingSources: ...
    @property
    def ladder(self) -> Ladder: ...
    def rooms_matching(self, glob: str) -> list[str]: ...
    def why_ended(self, name: str, epoch: str) -> GapReason | None: ...
    def add_reader(self, room: str, session: Session, *, is_watching: bool) -> None: ...
    def remove_reader(self, room: str, session: Session) -> None: ...
    def add_family_reader(self, session: Session) -> None: ...
    def remove_family_reader(self, session: Session) -> None: ...
    def remove_session(self, session: Session, rooms: Iterable[str]) -> None: ...
    def mark_dirty(self, session: Session) -> None: ...


@dataclass(frozen=True, slots=True)
class _Family:
    """A glob that the viewer reads, and how."""

    start: Start
    reading: Reading


@dataclass(frozen=True, slots=True)
class SessionStatistics:
    viewer: ViewerInfo
    subscriptions: tuple[SubscriptionStatistics, ...]
    outbox: OutboxStatistics


class Session:
    """`pump` is called when there may be something to take; a transport then takes and sends what it has room for."""

    __slots__ = (
        "_asked_by",
        "_families",
        "_hub",
        "_stopped_at",
        "_subscriptions",
        "grant",
        "is_closed",
        "outbox",
        "present",
        "pump",
    )

    def __init__(self, hub: Readership, grant: Grant, present: PresentViewer, pump: Callable[[], None]) -> None:
        self._hub = hub
        self.grant = grant
        self.present = present
        self.pump = pump
        self.outbox = Outbox()
        self.is_closed = False
        self._subscriptions: dict[str, Subscription] = {}
        self._stopped_at: int | None = None  # the room to which the last take did not come any more
        self._asked_by: dict[str, str] = {}  # the name or glob by which a room is read
        self._families: dict[str, _Family] = {}

    def subscribe(self, room: str, start: Start, reading: Reading, now_s: float) -> None:
        """Reads a room or a glob from now on; the answer is the next to take.

        A second one for the same room takes the first one's place; a glob leaves rooms alone that are read by name. `*`
        means all that this viewer may read. Raises NameRefusedError, NotFoundError (not granted) or LimitReachedError.
        """
        names.checked_glob(room)
        if room != names.ALL:
            self.grant.check_read(room)
        if not names.is_glob(room):
            self._check_bound([room])
            self._follow(room, room, start(room), reading, now_s)
            return
        there = self._hub.rooms_matching(room)
        awaited = [name for name in start.rooms if name not in there and names.matches(room, name)]
        granted = self.grant.readable([*there, *awaited])
        found = [name for name in granted if self._asked_by.get(name) != name]
        self._check_bound([room, *found])
        for name in [name for name, asked in self._asked_by.items() if asked == room and name not in found]:
            self._unfollow(name)  # its room is gone: should it begin again, it is read as was asked last
        self._families[room] = _Family(start, reading)
        self._hub.add_family_reader(self)
        self.outbox.put(Subscribed(room, NO_EPOCH, 0, recovered=True))
        for name in found:
            self._follow(name, room, start(name), reading, now_s)

    def unsubscribe(self, room: str) -> None:
        """Of a glob: with all rooms that are read by it."""
        self._families.pop(room, None)
        if not self._families:
            self._hub.remove_family_reader(self)
        for name in [name for name, asked in self._asked_by.items() if room in (name, asked)]:
            self._unfollow(name)

    def on_room_began(self, room: str, now_s: float) -> None:
        """A room that did not exist: read from its first record, if a glob of this viewer covers it.

        Called while somebody publishes, who must not hear of this viewer's bound.
        """
        if room in self._subscriptions:
            return
        for glob, family in self._families.items():
            if names.matches(glob, room) and self.grant.may_read(room):
                try:
                    self._check_bound([room])
                except LimitReachedError as error:
                    self.notify(Error(error.code, error.message, room=room))
                    return
                since = family.start(room)
                has_read_it = isinstance(since, After) and since.position.exists
                self._follow(room, glob, since if has_read_it else After(START), family.reading, now_s)
                return

    def leave_out(self, room: str, last: Position, count: int) -> None:
        """`echo: false`: this viewer's own records, `count` of them up to `last`."""
        subscription = self._subscriptions.get(room)
        if subscription is not None:
            subscription.leave_out(last, count)

    def note_blocked(self) -> None:
        """The transport could not send for limits.SLOW_AFTER_S."""
        for subscription in self._subscriptions.values():
            subscription.note_blocked()

    def notify(self, notification: Notification) -> None:
        """Puts an answer or event before the next records, and has the transport take it."""
        self.outbox.put(notification)
        self._hub.mark_dirty(self)

    def tell_failing(self, room: str) -> None:
        """Which sources of the room fail now. What they say may hold internals, which are not for a link's readers."""
        sources = self._hub.failing.of(room)
        self.notify(Failing(room, dict.fromkeys(sources, "") if self.grant.link_id else sources))

    def tell_degraded(self, reason: str | None) -> None:
        """Why the hub can't do all that it should now, None: it can again. A link's readers are told that, and not why."""
        self.notify(Degraded("" if reason and self.grant.link_id else reason))

    def take(self, now_s: float, max_bytes: int) -> Iterator[HubMessage]:
        """What to send now, about `max_bytes` of records and a snapshot. Each message that is taken counts as sent.

        The rooms to which it does not come are the first ones next time.
        """
        if self.is_closed:
            return
        yield from self.outbox.take()
        subscriptions = tuple(self._subscriptions.values())
        first, self._stopped_at = self._stopped_at or 0, None
        left = max_bytes
        for number in range(first, first + len(subscriptions)):
            at = number % len(subscriptions)
            if left <= 0:
                self._stopped_at = at
                return
            for message in subscriptions[at].take(now_s, left):
                left -= message.batch.nbytes if isinstance(message, Delivery) else 0
                yield message

    @property
    def is_amid_rooms(self) -> bool:
        """True if the last take did not come to all rooms: what they owe, a gap perhaps, is not in the cursor yet."""
        return self._stopped_at is not None

    def has_more(self) -> bool:
        """True if a take stopped at its bound and another one would give records now."""
        return self.is_amid_rooms or any(subscription.is_behind() for subscription in self._subscriptions.values())

    def due_s(self) -> float | None:
        """When to pump this session again though nothing new came, None: no such time."""
        times = [due for subscription in self._subscriptions.values() if (due := subscription.due_s()) is not None]
        return min(times, default=None)

    def cursor(self) -> Cursor:
        """Of all rooms but those whose first snapshot is still owed: without it their reader holds nothing."""
        return Cursor({room: each.position for room, each in self._subscriptions.items() if each.has_place})

    def keys(self) -> dict[str, str]:
        """The key of each keyed room that is read, as the viewer was told."""
        return {room: each.key for room, each in self._subscriptions.items() if each.key is not None}

    @property
    def is_reader(self) -> bool:
        """False for who publishes only."""
        return bool(self._subscriptions or self._families)

    @property
    def viewer(self) -> ViewerInfo:
        return self.present.seen.info

    @property
    def rooms(self) -> tuple[str, ...]:
        return tuple(self._subscriptions)

    def close(self) -> None:
        """Leaves all rooms; nothing can be taken any more."""
        if self.is_closed:
            return
        self.is_closed = True
        self._hub.remove_session(self, self.rooms)
        self._subscriptions.clear()
        self._asked_by.clear()
        self._families.clear()

    def statistics(self) -> SessionStatistics:
        readings = tuple(subscription.statistics() for subscription in self._subscriptions.values())
        return SessionStatistics(self.viewer, readings, self.outbox.statistics())

    def _check_bound(self, rooms: list[str]) -> None:
        """Raises LimitReachedError where the rooms and globs would be too many with these."""
        count = len({*self._subscriptions, *self._families, *rooms})
        most = self._hub.connections.bounds.rooms
        if count > most:
            raise LimitReachedError(
                f"a connection reads {most} rooms at most, not {count}; unsubscribe some, or open another"
            )

    def _unfollow(self, room: str) -> None:
        del self._subscriptions[room], self._asked_by[room]
        self._hub.remove_reader(room, self)

    def _follow(self, room: str, asked: str, since: Since, reading: Reading, now_s: float) -> None:
        subscription = self._subscriptions[room] = Subscription(self._hub.rooms, room, reading, self._hub.ladder)
        self._asked_by[room] = asked
        self._hub.add_reader(room, self, is_watching=reading.presence)
        ended = self._hub.why_ended(room, since.position.epoch) if isinstance(since, After) else None
        self.outbox.put(subscription.begin(since, now_s, ended))
        if self._hub.failing.of(room):
            self.tell_failing(room)
        self._hub.mark_dirty(self)
