"""What all hubs of one broker share: rooms, links and dashboards, made by the same changes in the same order."""

from __future__ import annotations

import base64
import hashlib
from collections import OrderedDict, deque

from livedash import limits
from livedash.brokers.entries import (
    AddLink,
    Again,
    AskPresence,
    Entry,
    LinkOrDashboard,
    PresenceChange,
    PutDashboard,
    Rescue,
    RevokeLink,
    SharedChange,
    TellPresence,
    room_of,
)
from livedash.brokers.numbers import Numbers
from livedash.core.changes import NOBODY, Append, Asker, GiveBack, Moment, Result, result_of
from livedash.core.hub import Hub
from livedash.core.rescue import Author, Rescued, rescue
from livedash.errors import LivedashError
from livedash.sharing.registry import LinkRegistry
from livedash.wire.position import NO_EPOCH
from livedash.wire.specs import DashboardSpec

Dashboards = dict[str, DashboardSpec]


class SharedState:
    """`numbers`: the entries that were made. `rescued`: up to where an epoch of a room was taken in from another hub.

    `authors`: of each room, whose entries its last records came by; for this hub's own use. `generation`: of the log.
    """

    def __init__(self, hub: Hub, links: LinkRegistry, dashboards: Dashboards) -> None:
        self.hub = hub
        self.links = links
        self.dashboards = dashboards
        self.generation = ""
        self.numbers = Numbers()
        self.authors: dict[str, deque[tuple[str, Author]]] = {}
        self.rescued: OrderedDict[tuple[str, str], int] = OrderedDict()
        self._recent: OrderedDict[tuple[str, int], LinkOrDashboard] = OrderedDict()  # by the entry

    def knows(self, entry: Entry) -> bool:
        """True for one that was made already: its node sent it again, not knowing that it had arrived."""
        return self.numbers.has(entry.node, entry.number)

    def make_entry(self, entry: Entry, now_s: float, asker: Asker = NOBODY) -> Result:
        """As `make`, and remembers whose records came with it."""
        room = room_of(entry.change)
        before = self._top_of(room)
        result = self.make(entry.change, _moment_in(self.generation, entry.moment), now_s, asker)
        after = self._top_of(room)
        if room is not None and after != before and isinstance(entry.change, Append | GiveBack):
            epoch, last = after
            author = (epoch, Author(last, entry.node, entry.number))
            self.authors.setdefault(room, deque(maxlen=limits.BROKER_AUTHORS)).append(author)
        if room is not None and after == (NO_EPOCH, 0):
            self.authors.pop(room, None)
        if result is None and isinstance(entry.change, LinkOrDashboard):
            self._remember(entry.node, entry.number, entry.change)
        return result

    def lost_in(self, other: SharedState) -> list[Again]:
        """Links that were made or revoked here and dashboards that were put, of which the other one has not heard."""
        return [
            Again(node, number, change)
            for (node, number), change in self._recent.items()
            if not other.numbers.has(node, number)
            and not (isinstance(change, PutDashboard) and change.name in other.dashboards)  # a later one, perhaps
        ]

    def make(
        self, change: SharedChange | PresenceChange, moment: Moment, now_s: float, asker: Asker = NOBODY
    ) -> Result:
        """Makes the change, and says what came of it; `now_s` is the time of this hub's viewers."""
        try:
            match change:
                case AddLink(link, digest):
                    self.links.add(link, digest)
                case RevokeLink(link_id):
                    self.links.revoke(link_id)
                case PutDashboard(name, spec):
                    self.dashboards[name] = spec
                case Rescue(what):
                    return self._rescue(what, moment, now_s)
                case Again(node, number, lost):
                    return self._make_again(node, number, lost, moment, now_s)
                case TellPresence() | AskPresence():
                    return None  # is of hubs, not of what they share
                case of_rooms:
                    return result_of(self.hub, of_rooms, moment, now_s, asker)
        except LivedashError as error:
            return error
        return None

    def exchange(self, other: SharedState, now_us: int, now_s: float) -> None:
        """Takes all of another one for its own; viewers stay."""
        self.hub.exchange(other.hub, now_us, now_s)
        self.hub.presence.key = other.hub.presence.key
        self.links.exchange(other.links)
        self.dashboards.clear()
        self.dashboards.update(other.dashboards)
        self.numbers, self.rescued, self.authors = other.numbers, other.rescued, other.authors
        self.generation = other.generation
        held = {link.id for link, _ in self.links.held()}
        for place, change in list(self._recent.items()):
            if isinstance(change, AddLink) and change.link.id not in held:  # it was revoked meanwhile
                del self._recent[place]
        for (node, number), change in other._recent.items():
            self._remember(node, number, change)

    def _make_again(self, node: str, number: int, lost: LinkOrDashboard, moment: Moment, now_s: float) -> Result:
        if self.numbers.has(node, number):
            return None
        self.numbers.add(node, number)
        if isinstance(lost, AddLink) and RevokeLink(lost.link.id) in self._recent.values():
            return None
        self._remember(node, number, lost)
        return self.make(lost, moment, now_s)

    def _remember(self, node: str, number: int, change: LinkOrDashboard) -> None:
        self._recent[node, number] = change
        if len(self._recent) > limits.BROKER_RECENT:
            self._recent.popitem(last=False)

    def _rescue(self, what: Rescued, moment: Moment, now_s: float) -> Result:
        place = (what.room, what.epoch)
        known_to = self.rescued.get(place, 0)

        def is_made(author: Author) -> bool:
            return self.numbers.has(author.node, author.number)

        for author in rescue(self.hub, what, known_to, is_made, moment.at_us, now_s, moment.epoch):
            self.numbers.add(author.node, author.number)
        self.rescued[place] = max(known_to, what.last)
        if len(self.rescued) > limits.DELETED_ROOMS:
            self.rescued.popitem(last=False)
        return self.hub.room(what.room).position

    def _top_of(self, name: str | None) -> tuple[str, int]:
        room = self.hub.rooms.get(name) if name is not None else None
        return (NO_EPOCH, 0) if room is None else (room.epoch, room.history.top)


def _moment_in(generation: str, moment: Moment) -> Moment:
    """An entry may come again in another generation: what begins with it there is another epoch."""
    digest = hashlib.blake2b(f"{generation}:{moment.epoch}".encode()).digest()
    return Moment(moment.at_us, base64.b32encode(digest).decode().lower()[: limits.EPOCH_CHARACTERS])
