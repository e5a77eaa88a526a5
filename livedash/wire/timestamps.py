"""Times as integers since 1970 and as ISO 8601 texts, exact to the unit, in their time zone; no clock here."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Sequence
from functools import lru_cache
from typing import Final
from zoneinfo import ZoneInfo

UTC: Final = dt.UTC
EPOCH: Final = dt.datetime(1970, 1, 1, tzinfo=UTC)
_NAT: Final = -(2**63)
_DIGITS: Final = {"s": 0, "ms": 3, "us": 6, "ns": 9}
_MICROSECOND: Final = dt.timedelta(microseconds=1)
_MINUTE_S: Final = 60


def microseconds(moment: dt.datetime) -> int:
    """Since 1970; a naive time counts as if it were UTC (its column then has no zone)."""
    aware = moment if moment.tzinfo else moment.replace(tzinfo=UTC)
    return (aware - EPOCH) // _MICROSECOND


def zone_name(moment: dt.datetime) -> str | None:
    """The zone's IANA name where it has one, else its offset ('+02:00'), None for a naive time."""
    zone = moment.tzinfo
    if zone is None:
        return None
    key = getattr(zone, "key", None) or getattr(zone, "zone", None)
    if key:
        return str(key)
    offset = moment.utcoffset() or dt.timedelta()
    return "UTC" if not offset else _offset_text(offset)


@lru_cache(maxsize=256)
def zone(name: str) -> dt.tzinfo:
    """The zone of a column. A name that this machine does not know, or that a peer made up, reads as UTC."""
    if name in ("UTC", "Z"):
        return UTC
    if name[:1] in "+-":
        try:
            return dt.datetime.fromisoformat(f"2000-01-01T00:00:00{name}").tzinfo or UTC
        except ValueError:
            return UTC
    try:
        return ZoneInfo(name)
    except (KeyError, ValueError, OSError):
        return UTC


def iso_texts(values: Iterable[int], unit: str, tz: str | None) -> list[str | None]:
    """ISO 8601, with an offset where the column has a zone; None for a missing time."""
    digits = _DIGITS[unit]
    place = zone(tz) if tz else None
    return [None if value == _NAT else _iso_text(value, digits, place) for value in values]


def _iso_text(value: int, digits: int, place: dt.tzinfo | None) -> str:
    seconds, fraction = divmod(value, 10**digits)
    try:
        moment = _in_whole_minutes((EPOCH + dt.timedelta(seconds=seconds)).astimezone(place or UTC))
    except OverflowError:  # beyond year 9999: no calendar text exists
        return f"{value}e-{digits}"
    head, tail = moment.strftime("%Y-%m-%dT%H:%M:%S"), ""
    head = head.zfill(19)
    if fraction:
        tail = "." + f"{fraction:0{digits}d}".rstrip("0")
    if place is None:
        return head + tail
    return head + tail + _offset_text(moment.utcoffset() or dt.timedelta())


def _in_whole_minutes(moment: dt.datetime) -> dt.datetime:
    """An offset in ISO 8601 has no seconds, and zones before 1900 had: the same moment at the nearest such offset."""
    offset_s = round((moment.utcoffset() or dt.timedelta()).total_seconds())
    if offset_s % _MINUTE_S == 0:
        return moment
    return moment.astimezone(dt.timezone(dt.timedelta(minutes=round(offset_s / _MINUTE_S))))


def _offset_text(offset: dt.timedelta) -> str:
    minutes = round(offset.total_seconds() / _MINUTE_S)
    if minutes == 0:
        return "Z"
    sign, minutes = ("-", -minutes) if minutes < 0 else ("+", minutes)
    return f"{sign}{minutes // _MINUTE_S:02d}:{minutes % _MINUTE_S:02d}"


def common_zone(moments: Sequence[dt.datetime]) -> tuple[bool, str | None]:
    """(all aware or all naive, the zone they share; 'UTC' where aware ones differ)."""
    names = {zone_name(moment) for moment in moments}
    if names == {None}:
        return True, None
    if None in names:
        return False, None
    return True, names.pop() if len(names) == 1 else "UTC"
