"""A panel or dashboard in Python's hands: a spec, and how a notebook shows it; what it draws is the front end's."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import msgspec

from livedash.client.process import Process
from livedash.panels.static_picture import static_picture
from livedash.panels.widget import PanelWidget, make_widget
from livedash.wire.specs import MIME_TYPE, DashboardSpec


class Panel:
    """Shown once as a cell's last expression, or by `show()`. Its output is a bundle: our own MIME type, drawn without

    the kernel where this kernel's Jupyter serves the hub; the widget for every other host; and a small static picture.
    """

    def __init__(self, spec: DashboardSpec, process: Process) -> None:
        self.spec = spec.checked()
        self._process = process
        self._widget: PanelWidget | None = None

    def __repr__(self) -> str:
        return f"<livedash panel of {', '.join(self.spec.rooms)}>"

    @property
    def rooms(self) -> tuple[str, ...]:
        return self.spec.rooms

    @property
    def widget(self) -> PanelWidget:
        """The ipywidget, for VBox and friends."""
        if self._widget is None:
            self._widget = make_widget(self.spec, self._process)
        return self._widget

    def show(self) -> Panel:
        """Displays it here, also in the middle of a cell."""
        from IPython import display

        display.display(self)  # type: ignore[no-untyped-call]  # IPython has no types
        return self

    def save(self, path: str | Path) -> Path:
        """Writes the spec as JSON; `ld.dashboard(path)` reads it again. Records are not part of it."""
        target = Path(path)
        target.write_bytes(msgspec.json.format(msgspec.json.encode(self.spec), indent=2) + b"\n")
        return target

    def _repr_mimebundle_(self, include: Any = None, exclude: Any = None) -> dict[str, Any]:
        """IPython asks for this when the panel is displayed."""
        found = self._process.hub()
        told: Any = self.widget._repr_mimebundle_()  # noqa: SLF001  # IPython's protocol
        bundle: dict[str, Any] = dict(told[0] if isinstance(told, tuple) else told or {})
        bundle["text/plain"] = repr(self)
        bundle["text/html"] = static_picture(self.spec, found.access)
        if found.is_jupyter:
            bundle[MIME_TYPE] = msgspec.to_builtins(self.spec)
        return bundle
