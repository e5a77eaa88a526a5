from __future__ import annotations

import math

import pytest

from livedash.errors import SettingRefusedError
from livedash.sharing.duration import duration_s


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("90s", 90),
        ("30m", 1800),
        ("8h", 28_800),
        ("7d", 604_800),
        ("2w", 1_209_600),
        ("1h30m", 5400),
        ("1.5h", 5400),
        (" 8 H ", 28_800),
        (45, 45),
        (0.5, 0.5),
    ],
)
def test_a_duration_is_read_in_seconds(text: str | float, seconds: float) -> None:
    assert duration_s(text) == seconds


@pytest.mark.parametrize("text", ["", "8", "h", "8 hours", "-8h", "8h!", "٨h", "1e9h", "h8", "8h-", "9" * 10 + "s"])
def test_other_text_is_refused_with_examples_of_what_to_write(text: str) -> None:
    with pytest.raises(SettingRefusedError, match=r"write '90s', '30m', '8h'"):
        duration_s(text)


@pytest.mark.parametrize("nothing", ["0s", "0h0m", 0, -1, math.nan, math.inf])
def test_a_duration_is_longer_than_nothing_and_ends(nothing: str | float) -> None:
    with pytest.raises(SettingRefusedError, match="longer than 0 s"):
        duration_s(nothing)
