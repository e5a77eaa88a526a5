"""The latest values as a little HTML, for viewers that run no code: GitHub, nbconvert, a mail."""

from __future__ import annotations

import html
from dataclasses import dataclass
from typing import Any, Final

from livedash import limits
from livedash.client.contract import HubAccess
from livedash.core.keyed import DELETED
from livedash.errors import LivedashError, UnreachableError
from livedash.wire.names import is_glob
from livedash.wire.specs import DashboardSpec

_ROOMS: Final = 5
_ROWS: Final = 20
_FIELDS: Final = 12
_SHRUNK: Final = 0.8  # rows and fields, until it is small enough
_CHARACTERS: Final = 60
_FONT: Final = "font:13px system-ui,sans-serif"
_NOTE: Final = (
    f"<p style='{_FONT};opacity:.7'>A livedash panel: live in a running notebook. "
    "These are its values of the moment when it was shown.</p>"
)


@dataclass(frozen=True, slots=True)
class _Content:
    """The last record of a room, or of a keyed one the latest record of some of its keys, one more than are shown."""

    records: list[dict[str, Any]]
    key: str | None = None


def static_picture(spec: DashboardSpec, hub: HubAccess) -> str:
    """STATIC_PICTURE_BYTES at most: rows and fields that do not fit are left out, and so is what a silent hub holds."""
    title = f"<h4>{_short(spec.title)}</h4>" if spec.title else ""
    contents = _contents(spec.rooms[:_ROOMS], hub)
    rows, fields = _ROWS, _FIELDS
    while True:
        parts = [_table(room, content, rows, fields) for room, content in contents.items()]
        text = title + "".join(parts) + _NOTE
        if len(text.encode()) <= limits.STATIC_PICTURE_BYTES:
            return text
        if not fields:
            return _NOTE
        rows, fields = int(rows * _SHRUNK), int(fields * _SHRUNK)


def _contents(rooms: tuple[str, ...], hub: HubAccess) -> dict[str, _Content]:
    """Of each room, nothing where there is nothing."""
    contents: dict[str, _Content] = {}
    for room in rooms:
        try:
            contents[room] = _Content([]) if is_glob(room) else _content(room, hub)
        except UnreachableError:
            break  # the next question would wait as long as this one
        except LivedashError:
            contents[room] = _Content([])
    return contents


def _content(room: str, hub: HubAccess) -> _Content:
    records = hub.read(room, "snapshot", _ROWS + 1).batch.records()
    key = hub.state(room).settings.get("key") if records else None
    return _Content(records[-1:] if key is None else records, key)


def _table(room: str, content: _Content, rows: int, fields: int) -> str:
    title = f"<p style='{_FONT}'><b>{_short(room)}</b>"
    if not content.records:
        return f"{title}: no record yet</p>"
    if content.key is None:
        cells, rest = _fields_down(content.records[0], fields), ""
    else:
        cells = _rows_down(content.records, content.key, rows, fields)
        rest = "<p>…</p>" if len(content.records) > rows else ""
    return f"{title}</p><table style='{_FONT};border-collapse:collapse'>{cells}</table>{rest}"


def _fields_down(record: dict[str, Any], fields: int) -> str:
    lines = list(record.items())[:fields]
    return "".join(f"<tr><td>{_short(name)}</td>{_right(value)}</tr>" for name, value in lines)


def _rows_down(records: list[dict[str, Any]], key: str, rows: int, fields: int) -> str:
    """A line a key, under a head of the fields; the key comes first."""
    others = dict.fromkeys(name for record in records for name in record)
    names = [key, *(name for name in others if name not in (key, DELETED))][:fields]
    head = "".join(f"<th>{_short(name)}</th>" for name in names)
    lines = ("".join(_cell(record.get(name, "")) for name in names) for record in records[:rows])
    return f"<tr>{head}</tr>" + "".join(f"<tr>{line}</tr>" for line in lines)


def _cell(value: Any) -> str:
    is_number = isinstance(value, int | float) and not isinstance(value, bool)
    return _right(value) if is_number else f"<td>{_short(value)}</td>"


def _right(value: Any) -> str:
    return f"<td style='text-align:right'>{_short(value)}</td>"


def _short(value: Any) -> str:
    text = f"{value:.6g}" if isinstance(value, float) else str(value)
    return html.escape(text if len(text) <= _CHARACTERS else text[: _CHARACTERS - 1] + "…")
