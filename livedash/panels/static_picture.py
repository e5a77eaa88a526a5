"""The latest values as a little HTML, for viewers that run no code: GitHub, nbconvert, a mail."""

from __future__ import annotations

import html
from typing import Any

from livedash import limits
from livedash.client.contract import HubAccess
from livedash.errors import LivedashError
from livedash.wire.names import is_glob
from livedash.wire.specs import DashboardSpec

_ROOMS = 5
_FIELDS = 12
_CHARACTERS = 60
_STYLE = "font:13px system-ui,sans-serif;border-collapse:collapse"


def static_picture(spec: DashboardSpec, hub: HubAccess) -> str:
    """5 kB at most."""
    parts = [_room_table(room, hub) for room in spec.rooms[:_ROOMS]]
    note = "<p style='font:12px system-ui;opacity:.7'>A livedash panel: live in a running notebook; these are its values when it was saved.</p>"
    text = "".join((f"<h4>{_short(spec.title)}</h4>" if spec.title else "", *parts, note))
    return text if len(text.encode()) <= limits.STATIC_PICTURE_BYTES else note


def _room_table(room: str, hub: HubAccess) -> str:
    title = f"<b>{_short(room)}</b>"
    try:
        latest = [] if is_glob(room) else hub.read(room, "-1", 1).batch.records()
    except LivedashError:
        latest = []
    if not latest:
        return f"<p style='font:13px system-ui'>{title}: no record yet</p>"
    fields = list(latest[0].items())[:_FIELDS]
    rows = "".join(f"<tr><td>{_short(name)}</td><td style='text-align:right'>{_short(value)}</td></tr>" for name, value in fields)
    return f"<p style='font:13px system-ui'>{title}</p><table style='{_STYLE}'>{rows}</table>"


def _short(value: Any) -> str:
    text = f"{value:.6g}" if isinstance(value, float) else str(value)
    return html.escape(text if len(text) <= _CHARACTERS else text[: _CHARACTERS - 1] + "…")
