"""What people say of a panel, made into its spec: rooms, fields, a figure's bindings; the words are checked here."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final

import msgspec

from livedash import limits
from livedash.errors import SettingRefusedError, ValueRefusedError
from livedash.wire.names import checked_glob
from livedash.wire.specs import PanelKind, PanelSpec
from livedash.wire.values import plain_value

Rooms = str | Sequence[str]
Fields = str | Sequence[str] | None
Bindings = Mapping[int, Mapping[str, str]]
BINDING: Final = "livedash"  # the key of a trace that says which fields it draws
_EXAMPLE: Final = 'ld.figure(fig, bind={0: {"room": "train", "x": "step", "y": "loss"}})'


def panel_spec(
    kind: PanelKind,
    rooms: Rooms,
    fields: Fields = None,
    *,
    x: str | None = None,
    window: int = limits.SNAPSHOT_RECORDS,
    title: str | None = None,
    height: int | None = None,
    figure: dict[str, Any] | None = None,
) -> PanelSpec:
    """`rooms`: one name or glob, or several. `fields` None: chosen by the data. `height` in pixels.

    Raises SettingRefusedError or NameRefusedError.
    """
    names = tuple(checked_glob(room) for room in texts(rooms, "rooms"))
    chosen = None if fields is None else texts(fields, "fields")
    if isinstance(window, bool) or not isinstance(window, int):
        raise SettingRefusedError(f"window is a number of records, not {window!r}")
    return PanelSpec(kind, names, chosen, x, window, title, height, figure)


def figure_spec(
    figure: Any,
    bind: Bindings | None = None,
    *,
    window: int = limits.SNAPSHOT_RECORDS,
    title: str | None = None,
    height: int | None = None,
) -> PanelSpec:
    """A plotly figure whose traces draw fields of rooms.

    `bind` maps a trace's number to {"room": "train", "x": "step", "y": "loss"}: attribute paths of the trace to
    fields. A trace may bring the same under the key `livedash` of its `meta`. Raises SettingRefusedError for a binding
    that names no room, or where nothing is bound.
    """
    content = plotly_json(figure)
    traces: list[dict[str, Any]] = content.setdefault("data", [])
    for number, binding in (bind or {}).items():
        if number not in range(len(traces)):
            raise SettingRefusedError(
                f"the figure has {len(traces)} traces, so bind={{{number!r}: …}} binds none of them"
            )
        traces[number][BINDING] = dict(binding)
    for trace in traces:
        meta = trace.get("meta")
        if isinstance(meta, dict) and BINDING in meta:
            trace.setdefault(BINDING, meta[BINDING])
    rooms = dict.fromkeys(_bound_room(trace[BINDING]) for trace in traces if BINDING in trace)
    if not rooms:
        raise SettingRefusedError(f"no trace of the figure is bound to a room: {_EXAMPLE}")
    return panel_spec("figure", tuple(rooms), figure=content, window=window, title=title, height=height)


def _bound_room(binding: Any) -> str:
    if not isinstance(binding, dict) or not all(isinstance(text, str) for text in [*binding, *binding.values()]):
        raise SettingRefusedError(f"a binding is a dict of attribute paths to fields, not {binding!r:.80}: {_EXAMPLE}")
    if "room" not in binding or len(binding) == 1:
        raise SettingRefusedError(f"a binding names a room and the field of an attribute, and {binding!r:.80} does not")
    room: str = binding["room"]
    return room


def plotly_json(figure: Any) -> dict[str, Any]:
    """The figure's `data` and `layout` as plain JSON; plotly's own encoder knows its arrays and times."""
    if isinstance(figure, Mapping):
        text = msgspec.json.encode(plain_value(figure, "figure"))
    elif callable(getattr(figure, "to_json", None)) and hasattr(figure, "layout"):
        text = figure.to_json().encode()
    else:
        raise ValueRefusedError(f"ld.figure takes a plotly figure, or its JSON as a dict, not {type(figure).__name__}")
    content: dict[str, Any] = msgspec.json.decode(text)
    layout = content.get("layout") or {}
    layout.pop("template", None)  # the page's theme takes its place, and it is 7 kB
    return {"data": content.get("data") or [], "layout": layout}


def texts(value: str | Sequence[str], what: str) -> tuple[str, ...]:
    """One text, or several."""
    found = (value,) if isinstance(value, str) else tuple(value)
    if not all(isinstance(text, str) for text in found):
        raise SettingRefusedError(f"{what} are texts, not {found!r:.80}")
    return found
