from __future__ import annotations

import datetime as dt
import math
from typing import Any

import pytest

from livedash.cli.stdin_records import TextFormat, cell_value, records_of_lines
from livedash.errors import ValueRefusedError


def csv(*lines: str) -> list[dict[str, Any]]:
    return list(records_of_lines((line + "\r\n" for line in lines), TextFormat.CSV))


def ndjson(*lines: str) -> list[dict[str, Any]]:
    return list(records_of_lines((line + "\n" for line in lines), TextFormat.NDJSON))


def test_each_line_of_ndjson_is_a_record_and_empty_ones_are_none() -> None:
    assert ndjson('{"a": 1}', "", '  {"b": [1, {"c": null}]} ') == [{"a": 1}, {"b": [1, {"c": None}]}]
    assert ndjson() == []


@pytest.mark.parametrize(
    ("lines", "words"),
    [
        (('{"a": 1}', "a,b"), "line 2 is no JSON .*--format csv"),
        (("[1]",), "line 1 is no JSON object, but a list"),
        (('{"a": NaN}',), "line 1 is no JSON"),
    ],
)
def test_line_that_is_no_object_is_refused_with_its_number(lines: tuple[str, ...], words: str) -> None:
    with pytest.raises(ValueRefusedError, match=words):
        ndjson(*lines)


def test_records_before_a_bad_line_are_given() -> None:
    records = records_of_lines(['{"a": 1}', "oops"], TextFormat.NDJSON)
    assert next(records) == {"a": 1}
    with pytest.raises(ValueRefusedError):
        next(records)


def test_header_of_a_csv_names_the_fields() -> None:
    assert csv("\ufeffstep, loss ,note", '1,0.5,"a ""quoted"", text"', "", "2,,") == [
        {"step": 1, "loss": 0.5, "note": 'a "quoted", text'},
        {"step": 2, "loss": None, "note": None},
    ]
    assert csv() == csv("only,a,header") == []


@pytest.mark.parametrize(
    ("lines", "words"),
    [
        (("a,b", "1,2,3"), "line 2 has 3 cells, and the header 2: a, b"),
        (("a,b", "1"), "line 2 has 1 cells"),
        (("a,a", "1,2"), "names the field 'a' twice"),
        (("a,,b", "1,2,3"), "no name for column 2"),
        (("a,b", '1,"open'), "no CSV"),
    ],
)
def test_line_that_does_not_fit_its_header_is_refused(lines: tuple[str, ...], words: str) -> None:
    with pytest.raises(ValueRefusedError, match=words):
        csv(*lines)


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("12", 12),
        (" -3 ", -3),
        ("0", 0),
        ("9223372036854775808", 2**63),
        ("1.5", 1.5),
        (".5", 0.5),
        ("-1e3", -1000.0),
        ("0.25", 0.25),
        ("true", True),
        ("False", False),
        ("", None),
        ("  ", None),
        ("2026-01-02T03:04:05Z", dt.datetime(2026, 1, 2, 3, 4, 5, tzinfo=dt.UTC)),
        ("2026-01-02 03:04:05.5+01:00", dt.datetime.fromisoformat("2026-01-02T03:04:05.5+01:00")),
    ],
)
def test_cell_that_is_a_number_a_truth_or_a_time_becomes_one(text: str, value: Any) -> None:
    assert (cell_value(text), type(cell_value(text))) == (value, type(value))


def test_nan_is_a_number() -> None:
    assert math.isnan(cell_value("NaN"))


@pytest.mark.parametrize(
    "text", ["007", "1_000", "1,5", "infinity", "0x10", "2026-01-02", "2026-13-40T99:99", "a b ", "+", "１２"]
)
def test_other_cells_stay_the_texts_that_they_are(text: str) -> None:
    assert cell_value(text) == text
