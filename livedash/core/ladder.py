"""How often slow viewers of a hub were moved down the ladder, each step by itself (DESIGN 4.3)."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class LadderStatistics:
    """Since the hub began; each step is harder on its viewer than the one before.

    `coalesced`: times that a viewer's send buffer was full, and what came waited in history, to go out together.
    `conflated`: records that the modes `latest` and `sample` left out.
    `dropped`: queues that were given up for a gap `slow` and the state.
    `disconnected`: viewers that were sent away with 4002.
    """

    coalesced: int
    conflated: int
    dropped: int
    disconnected: int


class Ladder:
    """Counted where each step is taken."""

    __slots__ = ("coalesced", "conflated", "disconnected", "dropped")

    def __init__(self) -> None:
        self.coalesced = 0
        self.conflated = 0
        self.dropped = 0
        self.disconnected = 0

    def statistics(self) -> LadderStatistics:
        return LadderStatistics(self.coalesced, self.conflated, self.dropped, self.disconnected)
