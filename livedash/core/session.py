"""One viewer: its grant, its subscriptions and globs, and what it is owed now. All transports drive the same session."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import Protocol

from livedash import limits
from livedash.core.grant import Grant
from livedash.core.outbox import Outbox, OutboxStatistics
from livedash.core.room import Rooms
from livedash.core.subscription import Reading, Subscription, SubscriptionStatistics
from livedash.errors import LimitReachedError
from livedash.wire import names
from livedash.wire.messages import HubMessage, Notification, Subscribed, ViewerInfo
from livedash.wire.position import NO_EPOCH, Cursor
from livedash.wire.since import Since, Snapshot

SinceOf = Callable[[str], Since]  # where to start in a room


class Readership(Protocol):
    """What a session needs of its hub."""

    @property
    def rooms(self) -> Rooms: ...
    def rooms_matching(self, glob: str) -> list[str]: ...
    def add_reader(self, room: str, session: Session) -> None: ...
    def remove_reader(self, room: str, session: Session) -> None: ...
    def add_family_reader(self, session: Session) -> None: ...
    def remove_session(self, session: Session, rooms: Iterable[str]) -> None: ...
    def mark_dirty(self, session: Session) -> None: ...


@dataclass(frozen=True, slots=True)
class _Family:
    """A glob that the viewer reads, and how."""

    since_of: SinceOf
    reading: Reading


@dataclass(frozen=True, slots=True)
class SessionStatistics:
    viewer: ViewerInfo
    subscriptions: tuple[SubscriptionStatistics, ...]
    outbox: OutboxStatistics


class Session:
    """`pump` is called when there may be something to take; a transport then takes and sends what it has room for."""

    __slots__ = ("_families", "_hub", "_subscriptions", "grant", "is_closed", "outbox", "pump", "viewer")

    def __init__(self, hub: Readership, grant: Grant, viewer: ViewerInfo, pump: Callable[[], None]) -> None:
        self._hub = hub
        self.grant = grant
        self.viewer = viewer
        self.pump = pump
        self.outbox = Outbox()
        self.is_closed = False
        self._subscriptions: dict[str, Subscription] = {}
        self._families: dict[str, _Family] = {}

    def subscribe(self, room: str, since_of: SinceOf, reading: Reading, now_s: float) -> None:
        """Reads a room or a glob from now on; the answer is the next to take. A second one for a room takes its place.

        Raises NameRefusedError, NotFoundError (not granted) or LimitReachedError.
        """
        names.checked_glob(room)
        self.grant.check_read(room)
        if not names.is_glob(room):
            self._follow(room, since_of(room), reading, now_s)
            return
        self._families[room] = _Family(since_of, reading)
        self._hub.add_family_reader(self)
        self.outbox.put(Subscribed(room, NO_EPOCH, 0, recovered=True))
        for name in self._hub.rooms_matching(room):
            self._follow(name, since_of(name), reading, now_s)

    def unsubscribe(self, room: str) -> None:
        self._families.pop(room, None)
        if self._subscriptions.pop(room, None) is not None:
            self._hub.remove_reader(room, self)

    def on_room_began(self, room: str, now_s: float) -> None:
        """A room that did not exist: read from its first record, if a glob of this viewer covers it."""
        if room in self._subscriptions:
            return
        for glob, family in self._families.items():
            if names.matches(glob, room):
                self._follow(room, family.since_of(room), family.reading, now_s)
                return

    def leave_out(self, room: str, first: int, last: int) -> None:
        """`echo: false`: this viewer's own records."""
        subscription = self._subscriptions.get(room)
        if subscription is not None:
            subscription.leave_out(first, last)

    def note_blocked(self) -> None:
        """The transport could not send for limits.SLOW_AFTER_S."""
        for subscription in self._subscriptions.values():
            subscription.note_blocked()

    def notify(self, notification: Notification) -> None:
        """Puts an answer or event before the next records, and has the transport take it."""
        self.outbox.put(notification)
        self._hub.mark_dirty(self)

    def take(self, now_s: float, max_bytes: int) -> Iterator[HubMessage]:
        """What to send now, about `max_bytes` a room. Each message that is taken counts as sent."""
        yield from self.outbox.take()
        for subscription in tuple(self._subscriptions.values()):
            yield from subscription.take(now_s, max_bytes)

    def has_more(self) -> bool:
        """True if a take stopped at its bound and another one would give records now."""
        return any(subscription.is_behind() for subscription in self._subscriptions.values())

    def due_s(self) -> float | None:
        """When to pump this session again though nothing new came, None: no such time."""
        times = [due for subscription in self._subscriptions.values() if (due := subscription.due_s()) is not None]
        return min(times, default=None)

    def cursor(self) -> Cursor:
        return Cursor({room: subscription.position for room, subscription in self._subscriptions.items()})

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
        self._families.clear()

    def statistics(self) -> SessionStatistics:
        readings = tuple(subscription.statistics() for subscription in self._subscriptions.values())
        return SessionStatistics(self.viewer, readings, self.outbox.statistics())

    def _follow(self, room: str, since: Since, reading: Reading, now_s: float) -> None:
        if room not in self._subscriptions and len(self._subscriptions) >= limits.SUBSCRIPTIONS_PER_CONNECTION:
            raise LimitReachedError(
                f"a connection reads {limits.SUBSCRIPTIONS_PER_CONNECTION} rooms at most; unsubscribe some, or open another"
            )
        subscription = self._subscriptions[room] = Subscription(self._hub.rooms, room, reading)
        self._hub.add_reader(room, self)
        self.outbox.put(subscription.begin(since, now_s))
        self._hub.mark_dirty(self)


def from_snapshot(_: str) -> Since:
    return Snapshot()
