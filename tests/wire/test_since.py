from __future__ import annotations

import pytest

from livedash import limits
from livedash.errors import SettingRefusedError
from livedash.wire.position import START, Position
from livedash.wire.since import After, BadCursor, Earliest, Last, Now, Since, Snapshot, parse_since, since_of_cursor


@pytest.mark.parametrize(
    ("text", "since"),
    [
        ("now", Now()),
        ("earliest", Earliest()),
        ("snapshot", Snapshot()),
        ("-1", Last(1)),
        ("-100", Last(100)),
        ("-0", Last(0)),
        ("-9999999", Last(limits.READ_LIMIT_MAX)),
        ("train:k3x9-41", After(Position("k3x9", 41))),
        ("other:a-1,train:k3x9-41", After(Position("k3x9", 41))),
        ("train:0-0", After(START)),
    ],
)
def test_where_to_start_is_said_by_a_word_a_count_or_a_cursor(text: str, since: Since) -> None:
    assert parse_since(text, "train") == since


def test_a_room_that_the_cursor_does_not_name_is_new_to_the_reader() -> None:
    assert parse_since("other:k3x9-41", "train") == Snapshot()


@pytest.mark.parametrize("text", ["", "yesterday", "Now", "100", "-", "--1", "-1.5", "-99999999", "-٣", "now ", "null"])
def test_what_is_neither_is_refused_with_what_can_be_said(text: str) -> None:
    with pytest.raises(SettingRefusedError, match="use 'now', 'earliest', 'snapshot', '-100'"):
        parse_since(text, "train")


@pytest.mark.parametrize("text", ["train:k3x9", "train:K-1", "train:k3x9-41,", ":", ",", "a" * 5000 + ":e-1"])
def test_a_broken_cursor_is_told_in_band_and_never_refused(text: str) -> None:
    assert parse_since(text, "train") == BadCursor()


@pytest.mark.parametrize("text", ["now", "", "42", "garbage"])
def test_whatever_a_client_stored_as_its_last_id_is_a_cursor_or_a_bad_one(text: str) -> None:
    assert since_of_cursor(text, "train") == BadCursor()
