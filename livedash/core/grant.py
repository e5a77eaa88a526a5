"""Who calls, and what they may read and write."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from livedash.errors import NotAllowedError, NotFoundError
from livedash.wire import names


@dataclass(frozen=True, slots=True)
class Grant:
    """Globs of rooms. `link_id` is set for who came by a share link, and bounds the life of its streams.

    `address`: from where the caller comes, None where connections are not counted by it. `viewer_secret`: the text by which
    a viewer that comes again shows that it is the same one.
    """

    principal: str
    read: tuple[str, ...] = ()
    write: tuple[str, ...] = ()
    may_share: bool = False
    link_id: str | None = None
    label: str = ""
    address: str | None = None
    viewer_secret: str = ""

    @property
    def caller(self) -> str:
        """Who publishes without saying which publisher it is."""
        return f"{self.principal} at {self.address}"

    def may_read(self, room: str) -> bool:
        return any(names.covers(allowed, room) for allowed in self.read)

    def may_write(self, room: str) -> bool:
        return any(names.covers(allowed, room) for allowed in self.write)

    def check_read(self, room: str) -> None:
        """Raises NotFoundError: a link must not tell which other rooms there are."""
        if not self.may_read(room):
            raise NotFoundError(f"room {room!r} is not among those that you may read")

    def check_write(self, room: str) -> None:
        """Raises NotAllowedError."""
        if not self.may_write(room):
            raise NotAllowedError(f"you may not write to room {room!r}; publish with the server's own login or token")

    def readable(self, rooms: Iterable[str]) -> list[str]:
        return [room for room in rooms if self.may_read(room)]


EVERYTHING = ("*",)


def owner(principal: str) -> Grant:
    """The server's own login."""
    return Grant(principal, EVERYTHING, EVERYTHING, may_share=True)
