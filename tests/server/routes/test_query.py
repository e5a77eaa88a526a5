from __future__ import annotations

import pytest

from livedash.errors import SettingRefusedError
from livedash.server.routes.query import number, whole_number


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("0", 0.0),
        ("1.5", 1.5),
        ("-2", -2.0),
        (".5", 0.5),
        ("5.", 5.0),
        ("1e3", 1000.0),
        ("1E-2", 0.01),
        ("2e+1", 20.0),
        ("0.30000000000000004", 0.1 + 0.2),
    ],
)
def test_numbers_are_read_as_browsers_and_python_write_them(text: str, value: float) -> None:
    assert number(text, "max_hz") == value


@pytest.mark.parametrize(("text", "value"), [("0", 0), ("17", 17), ("-3", -3), ("007", 7)])
def test_whole_numbers_are_read(text: str, value: int) -> None:
    assert whole_number(text, "limit") == value


def test_nothing_is_none() -> None:
    assert number("", "max_hz") is None
    assert whole_number("", "limit") is None


@pytest.mark.parametrize(
    "text",
    ["nan", "inf", "-Infinity", "1_000", "٣", "²", "0x1", "1e400", "9" * 5000, " 1", "1\n", "-", ".", "e1", "--1"],
)
def test_what_is_no_number_is_refused_by_name_whatever_python_would_make_of_it(text: str) -> None:
    for read in (number, whole_number):
        with pytest.raises(SettingRefusedError, match=r"max_hz=.* is no (whole )?number"):
            read(text, "max_hz")


def test_a_long_text_is_not_repeated_in_full() -> None:
    with pytest.raises(SettingRefusedError) as caught:
        number("9" * 5000, "max_hz")
    assert len(caught.value.message) < 60


def test_a_part_is_no_whole_number() -> None:
    with pytest.raises(SettingRefusedError, match=r"window='1.5' is no whole number"):
        whole_number("1.5", "window")
