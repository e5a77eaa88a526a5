"""Numbers in a query: what stands there, or None; what is no number is refused, whatever Python would make of it."""

from __future__ import annotations

import re
from typing import Final

from livedash.errors import SettingRefusedError

_NUMBER: Final = re.compile(r"-?([0-9]{1,16}(\.[0-9]{0,32})?|\.[0-9]{1,32})(e[+-]?[0-9]{1,2})?", re.IGNORECASE)
_WHOLE: Final = re.compile(r"-?[0-9]{1,16}")
_SHOWN_CHARACTERS: Final = 20


def number(text: str, name: str) -> float | None:
    """None for an empty text. NaN and infinity are no numbers here: each comparison with them would have to think of them."""
    if not text:
        return None
    if _NUMBER.fullmatch(text) is None:
        raise SettingRefusedError(f"{name}={text[:_SHOWN_CHARACTERS]!r} is no number")
    return float(text)


def whole_number(text: str, name: str) -> int | None:
    """None for an empty text."""
    if not text:
        return None
    if _WHOLE.fullmatch(text) is None:
        raise SettingRefusedError(f"{name}={text[:_SHOWN_CHARACTERS]!r} is no whole number")
    return int(text)
