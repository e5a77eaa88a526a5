from __future__ import annotations

import json

import pytest

from tests.cli.conftest import Command


def test_link_is_made_listed_and_revoked(hub: Command) -> None:
    link = json.loads(hub("share", "train", "lab3.*", "--for", "30m", "--label", "for Ada", "--json").out)
    assert link["rooms"] == ["train", "lab3.*"]
    listed = json.loads(hub("links", "--json").out)
    assert [(one["id"], one["label"], one["viewers"]) for one in listed] == [(link["id"], "for Ada", 0)]
    table = hub("links").out
    assert link["id"] in table
    assert link["key"] not in table
    done = hub("revoke", link["id"])
    assert (done.status, done.out) == (0, f"revoked {link['id']}\n")
    assert "no link reads" in hub("links").out
    assert hub("revoke", link["id"]).status == 1


def test_what_was_revoked_is_told_as_json_to_who_asks(hub: Command) -> None:
    link = json.loads(hub("share", "train", "--json").out)
    assert json.loads(hub("revoke", link["id"], "--json").out) == {"revoked": link["id"]}


def test_link_shows_how_it_is_opened_and_that_only_this_machine_can(hub: Command) -> None:
    out = hub("share", "train").out
    assert all(word in out for word in ("/view?key=", "/feed?key=", 'curl -N "', "this machine", "livedash revoke"))


@pytest.mark.parametrize("words", [("no spaces",), ("train", "--for", "soon"), ("train", "--for", "900d"), ()])
def test_share_that_is_used_wrongly_ends_with_2(hub: Command, words: tuple[str, ...]) -> None:
    assert hub("share", *words).status == 2
