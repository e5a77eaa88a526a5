"""One viewer's bounded queue of what is not records: answers, errors, presence.

Records never wait here. They lie in their room's history, and a viewer reads them when its transport can take more; so the
bound of a slow viewer is what its transport has buffered plus this queue.
"""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass
from typing import Final

from livedash import limits
from livedash.wire.messages import Error, Failing, Notification, Presence, Welcome

_MESSAGE_BYTES: Final = 200  # of one that has no text of its own, and of an entry in one that lists


@dataclass(frozen=True, slots=True)
class OutboxStatistics:
    waiting: int
    waiting_bytes: int
    taken: int
    overflowed: bool


class Outbox:
    """In order, bounded. A full one refuses, and stays `overflowed`: its viewer must be disconnected as too slow."""

    __slots__ = ("_waiting", "bound", "bound_bytes", "overflowed", "taken", "waiting_bytes")

    def __init__(self, bound: int = limits.OUTBOX_MESSAGES, bound_bytes: int = limits.OUTBOX_BYTES) -> None:
        self._waiting: deque[Notification] = deque()
        self.bound = bound
        self.bound_bytes = bound_bytes
        self.waiting_bytes = 0
        self.taken = 0
        self.overflowed = False

    def __len__(self) -> int:
        return len(self._waiting)

    def put(self, notification: Notification) -> None:
        if len(self._waiting) >= self.bound or self.waiting_bytes >= self.bound_bytes:
            self.overflowed = True
        else:
            self._waiting.append(notification)
            self.waiting_bytes += _bytes_of(notification)

    def take(self) -> list[Notification]:
        taken = list(self._waiting)
        self._waiting.clear()
        self.waiting_bytes = 0
        self.taken += len(taken)
        return taken

    def statistics(self) -> OutboxStatistics:
        return OutboxStatistics(len(self._waiting), self.waiting_bytes, self.taken, self.overflowed)


def _bytes_of(notification: Notification) -> int:
    """About; what a peer can make large is counted: an error repeats what the peer said."""
    match notification:
        case Error(_, message):
            return _MESSAGE_BYTES + len(message)
        case Failing(_, sources):
            return _MESSAGE_BYTES + sum(len(name) + len(error) for name, error in sources.items())
        case Presence(_, viewers):
            return _MESSAGE_BYTES * (1 + len(viewers))
        case Welcome(rooms):
            return _MESSAGE_BYTES * (1 + len(rooms))
        case _:
            return _MESSAGE_BYTES
