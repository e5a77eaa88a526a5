"""A share link as it is known once made: what it reads, for whom and until when, and not its key."""

from __future__ import annotations

from dataclasses import dataclass

from livedash import limits
from livedash.errors import SettingRefusedError, TooLargeError
from livedash.wire import names
from livedash.wire.specs import DashboardSpec


@dataclass(frozen=True, slots=True)
class Link:
    """`rooms`: names and globs. Times are in seconds since 1970. `dashboard` None: a panel for each room."""

    id: str
    rooms: tuple[str, ...]
    created_at_s: float
    expires_at_s: float
    label: str = ""
    created_by: str = ""
    dashboard: DashboardSpec | None = None

    def covers(self, room: str) -> bool:
        """True if the link reads the room, or each room of the glob."""
        return any(names.covers(allowed, room) for allowed in self.rooms)

    def is_expired(self, now_s: float) -> bool:
        return now_s >= self.expires_at_s


def checked_rooms(rooms: tuple[str, ...], dashboard: DashboardSpec | None) -> tuple[str, ...]:
    """Each room and glob once.

    Raises NameRefusedError or TooLargeError; SettingRefusedError for none, or a dashboard that shows what the link
    would not read.
    """
    unique = tuple(dict.fromkeys(map(names.checked_glob, rooms)))
    if not unique:
        raise SettingRefusedError("a link reads one room at least; name it, or a glob such as 'lab3.*'")
    if len(unique) > limits.LINK_ROOMS:
        raise TooLargeError(
            f"a link names {limits.LINK_ROOMS} rooms at most, not {len(unique)}; use a glob such as 'lab3.*'"
        )
    for room in dashboard.rooms if dashboard else ():
        if not any(names.covers(allowed, room) for allowed in unique):
            raise SettingRefusedError(
                f"the dashboard shows {room!r}, which the link would not read; add it to the link's rooms"
            )
    return unique


def checked_label(label: str) -> str:
    """Raises TooLargeError, or SettingRefusedError for line breaks and the like: labels stand in logs and lists."""
    if len(label) > limits.LINK_LABEL_CHARACTERS:
        raise TooLargeError(f"a label has {limits.LINK_LABEL_CHARACTERS} characters at most, not {len(label)}")
    if not label.isprintable():
        raise SettingRefusedError(f"a label is one line of printable text, and {label!r} is not")
    return label


def checked_expiry(expires_s: float) -> float:
    """Raises SettingRefusedError for what is no time to live (NaN is none)."""
    if not 0 < expires_s <= limits.LINK_EXPIRES_MAX_S:
        days = limits.LINK_EXPIRES_MAX_S / 86400
        raise SettingRefusedError(f"a link lives for more than 0 s and {days:g} days at most, not {expires_s:g} s")
    return float(expires_s)
