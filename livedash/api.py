"""The functions of `import livedash as ld`; each is one line on top of the layers below."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import msgspec

from livedash import limits, status_report
from livedash.client.contract import LinkState, RoomState
from livedash.client.endpoint import TOKEN_VARIABLE, Endpoint, endpoint_of_url
from livedash.client.feed import Feed, OnGap
from livedash.client.process import PROCESS
from livedash.client.push import push
from livedash.sharing.duration import duration_s
from livedash.share_link import Link
from livedash.sources.function import FunctionSource, source_decorator
from livedash.sources.progress import tracked
from livedash.wire.names import checked_room
from livedash.wire.position import START, Position
from livedash.wire.specs import DashboardSpec, PanelSpec, dashboard_of_json, dashboard_of_rooms

if TYPE_CHECKING:
    import pandas as pd

    from livedash.panels.panel import Panel
    from livedash.server_thread import ServerHandle

T = TypeVar("T")
Rooms = str | Sequence[str]

# Publishing


def flush(timeout_s: float = limits.FLUSH_AT_EXIT_SCRIPT_S) -> int:
    """Waits until the hub has all that was pushed; how many records it has not after `timeout_s`."""
    return PROCESS.publisher.flush(timeout_s)


class Room:
    """A room by its name. It exists from its first record or settings."""

    def __init__(self, name: str) -> None:
        self.name = checked_room(name)

    def __repr__(self) -> str:
        return f"<livedash room {self.name!r}>"

    def push(self, record: Any = None, /, **fields: Any) -> None:
        """As `ld.push`."""
        push(self.name, record, **fields)

    def latest(self) -> dict[str, Any] | None:
        """The last record, None before the first."""
        records = self.records(since="-1", limit=1)
        return records[0] if records else None

    def records(self, *, since: str = "earliest", limit: int = limits.READ_LIMIT) -> list[dict[str, Any]]:
        """Records of history, the oldest first; `since`: earliest, -100 (the last 100) or a cursor."""
        _deliver_own()
        if self.position == START:
            return []
        return PROCESS.hub().access.read(self.name, since, limit).batch.records()

    def to_pandas(self, *, since: str = "earliest", limit: int = limits.READ_LIMIT_MAX) -> pd.DataFrame:
        """History as a DataFrame, types as they were pushed."""
        from livedash.wire.batch import EMPTY
        from livedash.wire.frames import to_pandas

        _deliver_own()
        batch = EMPTY if self.position == START else PROCESS.hub().access.read(self.name, since, limit).batch
        return to_pandas(batch)

    def clear(self) -> None:
        """Empties the room and begins a new epoch; viewers are told."""
        _deliver_own()
        PROCESS.hub().access.clear(self.name)

    def delete(self) -> None:
        """Removes the room."""
        _deliver_own()
        PROCESS.hub().access.delete(self.name)

    @property
    def state(self) -> RoomState | None:
        """None before the first record or settings."""
        return next((state for state in PROCESS.hub().access.rooms() if state.name == self.name), None)

    @property
    def position(self) -> Position:
        """Of the last record; `0-0` before the first."""
        state = self.state
        return state.position if state else START


def room(name: str, **settings: Any) -> Room:
    """A room, with `history_records`, `history_bytes`, `history_age` (seconds, or '2h') and `key` set if they are given."""
    found = Room(name)
    if "history_age" in settings and isinstance(settings["history_age"], str):
        settings["history_age"] = duration_s(settings["history_age"])
    if settings:
        PROCESS.hub().access.configure(found.name, settings)
    return found


def rooms() -> list[RoomState]:
    """All rooms of the hub."""
    _deliver_own()
    return PROCESS.hub().access.rooms()


def _deliver_own() -> None:
    """A reader finds what the same process pushed a line before."""
    PROCESS.publisher.flush(limits.FLUSH_AT_EXIT_KERNEL_S)


# Panels


def show(what: Rooms | Panel | PanelSpec | DashboardSpec, /, *, title: str | None = None, **options: Any) -> Panel:
    """A panel of one or more rooms, also of rooms that do not exist yet; it chooses its charts from what comes.

    Gives the panel: as the last expression of a cell it is displayed; elsewhere call its `show()`.
    """
    from livedash.panels.kinds import panel_spec
    from livedash.panels.panel import Panel

    if isinstance(what, Panel):
        return what
    if isinstance(what, DashboardSpec):
        return Panel(what, PROCESS)
    if isinstance(what, PanelSpec):
        return Panel(DashboardSpec(((what,),), title), PROCESS)
    names = (what,) if isinstance(what, str) else tuple(what)
    if options:
        panels = tuple((panel_spec("auto", name, **options),) for name in names)
        return Panel(DashboardSpec(panels, title), PROCESS)
    return Panel(dashboard_of_rooms(names, title), PROCESS)


def _kind(kind: Any, rooms: Rooms, fields: Any, options: dict[str, Any]) -> Panel:
    from livedash.panels.kinds import panel_spec
    from livedash.panels.panel import Panel

    return Panel(DashboardSpec(((panel_spec(kind, rooms, fields, **options),),)), PROCESS)


def line(rooms: Rooms, fields: Rooms | None = None, **options: Any) -> Panel:
    """A line chart. Options: x, window (records), title, height (pixels)."""
    return _kind("line", rooms, fields, options)


def number(rooms: Rooms, fields: Rooms | None = None, **options: Any) -> Panel:
    """Latest values, their change, and a sparkline. Options: window, title."""
    return _kind("number", rooms, fields, options)


def table(rooms: Rooms, fields: Rooms | None = None, **options: Any) -> Panel:
    """Records as rows, the newest first. Options: window, title, height."""
    return _kind("table", rooms, fields, options)


def log(rooms: Rooms, fields: Rooms | None = None, **options: Any) -> Panel:
    """Records as lines of text. Options: window, title, height."""
    return _kind("log", rooms, fields, options)


def figure(figure: Any, bind: Mapping[int, Mapping[str, str]] | None = None, **options: Any) -> Panel:
    """A plotly figure whose traces draw fields of rooms, live.

    `bind`: {trace number: {"room": "train", "x": "step", "y": "loss"}}. Options: window, title, height.
    """
    from livedash.panels.kinds import figure_spec
    from livedash.panels.panel import Panel

    return Panel(DashboardSpec(((figure_spec(figure, bind, **options),),)), PROCESS)


def dashboard(rows: Any, *, title: str | None = None) -> Panel:
    """A grid of panels: `[[a, b], [c]]` of panels or room names; or the path of a dashboard that was saved."""
    from livedash.panels.panel import Panel

    if isinstance(rows, str | Path):
        return Panel(dashboard_of_json(msgspec.json.decode(Path(rows).read_bytes())), PROCESS)
    grid = tuple(tuple(panel for cell in row for panel in _panels_of(cell)) for row in rows)
    return Panel(DashboardSpec(grid, title), PROCESS)


def _panels_of(cell: Any) -> Iterator[PanelSpec]:
    if isinstance(cell, PanelSpec):
        yield cell
        return
    for row in show(cell).spec.rows:
        yield from row


# Sources


def source(room: str, every: str | float | None = None) -> Callable[[Callable[[], Any]], FunctionSource]:
    """Decorates a function, async function, generator or async generator: it runs in the background from now on.

    `every`: '2s' or seconds. What it gives is pushed: a mapping, a list of them, or a DataFrame. The source has `stop()`.
    """
    return source_decorator(push, checked_room(room), every)


def track(iterable: Iterable[T], room: str, *, total: int | None = None) -> Iterator[T]:
    """Passes an iterable on, and pushes how far it is, a few times a second."""
    return tracked(push, iterable, checked_room(room), total)


# Sharing


def share(what: Rooms | Panel, expires: str | float = "8h", label: str = "") -> Link:
    """A link that reads these rooms and nothing else, without a login, until it expires or is revoked."""
    expires_s = duration_s(expires)
    access = PROCESS.hub().access
    if isinstance(what, str) or (isinstance(what, Sequence) and all(isinstance(name, str) for name in what)):
        names = (what,) if isinstance(what, str) else tuple(what)
        return Link(access.create_link(names, expires_s, label, None), access)
    spec = show(what).spec
    return Link(access.create_link((), expires_s, label, spec), access)


def links() -> list[LinkState]:
    """The links that still read, with how many view each."""
    return PROCESS.hub().access.links()


def revoke(link_id: str) -> None:
    """Ends a link now, and the streams that are open by it."""
    PROCESS.hub().access.revoke(link_id)


# Hubs


def connect(url: str, *, rooms: Rooms = (), since: str = "now", token: str | None = None, on_gap: OnGap | None = None) -> Feed:
    """Reads a hub or a link from anywhere: `for record in feed`, `async for`, `.records()`, `.to_pandas()`."""
    endpoint = endpoint_of_url(url, token or os.environ.get(TOKEN_VARIABLE))
    names = (rooms,) if isinstance(rooms, str) else tuple(rooms)
    return Feed(endpoint, PROCESS.thread, rooms=names, since=since, on_gap=on_gap)


def serve(host: str = "127.0.0.1", port: int = 0, *, token: str | None = None, public_url: str | None = None) -> ServerHandle:
    """A hub with a server in this process, which `push` uses from now on. The handle has `.url`, `.token` and `.stop()`."""
    from livedash.server.lifecycle import ServeOptions
    from livedash.server_thread import start_in_thread

    handle = start_in_thread(PROCESS.thread, ServeOptions(host, port, token, public_url))
    PROCESS.use(Endpoint(handle.url, handle.token))
    return handle


def use(url: str | None, token: str | None = None) -> None:
    """Publishes to the hub at `url` from now on; None: finds one again."""
    PROCESS.use(None if url is None else endpoint_of_url(url, token))


def status() -> status_report.StatusReport:
    """What this process is connected to, over which transport, and what was dropped."""
    return status_report.report(PROCESS)
