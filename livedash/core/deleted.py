"""The epochs of rooms that are gone, so that who reads or gives back one of them hears that it ended."""

from __future__ import annotations

from collections.abc import Mapping

from livedash import limits
from livedash.wire.messages import GapReason


class DeletedRooms:
    """By name: the room's epochs, and how each ended. Bounded; those that were deleted first are forgotten first."""

    __slots__ = ("_former",)

    def __init__(self) -> None:
        self._former: dict[str, dict[str, GapReason]] = {}

    def __len__(self) -> int:
        return len(self._former)

    def remember(self, name: str, former: Mapping[str, GapReason]) -> None:
        self._former[name] = dict(former)
        if len(self._former) > limits.DELETED_ROOMS:
            del self._former[next(iter(self._former))]

    def take(self, name: str) -> Mapping[str, GapReason]:
        """Its epochs, for a room of that name that begins again."""
        return self._former.pop(name, {})

    def former(self, name: str) -> Mapping[str, GapReason] | None:
        return self._former.get(name)

    def all(self) -> dict[str, dict[str, GapReason]]:
        """The one that was deleted first, first."""
        return dict(self._former)

    def why_ended(self, name: str, epoch: str) -> GapReason | None:
        return self._former.get(name, {}).get(epoch)
