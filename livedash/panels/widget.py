"""The anywidget of a panel: a stub where the page's own server has the code, else the whole front end, fed by the
comm.
"""

from __future__ import annotations

import contextlib
from functools import lru_cache
from importlib import resources
from typing import Any, Final

import anywidget
import msgspec
import traitlets

from livedash.client.process import Process
from livedash.client.relay import CommFeed, open_comm
from livedash.server.static_files import front_end_version
from livedash.wire.specs import DashboardSpec

_MISSING: Final = """
function render({ el }) {
  el.textContent = "livedash: the front end was not built; run `make frontend`, or install a released wheel";
}
export default { render };
"""
_STUB, _INLINE = "widget.js", "widget_inline.js"


class PanelWidget(anywidget.AnyWidget):
    """Synchronized state stays tiny: the spec, and whether records come from the page's server or by the comm."""

    _esm = _MISSING
    spec = traitlets.Dict().tag(sync=True)
    route = traitlets.Enum(("server", "comm"), "comm").tag(sync=True)
    version = traitlets.Unicode().tag(
        sync=True
    )  # of the front end: its URL is then the one that the renderer loads too

    def __init__(self, **traits: Any) -> None:
        self._feed: CommFeed | None = None
        super().__init__(**traits)

    def feed_by_comm(self, process: Process, spec: DashboardSpec) -> None:
        """Streams to the page from now on, without waiting for it: a busy kernel would not hear it ask."""
        window = max(panel.window for row in spec.rows for panel in row)
        self._feed = open_comm(process, self._send_message, spec.rooms, window)
        self.on_msg(self._on_page_message)

    def view_bundle(self) -> dict[str, Any]:
        """The MIME bundle by which a host shows the widget."""
        told = self._repr_mimebundle_()
        return dict(told[0]) if told is not None else {}

    def close(self) -> None:
        """The page's view ends, and so does what feeds it."""
        feed, self._feed = self._feed, None
        if feed is not None:
            feed.close()
        super().close()

    def _send_message(self, data: bytes) -> None:
        """From the background thread: ipykernel's output socket takes messages of any thread."""
        with contextlib.suppress(RuntimeError, OSError):  # the kernel is ending, and takes no more
            self.send({}, buffers=[data])

    def _on_page_message(self, _: Any, content: Any, buffers: list[Any]) -> None:
        if self._feed is not None:
            for data in buffers:
                self._feed.receive(bytes(data))


@lru_cache(maxsize=2)
def module_text(name: str) -> str:
    """Of a built file of the front end; where it was not built, a module that says so."""
    file = resources.files("livedash") / "frontend" / "dist" / name
    return file.read_text(encoding="utf-8") if file.is_file() else _MISSING


def make_widget(spec: DashboardSpec, process: Process) -> PanelWidget:
    """Of the kind that fits where the hub is."""
    is_jupyter = process.hub().is_jupyter
    widget = PanelWidget(
        _esm=module_text(_STUB if is_jupyter else _INLINE),
        spec=msgspec.to_builtins(spec),
        route="server" if is_jupyter else "comm",
        version=front_end_version(),
    )
    if not is_jupyter:
        widget.feed_by_comm(process, spec)
    return widget
