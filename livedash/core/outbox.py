"""One viewer's bounded queue of what is not records: answers, errors, presence.

Records never wait here. They lie in their room's history, and a viewer reads them when its transport can take more; so the
bound of a slow viewer is what its transport has buffered plus this queue.
"""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass
from typing import Final

from livedash.wire.messages import Notification

MAX_NOTIFICATIONS: Final = 10_000  # a client that asks without reading its answers is cut off here


@dataclass(frozen=True, slots=True)
class OutboxStatistics:
    waiting: int
    taken: int
    overflowed: bool


class Outbox:
    """In order, bounded. A full one refuses, and stays `overflowed`: its viewer must be disconnected as too slow."""

    __slots__ = ("_waiting", "bound", "overflowed", "taken")

    def __init__(self, bound: int = MAX_NOTIFICATIONS) -> None:
        self._waiting: deque[Notification] = deque()
        self.bound = bound
        self.taken = 0
        self.overflowed = False

    def __len__(self) -> int:
        return len(self._waiting)

    def put(self, notification: Notification) -> None:
        if len(self._waiting) >= self.bound:
            self.overflowed = True
        else:
            self._waiting.append(notification)

    def take(self) -> list[Notification]:
        taken = list(self._waiting)
        self._waiting.clear()
        self.taken += len(taken)
        return taken

    def statistics(self) -> OutboxStatistics:
        return OutboxStatistics(len(self._waiting), self.taken, self.overflowed)
