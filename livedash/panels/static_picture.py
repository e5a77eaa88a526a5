"""The latest values as a little HTML, for viewers that run no code: GitHub, nbconvert, a mail."""

from __future__ import annotations

import html
from typing import Any, Final

from livedash import limits
from livedash.client.contract import HubAccess
from livedash.errors import LivedashError, UnreachableError
from livedash.wire.names import is_glob
from livedash.wire.specs import DashboardSpec

_ROOMS: Final = 5
_FIELDS: Final = 12
_CHARACTERS: Final = 60
_FONT: Final = "font:13px system-ui,sans-serif"
_NOTE: Final = (
    f"<p style='{_FONT};opacity:.7'>A livedash panel: live in a running notebook. "
    "These are its values of the moment when it was shown.</p>"
)


def static_picture(spec: DashboardSpec, hub: HubAccess) -> str:
    """STATIC_PICTURE_BYTES at most: rooms that do not fit are left out, and so are those of a hub that does not
    answer.
    """
    title = [f"<h4>{_short(spec.title)}</h4>"] if spec.title else []
    parts = [*title, *_tables(spec.rooms[:_ROOMS], hub)]
    while parts and _size(parts) > limits.STATIC_PICTURE_BYTES:
        parts.pop()
    return "".join([*parts, _NOTE])


def _size(parts: list[str]) -> int:
    return len("".join([*parts, _NOTE]).encode())


def _tables(rooms: tuple[str, ...], hub: HubAccess) -> list[str]:
    tables = []
    for room in rooms:
        try:
            records = [] if is_glob(room) else hub.read(room, "-1", 1).batch.records()
        except UnreachableError:
            break  # the next question would wait as long as this one
        except LivedashError:
            records = []
        tables.append(_table(room, records[0] if records else {}))
    return tables


def _table(room: str, record: dict[str, Any]) -> str:
    title = f"<b>{_short(room)}</b>"
    if not record:
        return f"<p style='{_FONT}'>{title}: no record yet</p>"
    rows = "".join(
        f"<tr><td>{_short(name)}</td><td style='text-align:right'>{_short(value)}</td></tr>"
        for name, value in list(record.items())[:_FIELDS]
    )
    return f"<p style='{_FONT}'>{title}</p><table style='{_FONT};border-collapse:collapse'>{rows}</table>"


def _short(value: Any) -> str:
    text = f"{value:.6g}" if isinstance(value, float) else str(value)
    return html.escape(text if len(text) <= _CHARACTERS else text[: _CHARACTERS - 1] + "…")
