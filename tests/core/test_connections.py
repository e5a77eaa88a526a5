from __future__ import annotations

import pytest

from livedash.core.connections import ConnectionBounds, Connections
from livedash.core.grant import Grant, owner
from livedash.errors import LimitReachedError

HERE = owner("ada")
ELSEWHERE = Grant("ada", address="192.0.2.1")
BY_LINK = Grant("link:1", link_id="1")


def connections(**bounds: int) -> Connections:
    return Connections(ConnectionBounds(**bounds))


@pytest.mark.parametrize(
    ("bound", "grant", "others", "told"),
    [
        ("in_all", HERE, [], "this hub has its 2 connections already"),
        ("from_address", ELSEWHERE, [HERE, BY_LINK, Grant("ada", address="192.0.2.2")], "your address has its 2"),
        ("by_link", BY_LINK, [HERE, ELSEWHERE, Grant("link:2", link_id="2")], "this link has its 2"),
    ],
)
def test_one_too_many_is_told_which_bound_it_meets_and_others_are_let_in(
    bound: str, grant: Grant, others: list[Grant], told: str
) -> None:
    counted = connections(**{bound: 2})
    counted.add(grant)
    counted.add(grant)
    with pytest.raises(LimitReachedError, match=told):
        counted.add(grant)
    for other in others:
        counted.add(other)


@pytest.mark.parametrize("grant", [HERE, ELSEWHERE, BY_LINK])
def test_who_leaves_makes_room_for_another_and_who_was_refused_took_none(grant: Grant) -> None:
    counted = connections(in_all=1, from_address=1, by_link=1)
    for _ in range(3):
        counted.add(grant)
        with pytest.raises(LimitReachedError):
            counted.add(grant)
        counted.remove(grant)


def test_connections_of_this_machine_are_one_address_of_none() -> None:
    counted = connections(from_address=0)
    counted.add(HERE)
    with pytest.raises(LimitReachedError):
        counted.add(ELSEWHERE)


def test_nothing_is_kept_of_those_that_have_left() -> None:
    counted = connections()
    for number in range(100):
        grant = Grant("link:1", link_id=str(number), address=f"192.0.2.{number}")
        counted.add(grant)
        counted.remove(grant)
    counted.add(ELSEWHERE)
    counted.add(BY_LINK)
    told = counted.statistics()
    assert (told.open, told.addresses, told.links, told.refused) == (2, 1, 1, 0)
