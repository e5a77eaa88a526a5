from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from livedash import limits
from livedash.errors import CursorRefusedError
from livedash.wire.position import MAX_OFFSET, START, Cursor, Position, is_epoch

ROOM = st.from_regex(r"[A-Za-z0-9_-]{1,8}(\.[A-Za-z0-9_-]{1,8}){0,2}", fullmatch=True).filter(
    lambda name: name not in ("open", "error", "message") and not name.startswith("livedash")
)
POSITION = st.builds(Position, st.from_regex(r"[a-z0-9]{1,16}", fullmatch=True), st.integers(0, MAX_OFFSET))


@given(st.dictionaries(ROOM, POSITION, min_size=1, max_size=5))
def test_a_cursor_is_read_as_it_was_written(positions: dict[str, Position]) -> None:
    assert Cursor.parse(str(Cursor(positions))).positions == positions


def test_a_cursor_looks_as_documented() -> None:
    assert str(Cursor({"train": Position("k3x9", 41), "lab3.door": START})) == "train:k3x9-41,lab3.door:0-0"


@pytest.mark.parametrize(
    "text",
    [
        "", ",", "train", "train:", "train:k3x9", "train:k3x9-", "train:-41", "train:k3x9-x", "train:k3x9--1",
        "train:K3X9-1", "train:k3x9-1 ", " train:k3x9-1", "train:k3x9-1,", "train:k3x9-1\n", "train:k3x9-1\r\nid: 7",
        "train:k3x9-٣", "a b:k3x9-1", "../x:k3x9-1", "*:k3x9-1", "livedash.x:k3x9-1", "open:k3x9-1",
        "train:" + "e" * 17 + "-1", "train:k3x9-9007199254740992", "train:k3x9-" + "9" * 30, "train:k3x9-1\0", "größe:e-1",
    ],
)  # fmt: skip
def test_what_is_no_cursor_is_refused(text: str) -> None:
    with pytest.raises(CursorRefusedError):
        Cursor.parse(text)


@given(st.text("ab:,-019kx.*\n", max_size=30))
def test_any_text_is_a_cursor_or_refused(text: str) -> None:
    try:
        cursor = Cursor.parse(text)
    except CursorRefusedError:
        return
    assert Cursor.parse(str(cursor)) == cursor


def test_a_cursor_beyond_its_bound_is_refused_before_it_is_read() -> None:
    with pytest.raises(CursorRefusedError, match="4096 bytes at most"):
        Cursor.parse(",".join(f"room{number}:k3x9-1" for number in range(1000)))
    assert len(Cursor.parse(",".join(f"r{number}:e-1" for number in range(400))).positions) == 400
    assert limits.CURSOR_BYTES == 4096


def test_the_largest_offset_is_one_that_browsers_can_count() -> None:
    assert Cursor.parse(f"a:e-{2**53 - 1}").positions["a"].offset == 2**53 - 1


def test_a_position_exists_once_its_room_does() -> None:
    assert not START.exists
    assert Position("k3x9", 0).exists
    assert str(START) == "0-0"


@pytest.mark.parametrize(
    ("text", "is_one"),
    [("k3x9", True), ("0", True), ("a" * 16, True), ("", False), ("A", False), ("a" * 17, False), ("a\n", False)],
)
def test_epochs_are_up_to_16_small_letters_and_digits(text: str, is_one: bool) -> None:
    assert is_epoch(text) is is_one
