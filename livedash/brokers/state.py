"""What all hubs of one broker share: rooms, links and dashboards, made by the same changes in the same order."""

from __future__ import annotations

from collections import OrderedDict

from livedash import limits
from livedash.brokers.entries import AddLink, Entry, PutDashboard, Rescue, RevokeLink, SharedChange
from livedash.core.changes import NOBODY, Asker, Moment, Result, result_of
from livedash.core.hub import Hub
from livedash.core.rescue import Rescued, rescue
from livedash.errors import LivedashError
from livedash.sharing.registry import LinkRegistry
from livedash.wire.specs import DashboardSpec

Dashboards = dict[str, DashboardSpec]


class SharedState:
    """`numbers`: the last entry of each node. `rescued`: up to where an epoch of a room was taken in from another hub."""

    def __init__(self, hub: Hub, links: LinkRegistry, dashboards: Dashboards) -> None:
        self.hub = hub
        self.links = links
        self.dashboards = dashboards
        self.numbers: OrderedDict[str, int] = OrderedDict()
        self.rescued: OrderedDict[tuple[str, str], int] = OrderedDict()

    def knows(self, entry: Entry) -> bool:
        """True for one that was made already: its node sent it again, not knowing that it had arrived."""
        return entry.number <= self.numbers.get(entry.node, 0)

    def note(self, entry: Entry) -> None:
        self.numbers[entry.node] = entry.number
        self.numbers.move_to_end(entry.node)
        if len(self.numbers) > limits.BROKER_NODES:
            self.numbers.popitem(last=False)

    def make(self, change: SharedChange, moment: Moment, now_s: float, asker: Asker = NOBODY) -> Result:
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
                case of_rooms:
                    return result_of(self.hub, of_rooms, moment, now_s, asker)
        except LivedashError as error:
            return error
        return None

    def exchange(self, other: SharedState, now_us: int, now_s: float) -> None:
        """Takes all of another one for its own; viewers stay."""
        self.hub.exchange(other.hub, now_us, now_s)
        self.links.exchange(other.links)
        self.dashboards.clear()
        self.dashboards.update(other.dashboards)
        self.numbers, self.rescued = other.numbers, other.rescued

    def _rescue(self, what: Rescued, moment: Moment, now_s: float) -> Result:
        place = (what.room, what.epoch)
        known_to = self.rescued.get(place, 0)
        position = rescue(self.hub, what, known_to, moment.at_us, now_s, moment.epoch)
        self.rescued[place] = max(known_to, what.last)
        if len(self.rescued) > limits.DELETED_ROOMS:
            self.rescued.popitem(last=False)
        return position
