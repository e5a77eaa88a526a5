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
    """STATIC_PICTURE_BYTES at most: fields that do not fit are left out, and so is what a silent hub holds."""
    title = f"<h4>{_short(spec.title)}</h4>" if spec.title else ""
    latest = _latest(spec.rooms[:_ROOMS], hub)
    for fields in range(_FIELDS, -1, -1):
        text = title + "".join(_table(room, record, fields) for room, record in latest.items()) + _NOTE
        if len(text.encode()) <= limits.STATIC_PICTURE_BYTES:
            return text
    return _NOTE


def _latest(rooms: tuple[str, ...], hub: HubAccess) -> dict[str, dict[str, Any]]:
    """The last record of each room, an empty one where there is none."""
    latest: dict[str, dict[str, Any]] = {}
    for room in rooms:
        try:
            records = [] if is_glob(room) else hub.read(room, "-1", 1).batch.records()
        except UnreachableError:
            break  # the next question would wait as long as this one
        except LivedashError:
            records = []
        latest[room] = records[0] if records else {}
    return latest


def _table(room: str, record: dict[str, Any], fields: int) -> str:
    title = f"<b>{_short(room)}</b>"
    if not record:
        return f"<p style='{_FONT}'>{title}: no record yet</p>"
    rows = "".join(
        f"<tr><td>{_short(name)}</td><td style='text-align:right'>{_short(value)}</td></tr>"
        for name, value in list(record.items())[:fields]
    )
    return f"<p style='{_FONT}'>{title}</p><table style='{_FONT};border-collapse:collapse'>{rows}</table>"


def _short(value: Any) -> str:
    text = f"{value:.6g}" if isinstance(value, float) else str(value)
    return html.escape(text if len(text) <= _CHARACTERS else text[: _CHARACTERS - 1] + "…")
