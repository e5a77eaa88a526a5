"""The anywidget of a panel: a stub where the page's own server has the code, else the whole front end, fed by the comm."""

from __future__ import annotations

import contextlib
from functools import lru_cache
from importlib import resources
from typing import Any

import anywidget
import msgspec
import traitlets

from livedash.client.process import Process
from livedash.client.relay import CommFeed, open_comm
from livedash.version import __version__
from livedash.wire.specs import DashboardSpec

_MISSING = """
function render({ el }) {
  el.textContent = "livedash: the front end was not built; run `npm run build` in livedash/frontend, or install a released wheel";
}
export default { render };
"""


class PanelWidget(anywidget.AnyWidget):
    """Synchronized state stays tiny: the spec, and how the page gets code and records."""

    _esm = _MISSING
    spec = traitlets.Dict().tag(sync=True)
    route = traitlets.Unicode("comm").tag(sync=True)
    version = traitlets.Unicode(__version__).tag(sync=True)

    def __init__(self, **traits: Any) -> None:
        super().__init__(**traits)
        self._comm_transport: CommFeed | None = None

    def feed_by_comm(self, process: Process, spec: DashboardSpec) -> None:
        """Streams to the page from now on, without waiting for it: a busy kernel would not hear it ask."""
        window = max(panel.window for row in spec.rows for panel in row)
        self._comm_transport = open_comm(process, self._send_message, spec.rooms, window)
        self.on_msg(self._on_page_message)

    def close(self) -> None:
        transport, self._comm_transport = getattr(self, "_comm_transport", None), None
        if transport is not None:
            transport.close()
        super().close()

    def _send_message(self, data: bytes) -> None:
        """From the background thread; ipykernel's output queue takes messages of any thread."""
        with contextlib.suppress(RuntimeError):  # the kernel is ending
            self.send({}, buffers=[data])

    def _on_page_message(self, _: Any, content: Any, buffers: list[Any]) -> None:
        if self._comm_transport is not None:
            for data in buffers:
                self._comm_transport.receive(bytes(data))


@lru_cache(maxsize=2)
def _module(name: str) -> str:
    file = resources.files("livedash") / "frontend" / "dist" / name
    return file.read_text() if file.is_file() else _MISSING


def make_widget(spec: DashboardSpec, process: Process) -> PanelWidget:
    """Of the kind that fits where the hub is."""
    is_jupyter = process.hub().is_jupyter
    widget = PanelWidget(
        _esm=_module("widget.js" if is_jupyter else "widget_inline.js"),
        spec=msgspec.to_builtins(spec),
        route="server" if is_jupyter else "comm",
    )
    if not is_jupyter:
        widget.feed_by_comm(process, spec)
    return widget
