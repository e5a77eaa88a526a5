from __future__ import annotations

import secrets

import pytest

from livedash.errors import LimitReachedError, NotFoundError, SettingRefusedError
from livedash.sharing.link import Link
from livedash.sharing.registry import LinkRegistry
from livedash.wire.specs import dashboard_of_rooms

HOUR_S = 3600.0


def registry(bound: int = 10) -> LinkRegistry:
    return LinkRegistry(secrets.token_bytes, bound=bound)


def made(links: LinkRegistry, now_s: float = 0.0, expires_s: float = HOUR_S) -> tuple[Link, str]:
    return links.create(("train",), expires_s, "for Ada", None, now_s)


def test_a_link_is_found_by_its_key_until_it_expires() -> None:
    links = registry()
    link, key = made(links)
    assert links.find(key, HOUR_S - 1) is link
    assert links.find(key, HOUR_S) is None


def test_unknown_expired_and_revoked_keys_look_the_same() -> None:
    links = registry()
    _, expired = made(links, expires_s=1.0)
    revoked_link, revoked = made(links)
    links.revoke(revoked_link.id)
    for key in (expired, revoked, "x" * 43, "", "x" * 1_000_000):
        assert links.find(key, 2.0) is None
    assert links.statistics().refused == 5


def test_the_registry_holds_no_key() -> None:
    links = registry()
    _, key = made(links)
    held = "".join(repr(getattr(links, name)) for name in vars(links))
    assert key not in held


def test_a_link_keeps_who_made_it_and_what_it_shows() -> None:
    links = registry()
    spec = dashboard_of_rooms(("train",))
    link, _ = links.create(("train",), HOUR_S, "for Ada", spec, 5.0, created_by="ada")
    assert (link.created_by, link.dashboard, link.created_at_s, link.expires_at_s) == ("ada", spec, 5.0, 5.0 + HOUR_S)


def test_streams_of_a_link_end_when_it_expires_or_is_revoked() -> None:
    links = registry()
    expiring, _ = made(links, expires_s=10.0)
    revoked, _ = made(links)
    assert links.why_ended(expiring.id, 9.9) is None
    assert links.why_ended(expiring.id, 10.0) == "expired"
    links.revoke(revoked.id)
    assert links.why_ended(revoked.id, 0.0) == "revoked"


def test_a_link_that_just_expired_is_purged_only_after_its_streams_could_be_told() -> None:
    links = registry()
    link, _ = made(links, expires_s=10.0)
    assert links.purge(11.0, kept_s=60.0) == 0
    assert links.why_ended(link.id, 11.0) == "expired"
    assert links.purge(70.0, kept_s=60.0) == 1
    assert links.statistics().held == 0


def test_links_are_listed_oldest_first_without_those_that_ended() -> None:
    links = registry()
    first, _ = made(links)
    made(links, expires_s=1.0)
    third, _ = made(links)
    assert links.list(2.0) == [first, third]
    assert links.link(first.id, 2.0) is first
    assert links.link("nobody", 2.0) is None


def test_revoking_twice_says_that_there_is_no_such_link() -> None:
    links = registry()
    link, _ = made(links)
    assert links.revoke(link.id) == link
    with pytest.raises(NotFoundError, match="no link"):
        links.revoke(link.id)


def test_a_full_registry_refuses_until_a_link_ends() -> None:
    links = registry(bound=2)
    made(links, expires_s=10.0)
    made(links)
    with pytest.raises(LimitReachedError, match="2 links already"):
        made(links, now_s=9.0)
    made(links, now_s=10.0)
    assert len(links.list(10.0)) == 2


def test_a_refused_link_leaves_nothing_behind() -> None:
    links = registry()
    with pytest.raises(SettingRefusedError):
        links.create(("train",), 0.0, "", None, 0.0)
    assert links.statistics().held == 0


def test_an_id_that_is_taken_is_not_given_again() -> None:
    given = iter([b"1" * 32, b"a" * 6, b"2" * 32, b"a" * 6, b"b" * 6])
    links = LinkRegistry(lambda count: next(given))
    first, _ = made(links)
    second, _ = made(links)
    assert first.id != second.id
