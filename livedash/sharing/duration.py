"""How long, as people write it: `90s`, `30m`, `8h`, `7d`, `1h30m`."""

from __future__ import annotations

import re
from typing import Final

from livedash.errors import SettingRefusedError

_UNITS_S: Final = {"s": 1, "m": 60, "h": 3600, "d": 86_400, "w": 7 * 86_400}
_PART: Final = re.compile(r"(?P<number>[0-9]{1,9}(?:\.[0-9]{1,9})?)(?P<unit>[smhdw])", re.ASCII)
_ALL: Final = re.compile(rf"(?:{_PART.pattern.replace('?P<number>', '').replace('?P<unit>', '')})+", re.ASCII)


def duration_s(text: str | float) -> float:
    """Seconds; a number is in seconds already. Raises SettingRefusedError for what is no duration above 0."""
    seconds = _seconds_of_text(text) if isinstance(text, str) else float(text)
    if not 0 < seconds < float("inf"):
        raise SettingRefusedError(f"a duration is longer than 0 s, and {text!r} is not")
    return seconds


def _seconds_of_text(text: str) -> float:
    compact = "".join(text.lower().split())
    if _ALL.fullmatch(compact) is None:
        raise SettingRefusedError(f"{text[:40]!r} is no duration; write '90s', '30m', '8h', '7d' or '1h30m'")
    return sum(float(part["number"]) * _UNITS_S[part["unit"]] for part in _PART.finditer(compact))
