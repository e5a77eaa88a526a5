"""One timer for all viewers: pings, keep-alives, deadlines and the end of links; no timer of a viewer's own."""

from __future__ import annotations

from collections.abc import Callable

from livedash import limits
from livedash.transports.contract import Cancelable, Loop, Ticking


class Wheel:
    """Calls `tick` of each member about twice a second, in slices; `every_turn` before them."""

    def __init__(self, loop: Loop, every_turn: Callable[[], None]) -> None:
        self._loop = loop
        self._every_turn = every_turn
        self._members: dict[Ticking, None] = {}
        self._left: list[Ticking] = []
        self._handle: Cancelable = loop.call_later(limits.LINK_CHECK_S, self._turn)
        self._next_turn_s = loop.time()

    def add(self, member: Ticking) -> None:
        self._members[member] = None

    def remove(self, member: Ticking) -> None:
        self._members.pop(member, None)

    def members(self) -> list[Ticking]:
        return list(self._members)

    def close(self) -> None:
        self._handle.cancel()

    def _turn(self) -> None:
        self._next_turn_s = self._loop.time() + limits.LINK_CHECK_S
        self._every_turn()
        self._left = list(self._members)
        self._slice()

    def _slice(self) -> None:
        now_s = self._loop.time()
        end_s = now_s + limits.FLUSH_SLICE_S
        while self._left:
            member = self._left.pop()
            if member in self._members:
                member.tick(now_s)
            if self._loop.time() >= end_s:
                self._handle = self._loop.call_soon(self._slice)
                return
        self._handle = self._loop.call_at(self._next_turn_s, self._turn)
