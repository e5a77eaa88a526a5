"""The kinds of panels, one function each: rooms, fields and options to a spec."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import msgspec

from livedash import limits
from livedash.errors import SettingRefusedError, ValueRefusedError
from livedash.wire.specs import PanelKind, PanelSpec

Rooms = str | Sequence[str]
BINDING = "livedash"  # the key of a trace that says which fields it draws


def panel_spec(
    kind: PanelKind,
    rooms: Rooms,
    fields: str | Sequence[str] | None = None,
    *,
    x: str | None = None,
    window: int = limits.SNAPSHOT_RECORDS,
    title: str | None = None,
    height: int | None = None,
    figure: dict[str, Any] | None = None,
    **options: Any,
) -> PanelSpec:
    """`rooms`: one name or glob, or several. `fields` None: chosen by the data. Raises SettingRefusedError."""
    return PanelSpec(kind, _texts(rooms), None if fields is None else _texts(fields), x, window, title, height, figure, options)


def figure_spec(figure: Any, bind: Mapping[int, Mapping[str, str]] | None, **options: Any) -> PanelSpec:
    """A plotly figure whose traces draw fields of rooms.

    `bind` maps a trace's number to {"room": "train", "x": "step", "y": "loss"}: attribute paths of the trace to fields. A
    trace may bring the same under the key `livedash` of its `meta`. Raises SettingRefusedError where nothing is bound.
    """
    content = _plotly_json(figure)
    traces: list[dict[str, Any]] = content.get("data", [])
    for number, binding in (bind or {}).items():
        if not 0 <= number < len(traces):
            raise SettingRefusedError(f"the figure has {len(traces)} traces, so bind={{{number}: …}} binds nothing")
        traces[number][BINDING] = dict(binding)
    for trace in traces:
        meta = trace.get("meta")
        if BINDING not in trace and isinstance(meta, dict) and isinstance(meta.get(BINDING), dict):
            trace[BINDING] = meta[BINDING]
    rooms = tuple(dict.fromkeys(str(trace[BINDING]["room"]) for trace in traces if "room" in trace.get(BINDING, {})))
    if not rooms:
        raise SettingRefusedError(
            'no trace of the figure is bound to a room: ld.figure(fig, bind={0: {"room": "train", "x": "step", "y": "loss"}})'
        )
    return panel_spec("figure", rooms, figure=content, **options)


def _plotly_json(figure: Any) -> dict[str, Any]:
    """Plain JSON; plotly's own encoder knows arrays and times."""
    if isinstance(figure, Mapping):
        text = msgspec.json.encode(dict(figure))
    elif callable(getattr(figure, "to_json", None)):
        text = figure.to_json().encode()
    else:
        raise ValueRefusedError(f"ld.figure takes a plotly figure, or its JSON as a dict, not {type(figure).__name__}")
    content: dict[str, Any] = msgspec.json.decode(text)
    content.get("layout", {}).pop("template", None)  # the page's theme takes its place, and it is 7 kB
    return content


def _texts(value: str | Sequence[str]) -> tuple[str, ...]:
    texts = (value,) if isinstance(value, str) else tuple(value)
    if not all(isinstance(text, str) for text in texts):
        raise SettingRefusedError(f"names are texts, not {texts!r:.80}")
    return texts
