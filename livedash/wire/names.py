"""Names of rooms and the globs that read families of them."""

from __future__ import annotations

import re
from functools import lru_cache

from livedash import limits
from livedash.errors import NameRefusedError

_ROOM = re.compile(r"[A-Za-z0-9_-]+(?:\.[A-Za-z0-9_-]+)*")
_GLOB = re.compile(r"[A-Za-z0-9_*-]+(?:\.[A-Za-z0-9_*-]+)*")
_RESERVED = frozenset({"open", "error", "message"})  # EventSource's own events: a room is an event's name on SSE
_OWN_PREFIX = "livedash"
ALL = "*"  # all that a reader may read: a link names its rooms, and its reader need not know them


def checked_room(name: str) -> str:
    """`name` itself.

    Raises NameRefusedError for what can't name a room.
    """
    return _checked_room(_text(name))


@lru_cache(maxsize=4096)
def _checked_room(name: str) -> str:
    _check(name, _ROOM, "a room's name")
    if name in _RESERVED or name == _OWN_PREFIX or name.startswith(_OWN_PREFIX + "."):
        raise NameRefusedError(f"the room name {name!r} is reserved; choose another one, such as 'my.{name}'")
    return name


def checked_glob(name: str) -> str:
    """A room's name, or a glob such as `lab3.*` (`*` matches dots too). Raises NameRefusedError."""
    if is_glob(_text(name)):
        _check(name, _GLOB, "a glob")
        return name
    return _checked_room(name)


def is_glob(name: str) -> bool:
    return "*" in name


def matches(glob: str, room: str) -> bool:
    """True if `glob`, a glob or a plain name, covers the room.

    Each part between two `*` is looked for once, from the left: a regular expression would go back and try again, and a
    glob such as `*a*a*a*a*a*b` from a stranger would keep the hub busy for minutes.
    """
    if not is_glob(glob):
        return glob == room
    first, *middle, last = glob.split("*")
    if len(room) < len(first) + len(last) or not (room.startswith(first) and room.endswith(last)):
        return False
    at, end = len(first), len(room) - len(last)
    for part in middle:
        found = room.find(part, at, end)
        if found < 0:
            return False
        at = found + len(part)
    return True


def covers(allowed: str, asked: str) -> bool:
    """True if each room that `asked` (a name or a glob) covers is covered by `allowed` too.

    A `*` in `asked` is matched as the character itself, which `*` in `allowed` takes and nothing else does.
    """
    return matches(allowed, asked)


def _text(name: object) -> str:
    if not isinstance(name, str):
        raise NameRefusedError(f"a room's name is a text, not {type(name).__name__}")
    return name


def _check(name: str, form: re.Pattern[str], what: str) -> None:
    if len(name) > limits.ROOM_NAME_CHARACTERS:
        raise NameRefusedError(f"{what} has {limits.ROOM_NAME_CHARACTERS} characters at most; this one has {len(name)}")
    if form.fullmatch(name) is None:
        raise NameRefusedError(
            f"{name!r} can't be {what}: use letters, digits, '_' and '-' in segments joined by single dots, "
            "such as 'train' or 'lab3.furnace.temp'"
        )
