from __future__ import annotations

import json
import logging
from collections.abc import Mapping
from typing import Any

import pytest
from tornado.httpclient import HTTPResponse
from tornado.web import Finish, HTTPError

from livedash.errors import LimitReachedError
from livedash.server.app import handler_class
from livedash.server.auth import By, HostHandler
from livedash.server.routes.route import Route
from tests.server.served import NOBODY, OWNER, TOKEN, Served, error_of, json_of

ELSEWHERE = "https://elsewhere.example"
READS = ["rooms", "rooms/train", "rooms/train/records", "poll?room=train&timeout=0", "view?room=train"]
WRITES: list[tuple[str, str, Any]] = [
    ("POST", "rooms/train/records", {"n": 1}),
    ("POST", "rooms/train/clear", b""),
    ("PUT", "rooms/train", {}),
    ("DELETE", "rooms/train", None),
    ("POST", "links", {"rooms": ["train"]}),
    ("DELETE", "links/abc", None),
    ("PUT", "dashboards/a", {"rows": [[{"kind": "auto", "rooms": ["train"]}]]}),
]
LOGINS = ["status", "links", "dashboards", "dashboards/a", *READS]
read = pytest.mark.parametrize("path", READS)
write = pytest.mark.parametrize(("method", "path", "body"), WRITES)


def with_key(path: str, key: str) -> str:
    return f"{path}{'&' if '?' in path else '?'}key={key}"


# Nobody


@pytest.mark.parametrize("path", LOGINS)
async def test_who_shows_nothing_reads_nothing(served: Served, path: str) -> None:
    await served.push({"n": 1})
    answer = await served.request(path, headers=NOBODY)
    assert error_of(answer) == (401, "not_logged_in")
    assert "Authorization: Bearer" in answer.body.decode()
    assert "Access-Control-Allow-Origin" not in answer.headers


@write
async def test_who_shows_nothing_writes_nothing(served: Served, method: str, path: str, body: Any) -> None:
    await served.push({"n": 1})
    assert error_of(await served.request(path, method=method, body=body, headers=NOBODY)) == (401, "not_logged_in")
    assert served.hub.room("train").history.top == 1


@pytest.mark.parametrize(
    "headers",
    [
        {"Authorization": "Bearer wrong"},
        {"Authorization": TOKEN},
        {"Authorization": f"Basic {TOKEN}"},
        {"Authorization": "Bearer"},
        {"Cookie": "livedash-login=wrong"},
    ],
)
async def test_a_wrong_login_is_none(served: Served, headers: Mapping[str, str]) -> None:
    assert error_of(await served.get("rooms", headers=headers)) == (401, "not_logged_in")


# The token


@pytest.mark.parametrize("scheme", ["Bearer", "bearer", "token"])
async def test_the_token_reads_and_writes_in_a_header(served: Served, scheme: str) -> None:
    headers = {"Authorization": f"{scheme} {TOKEN}"}
    assert json_of(await served.post("rooms/train/records", {"n": 1}, headers=headers))["offset"] == 1
    assert (await served.get("rooms/train", headers=headers)).code == 200


async def test_the_token_in_the_query_reads(served: Served) -> None:
    await served.push({"n": 1})
    answer = await served.get("rooms/train", headers=NOBODY, key=TOKEN)
    assert json_of(answer)["offset"] == 1
    assert "Access-Control-Allow-Origin" not in answer.headers


@write
async def test_the_token_in_the_query_does_not_write(served: Served, method: str, path: str, body: Any) -> None:
    await served.push({"n": 1})
    answer = await served.request(with_key(path, TOKEN), method=method, body=body, headers=NOBODY)
    assert error_of(answer) == (404, "not_found")
    assert served.hub.room("train").history.top == 1


async def test_a_token_needs_no_origin_of_ours(served: Served) -> None:
    headers = {**OWNER, "Origin": ELSEWHERE}
    assert (await served.post("rooms/train/records", {"n": 1}, headers=headers)).code == 200


# A cookie


async def test_a_cookie_reads_without_an_origin_or_with_ours(served: Served) -> None:
    cookie = await served.cookie()
    for headers in (cookie, {**cookie, "Origin": served.origin}):
        answer = await served.get("rooms", headers=headers)
        assert answer.code == 200
        assert "Access-Control-Allow-Origin" not in answer.headers


@read
async def test_a_cookie_reads_nothing_for_another_sites_page(served: Served, path: str) -> None:
    await served.push({"n": 1})
    answer = await served.request(path, headers={**await served.cookie(), "Origin": ELSEWHERE})
    assert error_of(answer) == (403, "not_allowed")
    assert "Access-Control-Allow-Origin" not in answer.headers


@write
async def test_a_cookie_writes_only_for_our_own_pages(served: Served, method: str, path: str, body: Any) -> None:
    await served.push({"n": 1})
    cookie = await served.cookie()
    for headers in (cookie, {**cookie, "Origin": ELSEWHERE}, {**cookie, "Origin": "null"}):
        answer = await served.request(path, method=method, body=body, headers=headers)
        assert error_of(answer) == (403, "not_allowed")
    answer = await served.request(path, method=method, body=body, headers={**cookie, "Origin": served.origin})
    assert answer.code in (200, 201, 204, 404)


async def test_a_wrong_token_is_not_made_good_by_a_cookie(served: Served) -> None:
    headers = {**await served.cookie(), "Authorization": "Bearer wrong"}
    assert error_of(await served.get("rooms", headers=headers)) == (401, "not_logged_in")


# A link's key


@read
async def test_a_link_reads_from_anywhere_without_credentials(served: Served, path: str) -> None:
    await served.push({"n": 1})
    key = (await served.share())["key"]
    answer = await served.request(with_key(path, key), headers={"Origin": ELSEWHERE})
    assert answer.code == 200
    assert answer.headers["Access-Control-Allow-Origin"] == "*"
    assert "Access-Control-Allow-Credentials" not in answer.headers


@write
async def test_a_link_writes_nothing(served: Served, method: str, path: str, body: Any) -> None:
    await served.push({"n": 1})
    key = (await served.share())["key"]
    answer = await served.request(with_key(path, key), method=method, body=body, headers=NOBODY)
    assert error_of(answer) == (403, "not_allowed")
    assert served.hub.room("train").history.top == 1


@pytest.mark.parametrize("path", [*LOGINS, "feed?room=train"])
async def test_wrong_expired_and_revoked_keys_look_the_same(
    served: Served, path: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    await served.push({"n": 1})
    expired, revoked = await served.share("train", expires_s=60), await served.share()
    await served.request(f"links/{revoked['id']}", method="DELETE")
    monkeypatch.setattr("livedash.clock.now_s", lambda: expired["expires_at"])
    keys = [expired["key"], revoked["key"], "wrong", "", "x" * 43, "é"]
    answers = [await served.get(path.partition("?")[0], headers=NOBODY, key=key, room="train") for key in keys]
    assert {error_of(answer) for answer in answers} == {(404, "not_found")}
    assert len({told(answer) for answer in answers}) == 1


def told(answer: HTTPResponse) -> tuple[Any, ...]:
    """All that a stranger sees of an answer."""
    own = {name: text for name, text in answer.headers.get_all() if name != "Date"}
    return answer.code, answer.body, *sorted(own.items())


async def test_a_page_elsewhere_can_read_why_its_link_reads_no_more(served: Served) -> None:
    key = (await served.share())["key"]
    for asked in ({"key": "wrong"}, {"key": key, "room": "secret"}):
        answer = await served.get("poll", headers={"Origin": ELSEWHERE}, **asked)
        assert error_of(answer) == (404, "not_found")
        assert answer.headers["Access-Control-Allow-Origin"] == "*"


async def test_a_key_beats_a_login_so_that_an_owner_sees_what_the_link_shows(served: Served) -> None:
    await served.push({"n": 1}, room="secret")
    key = (await served.share())["key"]
    assert json_of(await served.get("rooms", key=key)) == {"rooms": []}


async def test_a_browser_that_asks_before_is_told_that_it_may_read(served: Served) -> None:
    answer = await served.request("feed", method="OPTIONS", headers={"Origin": ELSEWHERE})
    assert (answer.code, answer.body) == (204, b"")
    assert answer.headers["Access-Control-Allow-Origin"] == "*"
    assert "POST" not in answer.headers["Access-Control-Allow-Methods"]
    assert "Last-Event-ID" in answer.headers["Access-Control-Allow-Headers"]


# The address by which this user's browser comes


async def test_links_carry_the_address_by_which_the_owners_browser_came_last(served: Served) -> None:
    cookie = await served.cookie()
    await served.get("rooms", headers={**OWNER, "Host": "script.example"})
    assert served.services.browser_origin is None  # a script may have another way than people have
    await served.get("rooms", headers={**cookie, "Host": served.origin.removeprefix("http://")})
    assert (await served.share())["url"].startswith(served.origin)
    await served.get("rooms", headers={**OWNER, "Host": "lab.example:80", "Sec-Fetch-Mode": "cors"})
    assert (await served.share())["url"].startswith("http://lab.example:80/livedash/")


# What a host decides, and what goes wrong


class Host(HostHandler):
    """Knows everybody, and has an authorizer who forbids what `forbids` names."""

    forbids = ""

    async def host_login(self) -> tuple[str, By]:
        return "ann", By.HEADER

    async def host_may(self, action: str) -> bool:
        return action != self.forbids


class Asked(Route):
    """Does what the query says."""

    def get(self) -> None:
        match self.get_query_argument("do", "answer"):
            case "bug":
                raise ValueError("an internal /secret/path")
            case "refuse":
                raise HTTPError(418, "no %s", "tea")
            case "finish":
                self.write("done")
                raise Finish
            case "full":
                raise LimitReachedError("it is full")
        self.answer({"who": self.grant.principal, "query": self.get_query_argument("room", "")})

    def post(self) -> None:
        self.answer(self.json_body())


@pytest.fixture
def asked(served: Served) -> type[Host]:
    """`/asked`, and the host that it has."""
    host = type("OwnHost", (Host,), {})
    served.application.add_handlers(".*", [("/asked", handler_class(Asked, host), {"services": served.services})])
    return host


@pytest.mark.usefixtures("asked")
async def test_the_hosts_principal_is_who_calls(served: Served) -> None:
    assert json_of(await served.get("/asked", headers=NOBODY))["who"] == "ann"


@pytest.mark.parametrize(("forbids", "method"), [("read", "GET"), ("write", "POST")])
async def test_the_hosts_authorizer_is_asked(
    served: Served, asked: type[Host], forbids: str, method: str, caplog: pytest.LogCaptureFixture
) -> None:
    asked.forbids = forbids
    for each, body in (("GET", None), ("POST", b"{}")):
        answer = await served.request("/asked", method=each, body=body, headers=NOBODY)
        assert answer.code == (403 if each == method else 200)
    assert [record for record in caplog.records if record.levelno > logging.INFO and record.name == "livedash"] == []


@pytest.mark.usefixtures("asked")
async def test_a_bug_of_ours_is_told_to_the_log_and_not_to_the_caller(
    served: Served, caplog: pytest.LogCaptureFixture
) -> None:
    key = (await served.share())["key"]
    answer = await served.get("/asked", headers=NOBODY, do="bug", key=key)
    assert error_of(answer) == (500, "internal")
    assert "secret" not in answer.body.decode()
    (record,) = [record for record in caplog.records if record.levelno >= logging.ERROR and record.name == "livedash"]
    assert record.exc_info is not None
    assert "an internal /secret/path" in caplog.text
    assert key not in caplog.text


@pytest.mark.usefixtures("asked")
@pytest.mark.parametrize(
    ("do", "error", "message"),
    [("refuse", (418, "http_error"), "no tea"), ("full", (503, "limit_reached"), "it is full")],
)
async def test_what_is_refused_says_why(served: Served, do: str, error: tuple[int, str], message: str) -> None:
    answer = await served.get("/asked", do=do)
    assert error_of(answer) == error
    assert json.loads(answer.body)["error"]["message"] == message
    assert answer.headers["Cache-Control"] == "no-store"
    assert ("Retry-After" in answer.headers) is (error[0] == 503)


@pytest.mark.usefixtures("asked")
async def test_a_request_that_is_finished_early_is_no_error(served: Served, caplog: pytest.LogCaptureFixture) -> None:
    answer = await served.get("/asked", do="finish")
    assert (answer.code, answer.body) == (200, b"done")
    assert "uncaught" not in caplog.text


@pytest.mark.usefixtures("asked")
async def test_a_text_that_is_no_utf8_is_refused_and_its_key_kept_from_the_log(
    served: Served, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    key = (await served.share())["key"]
    answer = await served.request(f"/asked?room=%ff&key={key}", headers=NOBODY)
    assert error_of(answer) == (400, "bad_request")
    assert key not in caplog.text


@pytest.mark.usefixtures("asked")
@pytest.mark.parametrize("body", [b"{", b"", b"\xff", b"[" * 100_000])
async def test_a_body_that_is_no_json_is_refused(served: Served, body: bytes) -> None:
    assert error_of(await served.post("/asked", body)) == (400, "bad_message")


@pytest.mark.parametrize(("method", "path"), [("PATCH", "rooms"), ("DELETE", "rooms"), ("POST", "feed")])
async def test_another_verb_is_refused(served: Served, method: str, path: str) -> None:
    answer = await served.request(path, method=method, body=b"")
    assert answer.code == 405


# Verbs and paths


@pytest.mark.parametrize(
    "path", ["rooms", "rooms/train", "rooms/train/records", "status", "health/live", "view?room=train"]
)
async def test_head_tells_what_get_would_and_sends_no_content(served: Served, path: str) -> None:
    await served.push({"n": 1})
    whole, head = await served.request(path), await served.request(path, method="HEAD")
    assert (head.code, head.headers["Content-Type"]) == (200, whole.headers["Content-Type"])
    assert head.body == b""


async def test_head_of_a_feed_opens_no_stream(served: Served) -> None:
    answer = await served.request("feed?room=train", method="HEAD")
    assert (answer.code, answer.headers["Content-Type"]) == (200, "text/event-stream; charset=utf-8")
    assert served.hub.sessions() == []


async def test_who_uses_another_verb_is_told_which_ones_there_are(served: Served) -> None:
    answer = await served.post("rooms", {})
    assert error_of(answer) == (405, "http_error")
    assert answer.headers["Allow"] == "GET, HEAD, OPTIONS"


async def test_a_page_elsewhere_reads_the_headers_of_history(served: Served) -> None:
    await served.push({"n": 1})
    link = await served.share("train")
    answer = await served.get("rooms/train/records", headers=NOBODY, key=link["key"])
    assert "Livedash-Offset" in answer.headers["Access-Control-Expose-Headers"]
