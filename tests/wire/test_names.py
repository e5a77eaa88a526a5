from __future__ import annotations

import re
import time
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from livedash import limits
from livedash.errors import NameRefusedError
from livedash.wire import names

ROOM = st.from_regex(r"[A-Za-z0-9_-]{1,6}(\.[A-Za-z0-9_-]{1,6}){0,3}", fullmatch=True)
GLOB = st.text("ab.*", min_size=1, max_size=12)


@pytest.mark.parametrize(
    "name", ["train", "lab3.furnace.temp", "a-b_c", "0", "-", "open.air", "livedashboard", "x" * 128]
)
def test_segments_joined_by_single_dots_name_a_room(name: str) -> None:
    assert names.checked_room(name) == name


@pytest.mark.parametrize(
    "name",
    [
        "", ".", "a.", ".a", "a..b", "a b", "a/b", "../etc", "a\n", "\na", "a\0", "größe", "٣", "a:b", "a,b",
        "a*", "*", "a\u202eb", "<script>", "x" * 129,
    ],
)  # fmt: skip
def test_hostile_and_broken_names_are_refused_with_an_example(name: str) -> None:
    with pytest.raises(NameRefusedError, match=r"such as 'train'|characters at most"):
        names.checked_room(name)


@pytest.mark.parametrize("name", ["livedash", "livedash.status", "open", "error", "message"])
def test_names_that_are_events_of_a_stream_are_reserved(name: str) -> None:
    with pytest.raises(NameRefusedError, match="reserved"):
        names.checked_room(name)


@pytest.mark.parametrize("name", [None, 5, b"train", ["train"], {"a": 1}])
def test_what_is_no_text_is_refused_by_our_own_error(name: Any) -> None:
    with pytest.raises(NameRefusedError, match="is a text, not"):
        names.checked_room(name)
    with pytest.raises(NameRefusedError, match="is a text, not"):
        names.checked_glob(name)


def test_a_refused_name_is_a_value_error_too() -> None:
    with pytest.raises(ValueError, match="can't be a room's name"):
        names.checked_room("a b")


@pytest.mark.parametrize("glob", ["*", "lab3.*", "*.temp", "a*b", "*.*", "train"])
def test_globs_and_names_can_be_read(glob: str) -> None:
    assert names.checked_glob(glob) == glob


@pytest.mark.parametrize("glob", ["a..*", "*/x", "*\n", "a b*", "**?", "." * 3 + "*", "*" * 129, "open"])
def test_broken_globs_are_refused(glob: str) -> None:
    with pytest.raises(NameRefusedError):
        names.checked_glob(glob)


def test_a_star_matches_dots_too() -> None:
    assert names.matches("lab3.*", "lab3.furnace.temp")
    assert names.matches("*", "lab3.furnace.temp")
    assert not names.matches("lab3.*", "lab3")
    assert not names.matches("lab3.*", "lab30.x")
    assert not names.matches("lab3", "lab3.x")


def test_parts_of_a_glob_do_not_share_characters() -> None:
    assert not names.matches("ab*ba", "aba")
    assert not names.matches("a*a*a", "aa")
    assert names.matches("a*a*a", "aaa")


@given(GLOB, st.text("ab.", max_size=14))
def test_a_glob_matches_what_the_regular_expression_of_it_matches(glob: str, room: str) -> None:
    pattern = ".*".join(map(re.escape, glob.split("*")))
    assert names.matches(glob, room) == (re.fullmatch(pattern, room) is not None)


def test_a_glob_made_to_backtrack_is_answered_at_once() -> None:
    glob, room = "*a" * 60 + "*b", "a" * limits.ROOM_NAME_CHARACTERS
    begun_s = time.process_time()
    assert not names.matches(glob, room)
    assert time.process_time() - begun_s < 0.1


@given(GLOB, GLOB, ROOM | st.text("ab.", max_size=8))
def test_a_grant_never_covers_a_glob_that_reads_a_room_beyond_it(allowed: str, asked: str, room: str) -> None:
    if names.covers(allowed, asked) and names.matches(asked, room):
        assert names.matches(allowed, room)


def test_a_grant_covers_narrower_globs_and_no_wider_ones() -> None:
    assert names.covers("lab3.*", "lab3.furnace.*")
    assert names.covers("*", "a*b*c")
    assert not names.covers("lab3.*", "lab*")
    assert not names.covers("a*b", "a*")
    assert not names.covers("train", "*")
