"""Flush by dirty set: one pass per turn of the event loop over the viewers that are owed something, in slices of 5 ms."""

from __future__ import annotations

import heapq
import itertools
from collections import deque

from livedash import limits
from livedash.core.hub import Hub
from livedash.core.session import Session
from livedash.transports.contract import Cancelable, Loop


class Flusher:
    """Owned by whoever runs the hub's loop; made on that loop's thread."""

    def __init__(self, hub: Hub, loop: Loop) -> None:
        self._hub = hub
        self._loop = loop
        self._queue: deque[Session] = deque()
        self._is_armed = False
        self._due: list[tuple[float, int, Session]] = []
        self._planned_s: dict[Session, float] = {}  # the entry of `_due` that counts
        self._serial = itertools.count()
        self._timer: Cancelable | None = None
        hub.on_dirty = self._arm

    def pump_at(self, session: Session, when_s: float) -> None:
        """Pumps a session later though nothing new comes (a rate, a cursor that waits); in the loop's time.

        A session waits here once, however often it is pumped meanwhile, and not beyond limits.BLOCKED_WRITE_S, after which
        it is asked again: one that was closed would be held until then.
        """
        when_s = min(when_s, self._loop.time() + limits.BLOCKED_WRITE_S)
        if when_s >= self._planned_s.get(session, float("inf")):
            return
        self._planned_s[session] = when_s
        heapq.heappush(self._due, (when_s, next(self._serial), session))
        if self._due[0][2] is session:
            self._set_timer()

    def close(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
        self._queue.clear()
        self._due.clear()
        self._planned_s.clear()

    def _arm(self) -> None:
        if not self._is_armed:
            self._is_armed = True
            self._loop.call_soon(self._flush)

    def _flush(self) -> None:
        """One slice; what is left goes on in the next turn, after the loop's other work."""
        self._is_armed = False  # whoever becomes dirty from here on arms the next turn
        self._queue.extend(self._hub.take_dirty())
        end_s = self._loop.time() + limits.FLUSH_SLICE_S
        while self._queue:
            session = self._queue.popleft()
            if not session.is_closed:
                session.pump()
            if self._loop.time() >= end_s:
                break
        if self._queue:
            self._arm()

    def _set_timer(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
        self._timer = self._loop.call_at(self._due[0][0], self._on_time) if self._due else None

    def _on_time(self) -> None:
        now_s = self._loop.time()
        while self._due and self._due[0][0] <= now_s:
            when_s, _, session = heapq.heappop(self._due)
            if self._planned_s.get(session) != when_s:
                continue  # it was planned sooner meanwhile
            del self._planned_s[session]
            if not session.is_closed:
                self._hub.mark_dirty(session)
        self._timer = None
        self._set_timer()
