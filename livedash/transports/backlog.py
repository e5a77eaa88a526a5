"""What waits for all viewers of a hub, and who gives way when it is too much.

Each viewer's own share comes first: a send buffer takes more only below it, so that many who read nothing fill half of the
bound at most, however many they are. What can break that are single large messages. When the bound is reached nobody gets
more, since what waits in history costs nothing; of those who hold more than an outbox or have taken nothing for a while, the
one that holds the most is sent away, and again until it fits. Who takes what comes holds nothing, and is never the one.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol

import msgspec

from livedash import limits
from livedash.core.ladder import LadderStatistics
from livedash.core.session import Session


class Holder(Protocol):
    """A viewer, or an answer under way."""

    @property
    def waiting_bytes(self) -> int: ...
    def is_blocked(self, now_s: float) -> bool:
        """True if its peer has taken nothing of it for limits.SLOW_AFTER_S."""

    def note_waiting(self) -> None:
        """Measures, and tells the backlog."""

    def cut(self) -> None:
        """Ends it at once as too slow, and tells the backlog."""


class SlowViewers(msgspec.Struct, frozen=True):
    """What waits now for all viewers of a hub, its bound, and the steps of core.ladder.LadderStatistics so far."""

    waiting_bytes: int
    bound_bytes: int
    coalesced: int
    conflated: int
    dropped: int
    disconnected: int


class Backlog:
    """`wake` is called for each session that was put off, once there is room."""

    def __init__(self, bound_bytes: int, wake: Callable[[Session], None]) -> None:
        self.bound_bytes = bound_bytes
        self.waiting_bytes = 0
        self._wake = wake
        self._holders: dict[Holder, None] = {}
        self._put_off: dict[Session, None] = {}

    def enter(self, holder: Holder) -> None:
        self._holders[holder] = None

    def leave(self, holder: Holder) -> None:
        """With all that it holds."""
        if holder in self._holders:
            del self._holders[holder]
            self.change(-holder.waiting_bytes)

    @property
    def share_bytes(self) -> int:
        """From here on a viewer's send buffer takes no more."""
        return max(1, min(limits.SEND_BUFFER_BYTES, self.bound_bytes // (2 * max(1, len(self._holders)))))

    @property
    def is_full(self) -> bool:
        return self.waiting_bytes >= self.bound_bytes

    def change(self, nbytes: int) -> None:
        """A holder's bytes have become so many more."""
        self.waiting_bytes += nbytes
        if self._put_off and not self.is_full:
            put_off, self._put_off = self._put_off, {}
            for session in put_off:
                self._wake(session)

    def admits(self, session: Session, now_s: float) -> bool:
        """False while it is full: the session is woken when there is room again."""
        if self.is_full and not self._put_off:
            self.relieve(now_s)
        if self.is_full:
            self._put_off[session] = None
        return not self.is_full

    def forget(self, session: Session) -> None:
        """It has ended."""
        self._put_off.pop(session, None)

    def relieve(self, now_s: float) -> None:
        """Called about twice a second, and when it has become full."""
        if not self.is_full:
            return
        for holder in tuple(self._holders):
            holder.note_waiting()
        large = [holder for holder in self._holders if _may_go(holder, now_s)]
        large.sort(key=lambda holder: holder.waiting_bytes)
        while large and self.waiting_bytes >= self.bound_bytes:
            large.pop().cut()

    def statistics(self, ladder: LadderStatistics) -> SlowViewers:
        steps = (ladder.coalesced, ladder.conflated, ladder.dropped, ladder.disconnected)
        return SlowViewers(self.waiting_bytes, self.bound_bytes, *steps)


def _may_go(holder: Holder, now_s: float) -> bool:
    return holder.waiting_bytes > limits.OUTBOX_BYTES or (holder.waiting_bytes > 0 and holder.is_blocked(now_s))
