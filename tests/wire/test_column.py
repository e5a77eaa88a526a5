from __future__ import annotations

import math
import sys
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from livedash.errors import ProtocolError
from livedash.wire.column import NAT, NULL_CODE, Column, item_bytes, pack, unpack

FLOATS = Column("f8", pack("d", [0.5, math.nan, 2.5]), absent=(1, 4))  # rows 0, 2, 3 of 5
SIDES = Column("str", pack("i", [1, NULL_CODE, 0]), categories=("buy", "sell"))


def test_packed_values_are_little_endian_and_as_wide_as_told() -> None:
    assert pack("q", [1, -2]) == (1).to_bytes(8, "little") + (-2).to_bytes(8, "little", signed=True)
    assert [item_bytes(code) for code in "dqiB"] == [8, 8, 4, 1]
    assert unpack("i", pack("i", [NULL_CODE, 7])) == [-1, 7]


def test_a_column_counts_the_rows_that_have_the_field() -> None:
    assert FLOATS.present == 3
    assert SIDES.present == 3
    assert Column("json", [None, {}]).present == 2


def test_values_come_out_as_python_has_them() -> None:
    assert FLOATS.python_values()[::2] == [0.5, 2.5]
    assert SIDES.python_values() == ["sell", None, "buy"]
    assert Column("bool", bytes([0, 1, 7])).python_values() == [False, True, True]
    assert Column("time", pack("q", [NAT, 1]), unit="s").python_values() == [None, "1970-01-01T00:00:01"]


def cells(column: Column, count: int) -> list[Any]:
    """A value for each row, Ellipsis where it is absent."""
    values = iter(column.python_values())
    return [... if row in column.absent else next(values) for row in range(count)]


@st.composite
def columns(draw: st.DrawFn) -> tuple[Column, int]:
    count = draw(st.integers(1, 12))
    absent = tuple(row for row in range(count) if draw(st.booleans()))
    present = count - len(absent)
    kind = draw(st.sampled_from(["f8", "i8", "bool", "str", "time", "json", "categories"]))
    if kind == "str":
        return Column(
            "str", draw(st.lists(st.text(max_size=3) | st.none(), min_size=present, max_size=present)), absent
        ), count
    if kind == "json":
        return Column(
            "json", draw(st.lists(st.integers() | st.none(), min_size=present, max_size=present)), absent
        ), count
    numbers = draw(st.lists(st.integers(0, 1), min_size=present, max_size=present))
    if kind == "categories":
        return Column("str", pack("i", numbers), absent, categories=("a", "b")), count
    code = {"f8": "d", "i8": "q", "bool": "B", "time": "q"}[kind]
    return Column(kind, pack(code, numbers), absent, unit="ns" if kind == "time" else None), count  # type: ignore[arg-type]


@given(columns(), st.data())
def test_a_slice_has_the_cells_of_its_rows(made: tuple[Column, int], data: st.DataObject) -> None:
    column, count = made
    start = data.draw(st.integers(0, count - 1))
    stop = data.draw(st.integers(start + 1, count))
    assert cells(column.slice(start, stop).checked(stop - start), stop - start) == cells(column, count)[start:stop]


@given(columns(), st.data())
def test_taking_rows_has_their_cells_in_their_order(made: tuple[Column, int], data: st.DataObject) -> None:
    column, count = made
    rows = data.draw(st.lists(st.integers(0, count - 1), max_size=10))
    assert cells(column.take(rows).checked(len(rows)), len(rows)) == [cells(column, count)[row] for row in rows]


@pytest.mark.parametrize(
    ("column", "complaint"),
    [
        (Column("u8", pack("q", [1, 2])), "type 'u8' is not known"),  # type: ignore[arg-type]
        (Column("f8", [1.0, 2.0]), "wrong form"),
        (Column("f8", b"1234567"), "wrong form"),
        (Column("str", b"ab"), "wrong form"),
        (Column("json", b"ab"), "wrong form"),
        (Column("f8", pack("d", [1.0])), "2 rows has 1 values and 0 absent"),
        (Column("f8", pack("d", [1.0]), absent=(2,)), "not ascending row numbers"),
        (Column("f8", pack("d", [1.0]), absent=(-1,)), "not ascending row numbers"),
        (Column("f8", b"", absent=(1, 0)), "not ascending row numbers"),
        (Column("f8", b"", absent=(0, 0)), "not ascending row numbers"),
        (Column("time", pack("q", [1, 2]), unit="h"), "unit is one of s, ms, us, ns"),
        (Column("str", ["a", 1]), "something else than texts"),
        (Column("str", pack("i", [0, 2]), categories=("a", "b")), "outside of its categories"),
        (Column("str", pack("i", [0, -2]), categories=("a", "b")), "outside of its categories"),
        (Column("f8", pack("i", [0, 0]), categories=("a",)), "outside of its categories"),
    ],
)
def test_what_does_not_fit_its_rows_is_refused(column: Column, complaint: str) -> None:
    with pytest.raises(ProtocolError, match=complaint):
        column.checked(2)


def test_the_price_of_a_column_is_about_what_it_takes_in_memory() -> None:
    """A bound in bytes that counts a nested megabyte as nine bytes is no bound."""
    texts = ["x" * 1000 + str(number) for number in range(100)]
    held = sum(map(sys.getsizeof, texts))
    for values in (
        texts,
        [{"image": text} for text in texts],
        [[text] for text in texts],
        [{"a": {"b": text}} for text in texts],
    ):
        assert 0.8 * held < Column("json", values).nbytes < 2 * held
    assert 0.8 * held < Column("str", texts).nbytes < 2 * held
    assert Column("f8", pack("d", [0.0] * 100)).nbytes == 800
    assert Column("f8", b"", absent=tuple(range(1000))).nbytes >= 8000
    assert Column("str", pack("i", [0]), categories=("x" * 1000,)).nbytes > 1000
