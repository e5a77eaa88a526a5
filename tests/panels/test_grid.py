from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from livedash.client.process import Process
from livedash.errors import NameRefusedError, SettingRefusedError
from livedash.panels.grid import dashboard_of_file, dashboard_spec
from livedash.panels.kinds import panel_spec
from livedash.panels.panel import Panel
from livedash.wire.specs import DashboardSpec

A, B, C = (panel_spec("line", room) for room in ("a", "b", "c"))


def rooms(spec: DashboardSpec) -> list[list[str]]:
    return [[panel.rooms[0] for panel in row] for row in spec.rows]


def test_rows_of_panels_are_a_grid() -> None:
    spec = dashboard_spec([[A, B], [C]], "all")
    assert (rooms(spec), spec.title) == ([["a", "b"], ["c"]], "all")


@pytest.mark.parametrize("what", ["abc", A])
def test_one_name_or_panel_is_a_dashboard_of_one(what: Any) -> None:
    assert len(dashboard_spec(what).rows) == 1


def test_flat_list_gives_each_of_its_panels_a_row() -> None:
    assert rooms(dashboard_spec([A, "long_name", [B, C]])) == [["a"], ["long_name"], ["b", "c"]]


def test_panel_of_several_rows_gives_its_panels_side_by_side(process: Process) -> None:
    inner = Panel(dashboard_spec([[A], [B]]), process)
    assert rooms(dashboard_spec([[inner, C]])) == [["a", "b", "c"]]


def test_panel_keeps_its_title_unless_another_is_given(process: Process) -> None:
    panel = Panel(dashboard_spec([[A]], "first"), process)
    assert dashboard_spec(panel).title == "first"
    assert dashboard_spec(panel, "second").title == "second"


@pytest.mark.parametrize("what", [3, [3], [[3]], [], [[]], None])
def test_what_can_not_be_shown_is_refused(what: Any) -> None:
    with pytest.raises(SettingRefusedError):
        dashboard_spec(what)


def test_name_that_no_room_can_have_is_refused() -> None:
    with pytest.raises(NameRefusedError):
        dashboard_spec([["no spaces"]])


def test_saved_dashboard_is_read_again(process: Process, tmp_path: Path) -> None:
    panel = Panel(dashboard_spec([[A, B], [C]], "all"), process)
    assert dashboard_of_file(panel.save(tmp_path / "all.json")) == panel.spec


@pytest.mark.parametrize("content", [None, b"no json", b'{"rows": [[{"kind": "cake", "rooms": ["a"]}]]}', b"{}"])
def test_file_that_is_no_dashboard_is_refused(tmp_path: Path, content: bytes | None) -> None:
    path = tmp_path / "some.json"
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(SettingRefusedError, match="dashboard"):
        dashboard_of_file(path)
