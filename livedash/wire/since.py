"""Where a reader starts: `now`, `earliest`, `-N`, `snapshot` or a cursor."""

from __future__ import annotations

import re
from dataclasses import dataclass

from livedash import limits
from livedash.errors import CursorRefusedError, SettingRefusedError
from livedash.wire.position import Cursor, Position


@dataclass(frozen=True, slots=True)
class Now:
    """Only what comes."""


@dataclass(frozen=True, slots=True)
class Earliest:
    """From the oldest record that history holds."""


@dataclass(frozen=True, slots=True)
class Last:
    """The last `count` records, then what comes."""

    count: int


@dataclass(frozen=True, slots=True)
class Snapshot:
    """The state first, in a message that replaces what the reader holds."""


@dataclass(frozen=True, slots=True)
class After:
    """What follows a position that the reader has."""

    position: Position


@dataclass(frozen=True, slots=True)
class BadCursor:
    """The reader sent what is no cursor: it is told by a gap, and gets a snapshot."""


Since = Now | Earliest | Last | Snapshot | After | BadCursor
_LAST = re.compile(r"-[0-9]{1,7}")
_WORDS: dict[str, Since] = {"now": Now(), "earliest": Earliest(), "snapshot": Snapshot()}
_CURSOR_LIKE = re.compile(r"[:,]")


def parse_since(text: str, room: str) -> Since:
    """What `text` asks for in `room`. A cursor that does not name the room says that it is new: `snapshot`.

    Raises SettingRefusedError for a text that is neither a word nor like a cursor.
    """
    if text in _WORDS:
        return _WORDS[text]
    if _LAST.fullmatch(text):
        return Last(min(int(text[1:]), limits.READ_LIMIT_MAX))
    if not _CURSOR_LIKE.search(text):
        raise SettingRefusedError(
            f"since={text[:60]!r} is not known; use 'now', 'earliest', 'snapshot', '-100' (the last 100) or a cursor"
        )
    return since_of_cursor(text, room)


class Start:
    """Where a reader starts in each room: where the cursor says, and by `otherwise` in rooms that it does not name."""

    __slots__ = ("_cursor", "_otherwise")

    def __init__(self, otherwise: Since, cursor: str = "") -> None:
        self._otherwise = otherwise
        self._cursor = cursor

    def __call__(self, room: str) -> Since:
        found = since_of_cursor(self._cursor, room) if self._cursor else None
        return found if isinstance(found, After | BadCursor) else self._otherwise

    @property
    def rooms(self) -> tuple[str, ...]:
        """Those that the cursor names: their reader waits for them, also where it asked by a glob and they are gone."""
        try:
            return tuple(Cursor.parse(self._cursor).positions) if self._cursor else ()
        except CursorRefusedError:
            return ()


def start_from(text: str) -> Start:
    """Of a reader that gives one text for all its rooms. Raises SettingRefusedError for neither a word nor a cursor."""
    since = parse_since(text, "")
    return Start(since) if text in _WORDS or _LAST.fullmatch(text) else Start(Snapshot(), text)


def since_of_cursor(text: str, room: str) -> Since:
    """Whatever a client stored as its last id: malformed text is told in band, never refused."""
    try:
        position = Cursor.parse(text).positions.get(room)
    except CursorRefusedError:
        return BadCursor()
    return After(position) if position else Snapshot()
