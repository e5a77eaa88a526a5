from __future__ import annotations

import contextlib
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from livedash import limits
from livedash.errors import LivedashError, NameRefusedError, SettingRefusedError
from livedash.wire.specs import DashboardSpec, PanelSpec, dashboard_of_json, dashboard_of_rooms


def content(**changes: Any) -> dict[str, Any]:
    return {"version": 1, "rows": [[{"kind": "line", "rooms": ["train"], **changes}]]}


def test_a_dashboard_is_read_as_it_was_written() -> None:
    spec = DashboardSpec(
        ((PanelSpec("line", ("train",), ("loss",), "step", 500, "Loss", 240), PanelSpec("table", ("prices.*",))),),
        "Training",
    )
    assert dashboard_of_json(msgspec.json.decode(msgspec.json.encode(spec))) == spec
    assert spec.rooms == ("train", "prices.*")


def test_what_is_left_out_has_its_default() -> None:
    panel = dashboard_of_json(content()).rows[0][0]
    assert panel == PanelSpec("line", ("train",))
    assert panel.window == limits.SNAPSHOT_RECORDS


def test_each_room_has_a_panel_that_chooses_by_the_data() -> None:
    spec = dashboard_of_rooms(("train", "prices.*"), "Both")
    assert [[panel.kind for panel in row] for row in spec.rows] == [["auto"], ["auto"]]
    assert spec.rooms == ("train", "prices.*")


@pytest.mark.parametrize(
    ("broken", "complaint"),
    [
        (None, "no dashboard"),
        ([], "no dashboard"),
        ({}, "no dashboard"),
        ({"version": 2, "rows": [[{"kind": "line", "rooms": ["train"]}]]}, "no dashboard"),
        ({"rows": []}, "1 to 100 panels"),
        ({"rows": [[]]}, "1 to 100 panels"),
        ({"rows": [[{"kind": "line", "rooms": ["train"]}] * 101]}, "1 to 100 panels"),
        (content(kind="script"), "no dashboard"),
        (content(rooms=[]), "one room at least"),
        (content(rooms="train"), "no dashboard"),
        (content(window=0), "window=0 is out of range"),
        (content(window=10**9), "is out of range"),
        (content(height=0), "height=0 is out of range"),
        (content(height=10**6), "is out of range"),
        (content(onclick="alert(1)"), "no dashboard"),
        (content(title=5), "no dashboard"),
    ],
)
def test_what_is_no_dashboard_is_refused(broken: Any, complaint: str) -> None:
    with pytest.raises(SettingRefusedError, match=complaint):
        dashboard_of_json(broken)


@pytest.mark.parametrize("room", ["", "a b", "../x", "<b>", "livedash.x"])
def test_a_panel_of_what_can_be_no_room_is_refused(room: str) -> None:
    with pytest.raises(NameRefusedError):
        dashboard_of_json(content(rooms=["train", room]))


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=4),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(["rows", "kind", "rooms", "title", "x"]), inner)
    ),
    max_leaves=8,
)


@given(JSON)
def test_any_content_is_a_dashboard_or_refused_by_our_own_error(hostile: Any) -> None:
    with contextlib.suppress(LivedashError):
        dashboard_of_json(hostile)
