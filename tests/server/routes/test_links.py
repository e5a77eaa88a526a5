from __future__ import annotations

from typing import Any

import pytest

from livedash import limits
from tests.server.served import NOBODY, Served, error_of, json_of

DASHBOARD = {"rows": [[{"kind": "line", "rooms": ["train"]}, {"kind": "number", "rooms": ["lab.*"]}]], "title": "All"}


async def test_a_link_has_urls_a_key_and_an_end(served: Served) -> None:
    link = await served.share("train", "lab.*", expires_s=3600, label="for Ann")
    assert {name: link[name] for name in ("rooms", "label")} == {"rooms": ["train", "lab.*"], "label": "for Ann"}
    assert link["url"] == f"{served.url}view?key={link['key']}"
    assert link["feed_url"] == f"{served.url}feed?key={link['key']}"
    (held,) = json_of(await served.get("links"))["links"]
    assert held["expires_at"] == link["expires_at"]


async def test_a_link_on_a_loopback_address_says_that_only_this_machine_can_open_it(served: Served) -> None:
    assert "--public-url" in (await served.share())["note"]
    served.change(public_url="https://lab.example.org")
    link = await served.share()
    assert (link["note"], link["url"].partition("?")[0]) == (None, "https://lab.example.org/livedash/view")


async def test_links_live_for_a_working_day_unless_told(served: Served) -> None:
    before = served.services.stage.wall_clock_s()
    link = await served.share()
    assert link["expires_at"] == pytest.approx(before + limits.LINK_EXPIRES_S, abs=30)


async def test_links_are_listed_with_their_viewers_and_without_their_keys(served: Served) -> None:
    first, second = await served.share("train", label="a"), await served.share("lab.*")
    async with await served.stream(headers=NOBODY, key=first["key"]) as stream:
        await stream.next()
        answer = await served.get("links")
    assert json_of(answer)["links"] == [
        {"id": first["id"], "rooms": ["train"], "label": "a", "expires_at": first["expires_at"], "viewers": 1},
        {"id": second["id"], "rooms": ["lab.*"], "label": "", "expires_at": second["expires_at"], "viewers": 0},
    ]
    assert first["key"] not in answer.body.decode()


async def test_a_dashboard_is_shared_with_its_rooms(served: Served) -> None:
    link: dict[str, Any] = json_of(await served.post("links", {"dashboard": DASHBOARD}), 201)
    assert link["rooms"] == ["train", "lab.*"]


@pytest.mark.parametrize(
    ("body", "error"),
    [
        ({}, (400, "bad_setting")),
        ({"rooms": []}, (400, "bad_setting")),
        ({"rooms": "train"}, (400, "bad_message")),
        ({"rooms": ["open"]}, (400, "bad_name")),
        ({"rooms": ["a b"]}, (400, "bad_name")),
        ({"rooms": ["train"], "expires_s": 0}, (400, "bad_setting")),
        ({"rooms": ["train"], "expires_s": 1e12}, (400, "bad_setting")),
        ({"rooms": ["train"], "expires_s": "8h"}, (400, "bad_message")),
        ({"rooms": ["train"], "label": "a\nb"}, (400, "bad_setting")),
        ({"rooms": ["train"], "label": "x" * 201}, (413, "too_large")),
        ({"rooms": ["train"], "for": "ever"}, (400, "bad_message")),
        ({"rooms": [f"r{number}" for number in range(51)]}, (413, "too_large")),
        ({"rooms": ["train"], "dashboard": DASHBOARD}, (400, "bad_setting")),
        ({"dashboard": {"rows": []}}, (400, "bad_setting")),
        ({"dashboard": {"rows": 3}}, (400, "bad_setting")),
        (b"{", (400, "bad_message")),
        ([], (400, "bad_message")),
    ],
)
async def test_what_no_link_can_be_is_refused(served: Served, body: Any, error: tuple[int, str]) -> None:
    assert error_of(await served.post("links", body)) == error
    assert json_of(await served.get("links")) == {"links": []}


async def test_a_server_with_all_its_links_makes_no_more(served: Served, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(served.services.links, "_bound", 1)
    link = await served.share()
    assert error_of(await served.post("links", {"rooms": ["train"]})) == (503, "limit_reached")
    await served.request(f"links/{link['id']}", method="DELETE")
    await served.share()


async def test_a_revoked_link_is_forgotten(served: Served) -> None:
    link, other = await served.share(), await served.share()
    answer = await served.request(f"links/{link['id']}", method="DELETE")
    assert (answer.code, answer.body) == (204, b"")
    assert [held["id"] for held in json_of(await served.get("links"))["links"]] == [other["id"]]
    assert error_of(await served.get("rooms", headers=NOBODY, key=link["key"])) == (404, "not_found")
    assert (await served.get("rooms", headers=NOBODY, key=other["key"])).code == 200


async def test_a_link_that_is_not_there_can_not_be_revoked(served: Served) -> None:
    assert error_of(await served.request("links/abc", method="DELETE")) == (404, "not_found")


async def test_an_expired_link_is_listed_no_more(served: Served, monkeypatch: pytest.MonkeyPatch) -> None:
    link = await served.share("train", expires_s=60)
    monkeypatch.setattr("livedash.clock.now_s", lambda: link["expires_at"])
    assert json_of(await served.get("links")) == {"links": []}


async def test_a_link_can_neither_list_nor_make_nor_revoke_links(served: Served) -> None:
    link = await served.share()
    key = f"?key={link['key']}"
    asked = [("GET", "links", None), ("POST", "links", {"rooms": ["train"]}), ("DELETE", f"links/{link['id']}", None)]
    for method, path, body in asked:
        answer = await served.request(path + key, method=method, body=body, headers=NOBODY)
        assert error_of(answer) == (403, "not_allowed"), method
    assert (await served.request(f"links{key}", method="OPTIONS", headers=NOBODY)).code == 204


async def test_who_is_unknown_is_told_to_log_in(served: Served) -> None:
    assert error_of(await served.get("links", headers=NOBODY)) == (401, "not_logged_in")
