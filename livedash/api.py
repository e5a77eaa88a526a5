"""The functions of `import livedash as ld`; each is one line on top of the layers below."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

from livedash import limits
from livedash.client.contract import RoomState
from livedash.client.discovery import is_kernel
from livedash.client.endpoint import TOKEN_VARIABLE, Endpoint, endpoint_of_url
from livedash.client.feed import Feed, OnGap
from livedash.client.link import Link, ListedLink, list_of_links
from livedash.client.listing import Listing
from livedash.client.process import PROCESS
from livedash.client.room import Room, deliver, list_of_rooms
from livedash.client.status import StatusReport, status_of
from livedash.sharing.duration import duration_s
from livedash.sources.function import FunctionSource, source_decorator
from livedash.sources.progress import tracked
from livedash.sources.running import running_sources
from livedash.wire.names import checked_room
from livedash.wire.specs import DashboardSpec, PanelKind, PanelSpec

if TYPE_CHECKING:
    from livedash.panels.panel import Panel
    from livedash.server.background import ServerHandle

T = TypeVar("T")
Rooms = str | Sequence[str]

# Publishing and reading

push = PROCESS.publisher.push  # bound: each layer in between would cost the caller's loop


def flush(timeout_s: float = limits.FLUSH_AT_EXIT_SCRIPT_S) -> int:
    """Waits until the hub has all that was pushed; how many records it has not after `timeout_s`."""
    return PROCESS.publisher.flush(timeout_s)


def room(name: str, **settings: Any) -> Room:
    """A room, with `history_records`, `history_bytes`, `history_age` (seconds, or '2h') and `key` set if they are
    given.

    `key` names the field by which the latest record of each of its values is kept, as long as the room lives. A record
    replaces its key's record whole; one with `"_deleted": True` removes the key.

    Raises NameRefusedError, SettingRefusedError, or ConflictError for a `key` after the first record.
    """
    found = Room(name, PROCESS)
    if isinstance(settings.get("history_age"), str):
        settings["history_age"] = duration_s(settings["history_age"])
    if settings:
        found.configure(**settings)
    return found


def rooms() -> Listing[RoomState]:
    """All rooms of the hub, by name."""
    deliver(PROCESS)
    return list_of_rooms(PROCESS.hub().access.rooms())


# Panels


def show(
    what: Rooms | Panel | Sequence[Any],
    /,
    *,
    window: int = limits.SNAPSHOT_RECORDS,
    title: str | None = None,
    height: int | None = None,
) -> Panel:
    """Shows rooms (names or globs, also of rooms that do not exist yet), a panel or rows of panels, and gives the
    panel.

    A room's panel chooses its charts from what comes. In a notebook it is displayed at once, and not a second time as
    the cell's last expression; elsewhere nothing is displayed or printed. Raises NameRefusedError or
    SettingRefusedError.
    """
    from livedash.panels.grid import dashboard_spec
    from livedash.panels.panel import Panel

    names = (what,) if isinstance(what, str) else what
    if not isinstance(names, Panel) and all(isinstance(name, str) for name in names):
        rows = [_spec("auto", name, None, window=window, title=None, height=height) for name in names]
        panel = Panel(dashboard_spec(rows, title), PROCESS)
    else:
        panel = what if isinstance(what, Panel) and title is None else Panel(dashboard_spec(what, title), PROCESS)
    if is_kernel():
        panel.show_in_cell()
    return panel


def line(
    rooms: Rooms,
    fields: Rooms | None = None,
    *,
    x: str | None = None,
    window: int = limits.SNAPSHOT_RECORDS,
    title: str | None = None,
    height: int | None = None,
) -> Panel:
    """A line chart. `x`: a field, or `time`; None: chosen by the data. `window` in records, `height` in pixels."""
    return _panel(_spec("line", rooms, fields, x=x, window=window, title=title, height=height))


def number(
    rooms: Rooms,
    fields: Rooms | None = None,
    *,
    window: int = limits.SNAPSHOT_RECORDS,
    title: str | None = None,
    height: int | None = None,
) -> Panel:
    """Latest values, their change, and a sparkline of the last `window` records."""
    return _panel(_spec("number", rooms, fields, window=window, title=title, height=height))


def table(
    rooms: Rooms,
    fields: Rooms | None = None,
    *,
    window: int = limits.SNAPSHOT_RECORDS,
    title: str | None = None,
    height: int | None = None,
) -> Panel:
    """Records as rows, the newest first; a click on a heading sorts.

    Of a room with a `key`: one row a key, its latest record, and what has changed flashes.
    """
    return _panel(_spec("table", rooms, fields, window=window, title=title, height=height))


def log(
    rooms: Rooms,
    fields: Rooms | None = None,
    *,
    window: int = limits.SNAPSHOT_RECORDS,
    title: str | None = None,
    height: int | None = None,
) -> Panel:
    """Records as lines of text, the newest last."""
    return _panel(_spec("log", rooms, fields, window=window, title=title, height=height))


def figure(
    figure: Any,
    bind: Mapping[int, Mapping[str, str]] | None = None,
    *,
    window: int = limits.SNAPSHOT_RECORDS,
    title: str | None = None,
    height: int | None = None,
) -> Panel:
    """A plotly figure whose traces draw fields of rooms, live.

    `bind`: {trace number: {"room": "train", "x": "step", "y": "loss"}}, attribute paths of the trace to fields; or the
    same under the key `livedash` of a trace's `meta`. Raises SettingRefusedError where nothing is bound.
    """
    from livedash.panels.kinds import figure_spec

    return _panel(figure_spec(figure, bind, window=window, title=title, height=height))


def dashboard(rows: Any, *, title: str | None = None) -> Panel:
    """A grid of panels: `[[a, b], [c]]` of panels or room names; or the path of a dashboard that was saved."""
    from livedash.panels.grid import dashboard_of_file, dashboard_spec
    from livedash.panels.panel import Panel

    spec = dashboard_of_file(rows) if isinstance(rows, str | Path) else rows
    return Panel(dashboard_spec(spec, title), PROCESS)


def _spec(kind: PanelKind, rooms: Rooms, fields: Rooms | None, **options: Any) -> PanelSpec:
    from livedash.panels.kinds import panel_spec

    return panel_spec(kind, rooms, fields, **options)


def _panel(spec: PanelSpec) -> Panel:
    from livedash.panels.panel import Panel

    return Panel(DashboardSpec(((spec,),)), PROCESS)


# Sources


def source(room: str, every: str | float | None = None) -> Callable[[Callable[[], Any]], FunctionSource]:
    """Decorates a function, async function, generator or async generator: it runs in the background from now on.

    `every`: '2s' or seconds; it may be left out for a generator. What it gives is pushed: a mapping, a list of them,
    or a DataFrame. An error shows in the room's panels, in its `state` and in `ld.status()`, and it is tried again;
    `stop()` ends it, and so does a source of the same name for the same room: its cell ran again.
    """
    return source_decorator(push, PROCESS.publisher.tell_failing, checked_room(room), every)


def track(iterable: Iterable[T], room: str, *, total: int | None = None) -> Iterator[T]:
    """Passes an iterable on, and pushes how far it is: n, rate, elapsed_s, and total, percent, eta_s if known."""
    return tracked(push, iterable, checked_room(room), total)


# Sharing


def share(what: Rooms | Panel | Sequence[Any], expires: str | float = "8h", label: str = "") -> Link:
    """A link that reads these rooms and nothing else, without a login, until it expires or is revoked.

    `what`: names or globs of rooms, or a panel or dashboard, whose page is then the same. `expires`: '90s', '30m',
    '8h', '7d' or seconds. Raises SettingRefusedError, or UnreachableError where no server is there that others could
    reach.
    """
    from livedash.panels.grid import dashboard_spec
    from livedash.panels.panel import Panel

    names = (what,) if isinstance(what, str) else what
    if isinstance(names, Panel) or not all(isinstance(name, str) for name in names):
        return Panel(dashboard_spec(what), PROCESS).share(expires, label)
    hub = PROCESS.hub().access
    return Link(hub.create_link(tuple(names), duration_s(expires), label, None), hub)


def links() -> Listing[ListedLink]:
    """The links that still read, with how many view each; each has `revoke()`."""
    return list_of_links(PROCESS.hub().access)


def revoke(link_id: str) -> None:
    """Ends a link now, and the streams that are open by it. Raises NotFoundError."""
    PROCESS.hub().access.revoke(link_id)


# Hubs


def connect(
    url: str, *, rooms: Rooms = (), since: str = "now", token: str | None = None, on_gap: OnGap | None = None
) -> Feed:
    """Reads a hub or a link from anywhere: `for record in feed`, `async for`, `.records()`, `.to_pandas()`.

    `token` is the login of the hub, LIVEDASH_TOKEN unless given; a link's URL needs none.
    """
    endpoint = endpoint_of_url(url, token or os.environ.get(TOKEN_VARIABLE))
    names = (rooms,) if isinstance(rooms, str) else tuple(rooms)
    return Feed(endpoint, PROCESS.thread, rooms=names, since=since, on_gap=on_gap)


def serve(
    host: str = "127.0.0.1",
    port: int = 0,
    *,
    token: str | None = None,
    public_url: str | None = None,
    data_dir: str | Path | None = None,
    data_dir_bytes: int = limits.DATA_DIR_BYTES,
    broker: str | None = None,
) -> ServerHandle:
    """A hub with a server in this process, which `push` uses from now on. The handle has `.url`, `.token` and
    `.stop()`.

    Port 0: any free one. Rooms that only this process wrote to move there. `data_dir`: a directory that keeps the rooms
    beyond this process, `data_dir_bytes` at most; one hub at a time may use it. `broker`: the URL of one that joins this hub
    with others, such as `redis://localhost`. Raises SettingRefusedError where the port is taken, or one of these can't be
    used; MissingExtraError where the broker's library isn't installed.
    """
    from livedash.server.background import start_in_background
    from livedash.server.lifecycle import ServeOptions

    options = ServeOptions(
        host,
        port,
        token,
        public_url,
        data_dir=None if data_dir is None else str(data_dir),
        data_dir_bytes=data_dir_bytes,
        broker=broker,
    )
    handle = start_in_background(PROCESS.thread, options, on_stop=lambda: PROCESS.leave(endpoint))
    PROCESS.at_exit(handle.end_with_process)
    endpoint = Endpoint(handle.url, handle.token)
    PROCESS.use(endpoint)
    PROCESS.publisher.settle(limits.FLUSH_AT_EXIT_KERNEL_S)  # what was pushed before is there from the start
    return handle


def use(url: str | None, token: str | None = None) -> None:
    """Publishes to the hub at `url` from now on; None: finds one again."""
    PROCESS.use(None if url is None else endpoint_of_url(url, token or os.environ.get(TOKEN_VARIABLE)))


def status() -> StatusReport:
    """What this process is connected to, over which transport, and what was dropped."""
    return status_of(PROCESS, [source.state() for source in running_sources()])
