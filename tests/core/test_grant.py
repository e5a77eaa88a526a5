from __future__ import annotations

import pytest

from livedash.core.grant import Grant, owner
from livedash.errors import NotAllowedError, NotFoundError

LINK = Grant("link:l1", read=("train", "prices.*"), link_id="l1")


def test_the_owner_reads_and_writes_all_rooms_and_shares_them() -> None:
    assert owner("ada").may_read("any.room")
    assert owner("ada").may_read("*")
    assert owner("ada").may_write("any.room")
    assert owner("ada").may_share


def test_a_link_reads_its_rooms_and_writes_none() -> None:
    assert LINK.readable(["train", "prices.eur", "prices", "train2"]) == ["train", "prices.eur"]
    assert not LINK.may_write("train")
    assert not LINK.may_share
    with pytest.raises(NotAllowedError, match="may not write to room 'train'"):
        LINK.check_write("train")


def test_a_link_can_not_ask_for_a_glob_that_reads_more_than_it_may() -> None:
    LINK.check_read("prices.*")
    LINK.check_read("prices.eur.*")
    for glob in ("*", "t*", "prices*", "*.eur"):
        with pytest.raises(NotFoundError):
            LINK.check_read(glob)


def test_a_room_that_may_not_be_read_looks_like_one_that_is_not_there() -> None:
    with pytest.raises(NotFoundError, match="not among those that you may read"):
        LINK.check_read("secret")


def test_who_was_granted_nothing_reads_nothing() -> None:
    assert not Grant("stranger").may_read("train")
    assert not Grant("stranger").may_read("*")
