from __future__ import annotations

import builtins
import csv
import io
import json
from typing import Any

import msgspec
import pyarrow
import pyarrow.ipc
import pyarrow.parquet
import pytest

from livedash import limits
from livedash.core.page import Page
from livedash.errors import MissingExtraError
from livedash.server.history_formats import COLUMNS_TYPE, FORMATS, TIME_FIELD
from livedash.wire.batch import EMPTY, Batch
from livedash.wire.codec import batch_of_wire
from livedash.wire.messages import WireColumn
from livedash.wire.position import Position
from livedash.wire.values import plain_record

ROWS = [{"n": 1, "loss": 0.5, "tag": "a"}, {"n": 2, "loss": None}]


def page(*records: dict[str, Any]) -> Page:
    plain = [plain_record(record) for record in records]
    batch = Batch.from_records(plain, [10 + row for row in range(len(records))]) if records else EMPTY
    return Page("train", Position("k3x9", len(records)), 1, batch)


def body(name: str, *records: dict[str, Any], with_time: bool = False) -> bytes:
    return FORMATS[name](page(*records), with_time)[1]


def cells(*records: dict[str, Any], with_time: bool = False) -> list[list[str]]:
    return list(csv.reader(io.StringIO(body("csv", *records, with_time=with_time).decode())))


@pytest.mark.parametrize(
    ("name", "content_type"),
    [
        ("json", "application/json; charset=utf-8"),
        ("ndjson", "application/x-ndjson; charset=utf-8"),
        ("csv", "text/csv; charset=utf-8"),
        ("columns", COLUMNS_TYPE),
        ("arrow", "application/vnd.apache.arrow.stream"),
        ("parquet", "application/vnd.apache.parquet"),
    ],
)
def test_each_format_says_what_it_is_also_of_nothing(name: str, content_type: str) -> None:
    assert FORMATS[name](page(*ROWS), True)[0] == content_type
    assert FORMATS[name](page(), True)[0] == content_type


def test_json_is_an_array_of_what_was_pushed() -> None:
    assert json.loads(body("json", *ROWS)) == ROWS
    assert body("json") == b"[]"


def test_ndjson_is_a_line_for_each_record() -> None:
    assert [json.loads(line) for line in body("ndjson", *ROWS).splitlines()] == ROWS
    assert body("ndjson") == b""


@pytest.mark.parametrize("name", ["json", "ndjson", "csv"])
def test_times_are_a_field_of_their_own(name: str) -> None:
    text = body(name, *ROWS, with_time=True).decode()
    assert f"{TIME_FIELD}" in text
    assert "11" in text
    assert TIME_FIELD not in body(name, *ROWS).decode()


def test_not_a_number_is_null_in_json() -> None:
    assert json.loads(body("json", {"loss": float("nan")})) == [{"loss": None}]


def test_csv_has_all_fields_in_the_order_in_which_they_appeared() -> None:
    assert cells({"b": 1}, {"a": 2, "b": 3}) == [["b", "a"], ["1", ""], ["3", "2"]]
    assert cells({"b": 1}, with_time=True) == [["b", TIME_FIELD], ["1", "10"]]


@pytest.mark.parametrize(
    ("value", "cell"),
    [
        (None, ""),
        (float("nan"), ""),
        (True, "true"),
        (0.5, "0.5"),
        (2**60, str(2**60)),
        ([1, "a"], '[1,"a"]'),
        ({"a": None}, '{"a":null}'),
        ("a,b\n'c\"", "a,b\n'c\""),
        ("=1+2", "'=1+2"),
        ("+cmd", "'+cmd"),
        ("-cmd", "'-cmd"),
        ("@SUM(A1)", "'@SUM(A1)"),
        ("\t=1", "'\t=1"),
        ("-1.5", "-1.5"),
        ("+1e3", "+1e3"),
        ("", ""),
    ],
)
def test_a_cell_is_what_a_spreadsheet_reads_and_does_not_run(value: Any, cell: str) -> None:
    assert cells({"x": value, "y": 1})[1] == [cell, "1"]


def test_a_fields_name_is_not_run_either() -> None:
    assert cells({"=HYPERLINK(1)": 1})[0] == ["'=HYPERLINK(1)"]


def test_columns_lose_nothing_of_types_and_times() -> None:
    content = msgspec.msgpack.decode(body("columns", *ROWS))
    columns = msgspec.convert(content["columns"], dict[str, WireColumn])
    batch = batch_of_wire(content["count"], content["times"], columns)
    assert (content["room"], content["epoch"], content["offset"]) == ("train", "k3x9", 2)
    assert (batch.records()[0], batch.times_us()) == (ROWS[0], [10, 11])


@pytest.mark.parametrize("with_time", [False, True])
def test_arrow_and_parquet_are_tables(with_time: bool) -> None:
    streamed = pyarrow.ipc.open_stream(body("arrow", *ROWS, with_time=with_time)).read_all()
    parquet = pyarrow.parquet.read_table(io.BytesIO(body("parquet", *ROWS, with_time=with_time)))
    for table in (streamed, parquet):
        assert table.column("n").to_pylist() == [1, 2]
        assert table.column("tag").to_pylist() == ["a", None]
        assert table.column_names[-1:] == ([TIME_FIELD] if with_time else ["tag"])
    if with_time:
        assert parquet.column(TIME_FIELD).to_pylist() == [10, 11]


def test_a_table_of_nothing_has_no_rows() -> None:
    assert pyarrow.ipc.open_stream(body("arrow", with_time=True)).read_all().num_rows == 0


@pytest.mark.parametrize("name", ["arrow", "parquet"])
def test_a_server_without_pyarrow_gives_the_command_that_installs_it(
    name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    found = builtins.__import__

    def no_pyarrow(module: str, *rest: Any) -> Any:
        if module.startswith("pyarrow"):
            raise ImportError(module)
        return found(module, *rest)

    monkeypatch.setattr(builtins, "__import__", no_pyarrow)
    with pytest.raises(MissingExtraError, match=rf'format={name} .*pip install "livedash\[arrow\]"'):
        body(name, *ROWS)


def test_fields_that_arrow_has_no_type_for_are_json() -> None:
    rows = ({"n": 1, "mixed": 7, "nothing": {}}, {"n": 2, "mixed": "x", "nothing": {}}, {"n": 3})
    streamed = pyarrow.ipc.open_stream(body("arrow", *rows)).read_all()
    parquet = pyarrow.parquet.read_table(io.BytesIO(body("parquet", *rows)))
    for table in (streamed, parquet):
        assert table.column("n").to_pylist() == [1, 2, 3]
        assert table.column("mixed").to_pylist() == ["7", '"x"', None]
    assert parquet.column("nothing").to_pylist() == ["{}", "{}", None]


@pytest.mark.parametrize("count", [0, 1, 3, 4, 5, 9])
def test_json_is_one_array_however_many_parts_it_is_made_of(count: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(limits, "READ_AT_ONCE_RECORDS", 4)
    rows = [{"n": number} for number in range(count)]
    assert json.loads(body("json", *rows)) == rows
