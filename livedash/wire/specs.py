"""Panels and dashboards as data: what a page draws, without knowing how. Read from untrusted text, too."""

from __future__ import annotations

from typing import Any, Literal

import msgspec

from livedash import limits
from livedash.errors import SettingRefusedError
from livedash.wire import names

MIME_TYPE = "application/vnd.livedash.v1+json"
PanelKind = Literal["auto", "line", "number", "table", "log", "figure"]


class PanelSpec(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """`rooms`: names or globs. `fields` None: chosen by the data. `x`: a field, or `time`. `height` in pixels.

    `figure`: plotly's own JSON, whose traces have `livedash`: {"room": …, attribute path: field}.
    """

    kind: PanelKind
    rooms: tuple[str, ...]
    fields: tuple[str, ...] | None = None
    x: str | None = None
    window: int = limits.SNAPSHOT_RECORDS
    title: str | None = None
    height: int | None = None
    figure: dict[str, Any] | None = None
    options: dict[str, Any] = {}

    def check(self) -> None:
        """Raises SettingRefusedError or NameRefusedError."""
        if not self.rooms:
            raise SettingRefusedError(f"a {self.kind} panel shows one room at least")
        if not 1 <= self.window <= limits.READ_LIMIT_MAX:
            raise SettingRefusedError(
                f"window={self.window} is out of range; a panel shows 1 to {limits.READ_LIMIT_MAX} records"
            )
        if self.height is not None and not 1 <= self.height <= limits.PANEL_HEIGHT_PX:
            raise SettingRefusedError(f"height={self.height} is out of range; use 1 to {limits.PANEL_HEIGHT_PX} pixels")
        for room in self.rooms:
            names.checked_glob(room)


class DashboardSpec(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A grid: rows of panels. A single panel is a dashboard of one."""

    rows: tuple[tuple[PanelSpec, ...], ...]
    title: str | None = None
    version: Literal[1] = 1

    @property
    def rooms(self) -> tuple[str, ...]:
        """All names and globs, each once, in order."""
        return tuple(dict.fromkeys(room for row in self.rows for panel in row for room in panel.rooms))

    def checked(self) -> DashboardSpec:
        """Raises SettingRefusedError or NameRefusedError."""
        panels = [panel for row in self.rows for panel in row]
        if not panels or len(panels) > limits.DASHBOARD_PANELS:
            raise SettingRefusedError(f"a dashboard has 1 to {limits.DASHBOARD_PANELS} panels, not {len(panels)}")
        for panel in panels:
            panel.check()
        return self


def dashboard_of_json(content: Any) -> DashboardSpec:
    """Raises SettingRefusedError for what is no dashboard."""
    try:
        return msgspec.convert(content, DashboardSpec).checked()
    except msgspec.ValidationError as error:
        raise SettingRefusedError(f"that is no dashboard: {error}") from error


def dashboard_of_rooms(rooms: tuple[str, ...], title: str | None = None) -> DashboardSpec:
    """One panel for each room, that chooses by the data."""
    return DashboardSpec(tuple((PanelSpec("auto", (room,)),) for room in rooms), title).checked()
