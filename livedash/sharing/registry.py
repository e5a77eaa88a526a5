"""All links of a hub: made, found by their key, listed, revoked and, once expired, forgotten."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from livedash import limits
from livedash.errors import LimitReachedError, NotFoundError
from livedash.sharing.key import Random, fits, is_key, key_digest, new_key
from livedash.sharing.link import Link, checked_expiry, checked_label, checked_rooms
from livedash.wire.specs import DashboardSpec

_ID_BYTES = 6  # an id is no secret; it only has to be unique among limits.LINKS
WhyEnded = Literal["expired", "revoked"]


@dataclass(frozen=True, slots=True)
class LinkStatistics:
    held: int  # expired ones among them, until they are purged
    created: int
    revoked: int
    refused: int  # keys shown that open nothing


class LinkRegistry:
    """`random` gives unpredictable bytes. Times are in seconds since 1970; expiry needs no purge to hold."""

    def __init__(self, random: Random, *, bound: int = limits.LINKS) -> None:
        self._random = random
        self._bound = bound
        self._links: dict[bytes, Link] = {}  # by their keys' digests
        self._digests: dict[str, bytes] = {}  # by id
        self._created = 0
        self._revoked = 0
        self._refused = 0

    def create(
        self,
        rooms: tuple[str, ...],
        expires_s: float,
        label: str,
        dashboard: DashboardSpec | None,
        now_s: float,
        *,
        created_by: str = "",
    ) -> tuple[Link, str]:
        """The link and its key, which is told here once and never again. Raises as `make` does."""
        link, key = self.make(rooms, expires_s, label, dashboard, now_s, created_by=created_by)
        self.add(link, key_digest(key))
        return link, key

    def make(
        self,
        rooms: tuple[str, ...],
        expires_s: float,
        label: str,
        dashboard: DashboardSpec | None,
        now_s: float,
        *,
        created_by: str = "",
    ) -> tuple[Link, str]:
        """A link that reads nothing before it is added.

        Raises NameRefusedError, TooLargeError or SettingRefusedError for what no link can be, and LimitReachedError.
        """
        rooms = checked_rooms(rooms, dashboard)
        expires_at_s = now_s + checked_expiry(expires_s)
        label = checked_label(label)
        self._make_room(now_s)
        key = new_key(self._random)
        return Link(self._new_id(), rooms, now_s, expires_at_s, label, created_by, dashboard), key

    def add(self, link: Link, digest: bytes) -> None:
        """One that `make` made, here or in another hub; `digest` is that of its key."""
        self._digests[link.id] = digest
        self._links[digest] = link
        self._created += 1

    def exchange(self, other: LinkRegistry) -> None:
        """Takes the links of another one for its own."""
        self._links, self._digests = other._links, other._digests

    def held(self) -> list[tuple[Link, bytes]]:
        """All links with the digests of their keys, expired ones among them."""
        return [(link, digest) for digest, link in self._links.items()]

    def find(self, key: str, now_s: float) -> Link | None:
        """The link that the key opens. None for a key that is unknown, expired or revoked: nobody can tell which."""
        digest = key_digest(key) if is_key(key) else b""
        link = self._links.get(digest)
        if link is None or not fits(key, digest) or link.is_expired(now_s):
            self._refused += 1
            return None
        return link

    def link(self, link_id: str, now_s: float) -> Link | None:
        """A link that still reads, by its id."""
        link = self._held(link_id)
        return None if link is None or link.is_expired(now_s) else link

    def why_ended(self, link_id: str, now_s: float) -> WhyEnded | None:
        """Why the open streams of a link must end, None if they go on."""
        link = self._held(link_id)
        if link is None:
            return "revoked"
        return "expired" if link.is_expired(now_s) else None

    def revoke(self, link_id: str) -> Link:
        """Ends a link now; it is forgotten. Raises NotFoundError."""
        digest = self._digests.pop(link_id, None)
        if digest is None:
            raise NotFoundError(f"there is no link {link_id[:40]!r}; it may have expired or been revoked already")
        self._revoked += 1
        return self._links.pop(digest)

    def list(self, now_s: float) -> list[Link]:
        """The links that still read, the oldest first."""
        return [link for link in self._links.values() if not link.is_expired(now_s)]

    def purge(self, now_s: float, *, kept_s: float = limits.LINK_KEPT_S) -> int:
        """Forgets links that expired more than `kept_s` ago, and says how many."""
        ended = [link for link in self._links.values() if link.is_expired(now_s - kept_s)]
        for link in ended:
            del self._links[self._digests.pop(link.id)]
        return len(ended)

    def statistics(self) -> LinkStatistics:
        return LinkStatistics(len(self._links), self._created, self._revoked, self._refused)

    def _held(self, link_id: str) -> Link | None:
        digest = self._digests.get(link_id)
        return None if digest is None else self._links[digest]

    def _make_room(self, now_s: float) -> None:
        if len(self._links) >= self._bound:
            self.purge(now_s, kept_s=0.0)
        if len(self._links) >= self._bound:
            raise LimitReachedError(f"this hub has its {self._bound} links already; revoke some, or let them expire")

    def _new_id(self) -> str:
        while (link_id := self._random(_ID_BYTES).hex()) in self._digests:
            pass  # one in 10^11, and a second link must not take the first one's place
        return link_id
