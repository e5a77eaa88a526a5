"""Rows of panels and room names, made into a dashboard's spec."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import Any

import msgspec

from livedash.errors import SettingRefusedError
from livedash.panels.kinds import panel_spec
from livedash.panels.panel import Panel
from livedash.wire.specs import DashboardSpec, PanelSpec, dashboard_of_json


def dashboard_spec(what: Any, title: str | None = None) -> DashboardSpec:
    """Of a room's name or glob, a panel, a spec, a list of those (a row each), or rows of them: `[[a, b], [c]]`.

    Raises SettingRefusedError or NameRefusedError.
    """
    if isinstance(what, Panel | DashboardSpec):
        spec = what.spec if isinstance(what, Panel) else what
        return spec if title is None else msgspec.structs.replace(spec, title=title)
    rows = [what] if isinstance(what, str | PanelSpec) else what
    if not isinstance(rows, Iterable):
        raise SettingRefusedError(f"{type(what).__name__} can't be shown: give a room's name, a panel, or rows of them")
    return DashboardSpec(tuple(tuple(_row(row)) for row in rows), title).checked()


def dashboard_of_file(path: str | Path) -> DashboardSpec:
    """A dashboard that `save` wrote. Raises SettingRefusedError for a file that is none."""
    try:
        content = msgspec.json.decode(Path(path).read_bytes())
    except (OSError, msgspec.DecodeError) as error:
        raise SettingRefusedError(f"{path} is no saved dashboard: {error}") from error
    return dashboard_of_json(content)


def _row(row: Any) -> list[PanelSpec]:
    cells = [row] if isinstance(row, str | PanelSpec | Panel | DashboardSpec) else row
    if not isinstance(cells, Iterable):
        raise SettingRefusedError(f"a row of a dashboard holds panels and names of rooms, not {type(row).__name__}")
    return [panel for cell in cells for panel in _panels(cell)]


def _panels(cell: Any) -> list[PanelSpec]:
    """A dashboard within a dashboard gives its panels, side by side."""
    if isinstance(cell, PanelSpec):
        return [cell]
    if isinstance(cell, Panel | DashboardSpec):
        rows = cell.spec.rows if isinstance(cell, Panel) else cell.rows
        return [panel for row in rows for panel in row]
    if isinstance(cell, str):
        return [panel_spec("auto", cell)]
    raise SettingRefusedError(f"a dashboard holds panels and names of rooms, not {type(cell).__name__}")
