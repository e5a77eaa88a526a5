from __future__ import annotations

import html
import json
import re
from http.cookies import SimpleCookie
from typing import Any

import pytest
from tornado.httpclient import HTTPResponse

from livedash.server.app import handler_class
from livedash.server.auth import HostHandler
from livedash.server.routes.view import View
from tests.server.served import NOBODY, TOKEN, Served, error_of

DASHBOARD = {"rows": [[{"kind": "line", "rooms": ["train"]}]], "title": "Training <now>"}


def content(answer: HTTPResponse) -> Any:
    """What the page hands to the front end."""
    assert answer.code == 200, answer.body
    found = re.search(r'<script type="application/json" id="livedash-page">(.*?)</script>', answer.body.decode())
    assert found
    return json.loads(found[1])


def rooms(answer: HTTPResponse) -> list[list[str]]:
    return [panel["rooms"] for row in content(answer)["spec"]["rows"] for panel in row]


# What a page shows


async def test_the_page_of_a_link_shows_its_rooms_until_it_ends(served: Served) -> None:
    link = await served.share("train", "lab.*", label="for Ann")
    answer = await served.get("view", headers=NOBODY, key=link["key"])
    page = content(answer)
    assert rooms(answer) == [["train"], ["lab.*"]]
    assert (page["key"], page["expires_at"], page["base"]) == (link["key"], link["expires_at"], "/livedash/")
    assert page["title"] == "for Ann"


async def test_the_page_of_a_shared_dashboard_shows_it(served: Served) -> None:
    answer = await served.post("links", {"dashboard": DASHBOARD})
    page = await served.get("view", headers=NOBODY, key=json.loads(answer.body)["key"])
    assert content(page)["spec"]["rows"][0][0]["kind"] == "line"
    assert f"<title>{html.escape('Training <now>')}</title>" in page.body.decode()


async def test_who_is_logged_in_sees_the_rooms_that_are_asked_for(served: Served) -> None:
    answer = await served.get("view", room=["train", "lab.*", "train"])
    assert rooms(answer) == [["train"], ["lab.*"]]
    assert (content(answer)["key"], content(answer)["expires_at"]) == (None, None)
    assert content(answer)["title"] == "train, lab.*"


async def test_who_asks_for_nothing_sees_all_rooms_that_there_are(served: Served) -> None:
    before = await served.get("view")
    assert (rooms(before), content(before)["title"]) == ([["*"]], "all rooms")
    for room in ("train", "lab.oven"):
        await served.push({"n": 1}, room=room)
    assert rooms(await served.get("view")) == [["lab.oven"], ["train"]]


async def test_a_dashboard_is_shown_by_its_name(served: Served) -> None:
    await served.request("dashboards/run", method="PUT", body=DASHBOARD)
    assert content(await served.get("view", dashboard="run"))["title"] == "Training <now>"
    assert error_of(await served.get("view", dashboard="other")) == (404, "not_found")


async def test_what_can_not_be_shown_is_refused(served: Served) -> None:
    assert error_of(await served.get("view", room="open")) == (400, "bad_name")
    assert error_of(await served.get("view", room=[f"r{number}" for number in range(101)])) == (400, "bad_setting")


async def test_the_page_of_a_link_that_has_ended_is_not_found(served: Served) -> None:
    link = await served.share()
    await served.request(f"links/{link['id']}", method="DELETE")
    assert error_of(await served.get("view", headers=NOBODY, key=link["key"])) == (404, "not_found")


async def test_a_link_shows_its_rooms_whatever_else_is_asked_for(served: Served) -> None:
    await served.push({"n": 1}, room="secret")
    await served.request("dashboards/run", method="PUT", body=DASHBOARD)
    key = (await served.share("lab.*"))["key"]
    assert rooms(await served.get("view", headers=NOBODY, key=key, room="secret", dashboard="run")) == [["lab.*"]]


async def test_a_page_is_stored_nowhere_and_tells_nobody_its_address(served: Served) -> None:
    served.change(frame_ancestors=("'self'", "https://lab.example.org"))
    answer = await served.get("view", room="train")
    assert answer.headers["Cache-Control"] == "no-store"
    assert answer.headers["Referrer-Policy"] == "no-referrer"
    assert answer.headers["X-Content-Type-Options"] == "nosniff"
    assert answer.headers["Content-Type"] == "text/html; charset=utf-8"
    policy = answer.headers["Content-Security-Policy"].split("; ")
    assert "default-src 'none'" in policy
    assert "frame-ancestors 'self' https://lab.example.org" in policy


# The token in the address


async def test_the_token_in_the_address_becomes_a_cookie_and_leaves_the_address(served: Served) -> None:
    answer = await served.get("view", headers=NOBODY, key=TOKEN, room=["train", "a b"], dashboard="x&y")
    assert (answer.code, answer.headers["Location"]) == (302, "/livedash/view?room=train&room=a+b&dashboard=x%26y")
    assert TOKEN not in answer.body.decode() + str(answer.headers)
    (cookie,) = SimpleCookie(answer.headers["Set-Cookie"]).values()
    assert (cookie["httponly"], cookie["samesite"], cookie["path"]) == (True, "Strict", "/")
    assert answer.headers["Cache-Control"] == "no-store"
    assert answer.headers["Referrer-Policy"] == "no-referrer"


async def test_the_address_without_anything_else_is_the_plain_page(served: Served) -> None:
    answer = await served.get("view", headers=NOBODY, key=TOKEN)
    assert answer.headers["Location"] == "/livedash/view"


async def test_the_cookie_opens_the_page_afterwards(served: Served) -> None:
    assert rooms(await served.get("view", headers=await served.cookie(), room="train")) == [["train"]]


async def test_a_wrong_token_sets_no_cookie(served: Served) -> None:
    answer = await served.get("view", headers=NOBODY, key=TOKEN + "x")
    assert error_of(answer) == (404, "not_found")
    assert "Set-Cookie" not in answer.headers


# Who is unknown


async def test_who_is_unknown_is_told_so_where_no_page_could_help(served: Served) -> None:
    assert error_of(await served.get("view", headers=NOBODY, room="train")) == (401, "not_logged_in")


class HostWithLogin(HostHandler):
    def host_login_url(self) -> str:
        return "/login"


@pytest.mark.parametrize(
    ("query", "location"),
    [("?room=a&room=b", "/login?next=%2Fview%3Froom%3Da%26room%3Db"), ("", "/login?next=%2Fview")],
)
async def test_who_is_unknown_goes_to_the_hosts_login_and_comes_back(served: Served, query: str, location: str) -> None:
    handler = handler_class(View, HostWithLogin)
    served.application.add_handlers(".*", [(r"/view", handler, {"services": served.services})])
    answer = await served.request(f"/view{query}", headers=NOBODY)
    assert (answer.code, answer.headers["Location"]) == (302, location)


async def test_a_person_whose_link_has_ended_reads_a_page(served: Served) -> None:
    browser = {"Accept": "text/html,application/xhtml+xml,*/*;q=0.8"}
    answer = await served.get("view", headers=browser, key="wrong")
    assert (answer.code, answer.headers["Content-Type"]) == (404, "text/html; charset=utf-8")
    assert "There is no such link: it may have expired or been revoked; ask for a new one." in answer.body.decode()
    assert "default-src 'none'" in answer.headers["Content-Security-Policy"]


async def test_a_person_without_a_login_reads_where_to_find_it(served: Served) -> None:
    answer = await served.get("view", headers={"Accept": "text/html"})
    assert (answer.code, answer.headers["Content-Type"]) == (401, "text/html; charset=utf-8")
    assert "open the address with the token" in answer.body.decode()
