from __future__ import annotations

import math

import pytest

from livedash import limits
from livedash.errors import NameRefusedError, SettingRefusedError, TooLargeError
from livedash.sharing.link import Link, checked_expiry, checked_label, checked_rooms
from livedash.wire.specs import dashboard_of_rooms


def link(*rooms: str) -> Link:
    return Link("l1", rooms, created_at_s=0.0, expires_at_s=100.0)


def test_a_link_covers_its_rooms_and_what_its_globs_cover_and_nothing_else() -> None:
    shared = link("train", "prices.*")
    assert shared.covers("train")
    assert shared.covers("prices.eur.spot")
    assert shared.covers("prices.eur.*")
    assert not shared.covers("prices")
    assert not shared.covers("train2")
    assert not shared.covers("*")


def test_a_link_is_expired_from_its_very_second_on() -> None:
    assert not link("a").is_expired(99.999)
    assert link("a").is_expired(100.0)


def test_each_room_of_a_link_counts_once() -> None:
    assert checked_rooms(("b", "a", "b"), None) == ("b", "a")


@pytest.mark.parametrize("room", ["", "a b", "../x", "livedash.status", "open"])
def test_a_link_to_what_can_be_no_room_is_refused(room: str) -> None:
    with pytest.raises(NameRefusedError):
        checked_rooms(("train", room), None)


def test_a_link_to_nothing_and_one_to_too_much_are_refused() -> None:
    with pytest.raises(SettingRefusedError, match="one room at least"):
        checked_rooms((), None)
    with pytest.raises(TooLargeError, match="use a glob"):
        checked_rooms(tuple(f"r{number}" for number in range(limits.LINK_ROOMS + 1)), None)


def test_a_dashboard_that_shows_more_than_the_link_reads_is_refused() -> None:
    assert checked_rooms(("train", "prices.*"), dashboard_of_rooms(("train", "prices.eur"))) == ("train", "prices.*")
    with pytest.raises(SettingRefusedError, match="add it to the link's rooms"):
        checked_rooms(("train",), dashboard_of_rooms(("train", "prices.eur")))


def test_a_label_that_could_forge_a_line_of_a_log_is_refused() -> None:
    assert checked_label("für Ada") == "für Ada"
    for label in ("a\nb", "a\x1b[2J", "a\u2028b"):
        with pytest.raises(SettingRefusedError, match="one line"):
            checked_label(label)
    with pytest.raises(TooLargeError):
        checked_label("x" * (limits.LINK_LABEL_CHARACTERS + 1))


@pytest.mark.parametrize("expires_s", [0, -1, math.nan, math.inf, limits.LINK_EXPIRES_MAX_S + 1])
def test_a_link_that_never_lives_or_never_dies_is_refused(expires_s: float) -> None:
    with pytest.raises(SettingRefusedError, match="a link lives for"):
        checked_expiry(expires_s)
