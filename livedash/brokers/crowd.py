"""Tells the other hubs of a broker who views which room here, and takes what they say of theirs.

It is no part of the state that all share: nothing of it is kept on shelves. A hub that comes asks the others, and one that
is gone is forgotten.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterator

from livedash import limits
from livedash.brokers.entries import AskPresence, PresenceChange, TellPresence
from livedash.core.elsewhere import Node, Seen
from livedash.core.hub import Hub


class Crowd:
    """Of one hub, on its loop. `changed` is set where there is something to take."""

    def __init__(self, hub: Hub, node: Node) -> None:
        self.changed = asyncio.Event()
        self._hub = hub
        self.node = node
        self._others: dict[Node, bool] = {}  # that have spoken; True: missed once already
        self._moves: dict[tuple[str, str], Seen | None] = {}  # by room and id; None: left
        self._owes_all = False
        self._asks = False
        hub.presence.on_move = self._note_move

    def arrive(self) -> None:
        """The hub has come to the broker (again): nobody knows what was heard, here and there."""
        self._asks = True
        self._owe_all()

    def _owe_all(self) -> None:
        self._owes_all = True
        self.changed.set()

    def take_changes(self) -> Iterator[PresenceChange]:
        """What the others have not heard yet, if there are any."""
        self.changed.clear()
        asks, self._asks = self._asks, False
        if asks:
            yield AskPresence()
        tells_all, self._owes_all = self._owes_all, False
        moves, self._moves = self._moves, {}
        if tells_all:
            moves = {(room, seen.id): seen for room, seen in self._hub.presence.here()}
        if not self._others:
            return
        came = [(room, seen) for (room, _), seen in moves.items() if seen is not None]
        left = [place for place, seen in moves.items() if seen is None]
        size = limits.BROKER_SIGHTINGS
        upto = max(len(came), len(left), int(tells_all))
        for start in range(0, upto, size):
            here, gone = tuple(came[start : start + size]), tuple(left[start : start + size])
            yield TellPresence(here, gone, tells_all and not start, more=start + size < upto)

    def take(self, node: Node, change: PresenceChange) -> None:
        """What stands in the log."""
        if node == self.node:
            return
        if node not in self._others or isinstance(change, AskPresence):
            self._owe_all()
        self._others[node] = False
        if isinstance(change, TellPresence):
            self._hub.note_elsewhere(node, change.came, change.left, is_all=change.is_all, more=change.more)

    @property
    def others(self) -> frozenset[Node]:
        """Hubs that have spoken in the log, and were not found to be gone."""
        return frozenset(self._others)

    def keep(self, known: frozenset[Node]) -> None:
        """The hubs that have said lately that they are there. Who speaks before it has said so is no stranger."""
        for node, was_missed in list(self._others.items()):
            if node in known:
                self._others[node] = False
            elif not was_missed:
                self._others[node] = True
            else:
                del self._others[node]
                self._hub.presence.elsewhere.miss(node)

    def _note_move(self, room: str, seen: Seen, came: bool) -> None:
        self._moves[room, seen.id] = seen if came else None
        if len(self._moves) > limits.BROKER_SIGHTINGS:  # all of them are told then, where somebody is there to hear it
            self._moves.clear()
            self._owes_all = True
        if self._others:
            self.changed.set()
