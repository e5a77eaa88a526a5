from __future__ import annotations

import datetime as dt
from typing import Any

import msgspec
import numpy as np
import plotly.graph_objects as go
import pytest

from livedash.errors import NameRefusedError, SettingRefusedError, ValueRefusedError
from livedash.panels.kinds import figure_spec, panel_spec, plotly_json

BOUND = {0: {"room": "train", "x": "step", "y": "loss"}}


def test_one_room_and_one_field_are_texts_and_several_are_lists() -> None:
    spec = panel_spec("line", "train", "loss")
    assert (spec.rooms, spec.fields) == (("train",), ("loss",))
    spec = panel_spec("line", ["train", "lab3.*"], ["loss", "accuracy"], x="time")
    assert (spec.rooms, spec.fields, spec.x) == (("train", "lab3.*"), ("loss", "accuracy"), "time")


def test_fields_are_chosen_by_the_data_unless_they_are_given() -> None:
    assert panel_spec("table", "train").fields is None


def test_name_that_no_room_can_have_is_refused() -> None:
    with pytest.raises(NameRefusedError, match="can't be"):
        panel_spec("line", "no spaces")


@pytest.mark.parametrize("options", [{"rooms": [1]}, {"fields": [None]}, {"window": "all"}, {"window": True}])
def test_option_of_the_wrong_kind_is_refused_with_its_value(options: dict[str, Any]) -> None:
    with pytest.raises(SettingRefusedError):
        panel_spec("line", **{"rooms": "train", **options})


def test_figure_s_traces_are_bound_by_their_numbers() -> None:
    spec = figure_spec(go.Figure([go.Scatter(), go.Bar(y=[1])]), BOUND, title="loss", window=500, height=200)
    assert (spec.kind, spec.rooms, spec.window, spec.height) == ("figure", ("train",), 500, 200)
    assert spec.figure is not None
    assert [trace.get("livedash") for trace in spec.figure["data"]] == [BOUND[0], None]


def test_trace_may_bring_its_binding_in_its_meta() -> None:
    trace = go.Scatter(meta={"livedash": {"room": "lab3.temp", "y": "celsius"}})
    spec = figure_spec(go.Figure([trace, trace]))
    assert spec.rooms == ("lab3.temp",)
    assert spec.figure is not None
    assert spec.figure["data"][1]["livedash"] == {"room": "lab3.temp", "y": "celsius"}


def test_figure_s_arrays_times_and_nan_become_plain_json_and_its_template_stays_out() -> None:
    figure = go.Figure(go.Scatter(x=[dt.date(2026, 1, 2)], y=np.array([np.nan])), layout={"title": "t"})
    content = plotly_json(figure)
    assert msgspec.json.decode(msgspec.json.encode(content)) == content
    assert content["data"][0]["x"] == ["2026-01-02"]
    assert "template" not in content["layout"]


def test_figure_may_be_a_dict() -> None:
    content = plotly_json({"data": [{"type": "scatter", "y": np.arange(2)}], "layout": {"height": 3}})
    assert content == {"data": [{"type": "scatter", "y": [0, 1]}], "layout": {"height": 3}}
    assert plotly_json({}) == {"data": [], "layout": {}}


@pytest.mark.parametrize(
    ("bind", "words"),
    [
        (None, "no trace of the figure is bound"),
        ({1: BOUND[0]}, "the figure has 1 traces"),
        ({-1: BOUND[0]}, "the figure has 1 traces"),
        ({0: {"y": "loss"}}, "names a room"),
        ({0: {"room": "train"}}, "names a room"),
        ({0: {"room": "train", "y": 1}}, "attribute paths"),
    ],
)
def test_binding_that_binds_nothing_is_refused_and_says_why(bind: Any, words: str) -> None:
    with pytest.raises(SettingRefusedError, match=words):
        figure_spec(go.Figure(go.Scatter()), bind)


def test_what_is_no_figure_is_refused() -> None:
    with pytest.raises(ValueRefusedError, match="plotly figure"):
        figure_spec(42)
