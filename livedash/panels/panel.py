"""A panel or dashboard in Python's hands: a spec, and how a notebook shows it; what it draws is the front end's."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import msgspec

from livedash.client.link import Link
from livedash.client.process import Process
from livedash.errors import SettingRefusedError
from livedash.panels.static_picture import static_picture
from livedash.panels.widget import PanelWidget, make_widget
from livedash.sharing.duration import duration_s
from livedash.wire.specs import MIME_TYPE, DashboardSpec


class Panel:
    """One panel or a dashboard. A cell shows it as its last expression, and anywhere by `show()`.

    Its output is a bundle: our own MIME type, drawn without the kernel where this kernel's Jupyter serves the hub; the
    widget for every other host; and a small static picture for viewers that run no code.
    """

    def __init__(self, spec: DashboardSpec, process: Process) -> None:
        self.spec = spec.checked()
        self._process = process
        self._widget: PanelWidget | None = None
        self._shown_in: str | None = None

    def __repr__(self) -> str:
        return f"<livedash panel of {', '.join(self.spec.rooms)}>"

    @property
    def rooms(self) -> tuple[str, ...]:
        """Names and globs, each once."""
        return self.spec.rooms

    @property
    def widget(self) -> PanelWidget:
        """The ipywidget, for VBox and friends."""
        if self._widget is None:
            self._widget = make_widget(self.spec, self._process)
        return self._widget

    def show(self) -> None:
        """Displays it here, also in the middle of a cell."""
        _publish(self._repr_mimebundle_())

    def show_in_cell(self) -> None:
        """As `show()`, but as this cell's last expression it is then not displayed a second time."""
        self.show()
        self._shown_in = _running_cell()

    def share(self, expires: str | float = "8h", label: str = "") -> Link:
        """A link to a page with these panels. It reads their rooms, until it expires or is revoked."""
        hub = self._process.hub().access
        return Link(hub.create_link((), duration_s(expires), label, self.spec), hub)

    def save(self, path: str | Path) -> Path:
        """Writes the spec as JSON; `ld.dashboard(path)` reads it again. Records are not part of it.

        Raises SettingRefusedError for the name of a page.
        """
        target = Path(path)
        if target.suffix.lower() in (".html", ".htm"):
            raise SettingRefusedError(
                f"a dashboard is saved as JSON, which {target.name} does not say: name it {target.stem}.json; "
                "for a page that is live, share() it"
            )
        target.write_bytes(msgspec.json.format(msgspec.json.encode(self.spec), indent=2) + b"\n")
        return target

    def _ipython_display_(self) -> None:
        """IPython calls this for a last expression and for display()."""
        shown_in, self._shown_in = self._shown_in, None
        if shown_in is None or shown_in != _running_cell():
            self.show()

    def _repr_mimebundle_(self, include: Any = None, exclude: Any = None) -> dict[str, Any]:
        """What other hosts, such as marimo, ask for."""
        found = self._process.hub()
        bundle = self.widget.view_bundle()
        bundle["text/plain"] = repr(self)
        bundle["text/html"] = static_picture(self.spec, found.access.at_once())  # nobody waits for a picture
        if found.is_jupyter:
            bundle[MIME_TYPE] = msgspec.to_builtins(self.spec)
        return bundle


def _publish(bundle: dict[str, Any]) -> None:
    """As an output of the running cell; a shell without rich outputs prints the text."""
    from IPython import display

    show: Any = display.display
    show(bundle, raw=True)


def _running_cell() -> str | None:
    """What the front end calls the run of the cell; None outside of a kernel."""
    interactive = sys.modules.get("IPython")
    shell = interactive.get_ipython() if interactive is not None else None
    parent = shell.get_parent() if shell is not None and hasattr(shell, "get_parent") else None
    return str(parent["header"]["msg_id"]) if parent and parent.get("header") else None
