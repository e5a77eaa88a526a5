"""How many connections there may be: in all, from one address, and by one link; whoever is one too many is told which."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass

from livedash import limits
from livedash.core.grant import Grant
from livedash.errors import LimitReachedError


@dataclass(frozen=True, slots=True)
class ConnectionBounds:
    """Each of them holds by itself. `rooms`: rooms and globs that one connection reads."""

    in_all: int = limits.CONNECTIONS
    from_address: int = limits.ADDRESS_CONNECTIONS
    by_link: int = limits.LINK_CONNECTIONS
    rooms: int = limits.SUBSCRIPTIONS_PER_CONNECTION


@dataclass(frozen=True, slots=True)
class ConnectionStatistics:
    """`refused`: since the start."""

    open: int
    addresses: int
    links: int
    refused: int


class Connections:
    """Counts those that are open. A grant without an address, or of no link, counts only in all."""

    def __init__(self, bounds: ConnectionBounds | None = None) -> None:
        self.bounds = bounds or ConnectionBounds()
        self._open = 0
        self._from_address: Counter[str] = Counter()
        self._by_link: Counter[str] = Counter()
        self._refused = 0

    def add(self, grant: Grant) -> None:
        """Raises LimitReachedError, and counts nothing then."""
        if reason := self._why_not(grant):
            self._refused += 1
            raise LimitReachedError(f"{reason} already; try again later")
        self._open += 1
        if grant.address is not None:
            self._from_address[grant.address] += 1
        if grant.link_id is not None:
            self._by_link[grant.link_id] += 1

    def remove(self, grant: Grant) -> None:
        """One that was added."""
        self._open -= 1
        _count_down(self._from_address, grant.address)
        _count_down(self._by_link, grant.link_id)

    def statistics(self) -> ConnectionStatistics:
        return ConnectionStatistics(self._open, len(self._from_address), len(self._by_link), self._refused)

    def _why_not(self, grant: Grant) -> str | None:
        bounds = self.bounds
        if self._open >= bounds.in_all:
            return f"this hub has its {bounds.in_all} connections"
        if grant.link_id is not None and self._by_link[grant.link_id] >= bounds.by_link:
            return f"this link has its {bounds.by_link} connections"
        if grant.address is not None and self._from_address[grant.address] >= bounds.from_address:
            return f"your address has its {bounds.from_address} connections"
        return None


def _count_down(counter: Counter[str], key: str | None) -> None:
    """What is at 0 is forgotten."""
    if key is None:
        return
    counter[key] -= 1
    if counter[key] <= 0:
        del counter[key]
