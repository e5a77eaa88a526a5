from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pytest
from jupyter_server.auth.authorizer import Authorizer
from jupyter_server.auth.identity import IdentityProvider, User
from jupyter_server.base.handlers import JupyterHandler
from tornado.httpclient import HTTPClientError

from livedash_jupyter.handler import as_open
from tests.jupyter_extension.conftest import Start
from tests.jupyter_extension.jupyter_host import BASE_URL, JupyterServed
from tests.server.served import NOBODY, OWNER, TOKEN, Served, error_of, json_of

ELSEWHERE = "https://elsewhere.example"
PATH = "rooms/train/records"


async def status_of(served: Served, **asked: Any) -> int:
    """Of a refused upgrade."""
    with pytest.raises(HTTPClientError) as refused:
        await served.websocket(**asked)
    return refused.value.code


# Jupyter's login


@pytest.mark.parametrize("scheme", ["token", "Bearer"])
async def test_jupyters_token_reads_and_writes(served: JupyterServed, scheme: str) -> None:
    headers = {"Authorization": f"{scheme} {TOKEN}", "Origin": ELSEWHERE}
    assert json_of(await served.post(PATH, {"n": 1}, headers=headers))["offset"] == 1
    assert json_of(await served.get(PATH, headers=headers)) == [{"n": 1}]


async def test_jupyters_token_in_the_query_reads(served: JupyterServed) -> None:
    assert json_of(await served.get("rooms", headers=NOBODY, token=TOKEN)) == {"rooms": []}


async def test_jupyters_token_is_no_key(served: JupyterServed) -> None:
    assert error_of(await served.get("rooms", headers=NOBODY, key=TOKEN)) == (404, "not_found")


@pytest.mark.parametrize("headers", [NOBODY, {"Authorization": "token wrong"}])
@pytest.mark.parametrize("path", ["rooms", PATH, "feed?room=train", "poll?room=train", "links", "status"])
async def test_who_is_unknown_is_told_so_as_jupyters_own_api_does(
    served: JupyterServed, path: str, headers: Mapping[str, str]
) -> None:
    assert error_of(await served.request(path, headers=headers)) == (403, "not_logged_in")


async def test_who_is_unknown_writes_nothing(served: JupyterServed) -> None:
    assert (await served.post(PATH, {"n": 1}, headers=NOBODY)).code == 403
    assert served.hub.rooms == {}


async def test_a_person_who_is_unknown_goes_to_jupyters_login_and_comes_back(served: JupyterServed) -> None:
    answer = await served.get("view", headers=NOBODY, room="train")
    assert answer.code == 302
    assert answer.headers["Location"] == f"{BASE_URL}login?next=%2Fa%2540b%2Flivedash%2Fview%3Froom%3Dtrain"


async def test_health_is_open_to_all_and_its_pid_is_not(served: JupyterServed) -> None:
    assert "pid" not in json_of(await served.get("health/live", headers=NOBODY))
    assert "pid" in json_of(await served.get("health/live"))


# A browser's cookie


async def test_a_browser_that_is_logged_in_reads_and_writes_from_jupyters_own_pages(served: JupyterServed) -> None:
    headers = {**await served.login(), "Origin": served.origin}
    assert json_of(await served.post(PATH, {"n": 1}, headers=headers))["offset"] == 1
    assert json_of(await served.get(PATH, headers=headers)) == [{"n": 1}]
    async with await served.websocket(headers=headers) as socket:
        assert await socket.ask("ping") == {"op": "pong"}


async def test_another_sites_page_reads_nothing_by_a_browsers_cookie(served: JupyterServed) -> None:
    headers = {**await served.login(), "Origin": ELSEWHERE}
    assert error_of(await served.get("rooms", headers=headers)) == (403, "not_allowed")
    assert (await served.post(PATH, {"n": 1}, headers=headers)).code == 404  # Jupyter's own protection of writes
    assert await status_of(served, headers=headers) == 403
    assert served.hub.rooms == {}


async def test_a_cookie_without_an_origin_opens_no_websocket_and_writes_nothing(served: JupyterServed) -> None:
    headers = await served.login()
    assert await status_of(served, headers=headers) == 403
    assert error_of(await served.post(PATH, {"n": 1}, headers=headers)) == (403, "not_allowed")
    assert (await served.get("rooms", headers=headers)).code == 200


async def test_jupyters_own_protection_of_writes_holds_for_ours(served: JupyterServed) -> None:
    headers = {**await served.login(), "Origin": served.origin}
    del headers["X-XSRFToken"]
    assert (await served.post(PATH, {"n": 1}, headers=headers)).code == 403
    assert served.hub.rooms == {}


async def test_an_origin_that_jupyter_allows_is_one_of_ours(start: Start) -> None:
    served = await start(ServerApp_allow_origin=ELSEWHERE)
    headers = {**await served.login(), "Origin": ELSEWHERE}
    assert (await served.get("rooms", headers=headers)).code == 200
    async with await served.websocket(headers=headers) as socket:
        assert await socket.ask("ping") == {"op": "pong"}


async def test_links_carry_the_address_by_which_the_browser_came(served: JupyterServed) -> None:
    headers = {**await served.login(), "Origin": served.origin}
    await served.get("rooms", headers=headers)
    assert (await served.share())["url"].startswith(f"{served.origin}{BASE_URL}livedash/view?key=")


# A link's key


async def test_a_link_reads_its_rooms_without_a_login_and_from_anywhere(served: JupyterServed) -> None:
    for room in ("train", "secret"):
        await served.push({"n": 1}, room=room)
    key = (await served.share())["key"]
    answer = await served.get("rooms", headers={"Origin": ELSEWHERE}, key=key)
    assert [room["name"] for room in json_of(answer)["rooms"]] == ["train"]
    assert answer.headers.get_list("Access-Control-Allow-Origin") == ["*"]
    assert "Set-Cookie" not in answer.headers
    assert error_of(await served.get("rooms/secret", headers=NOBODY, key=key)) == (404, "not_found")
    async with await served.stream(headers={"Origin": ELSEWHERE}, key=key, since="earliest") as stream:
        assert [event.event for event in await stream.take(2)] == ["livedash.start", "message"]
    async with await served.websocket(headers={"Origin": ELSEWHERE}, key=key) as socket:
        assert (await socket.ask("publish", room="train", records=[{}]))["code"] == "not_allowed"


async def test_a_link_writes_nothing(served: JupyterServed) -> None:
    key = (await served.share())["key"]
    assert (await served.post(f"{PATH}?key={key}", {"n": 1}, headers=NOBODY)).code == 403
    assert error_of(await served.post(f"{PATH}?key={key}", {"n": 1}, headers=await served.login()))[0] == 403
    assert served.hub.rooms == {}


async def test_wrong_and_revoked_keys_look_the_same(served: JupyterServed) -> None:
    link = await served.share()
    await served.request(f"links/{link['id']}", method="DELETE")
    answers = [await served.get("rooms", headers=NOBODY, key=key) for key in ("wrong", link["key"])]
    assert [error_of(answer) for answer in answers] == [(404, "not_found")] * 2
    assert answers[0].body == answers[1].body


async def test_a_server_that_asks_everybody_for_a_login_lets_links_read(start: Start) -> None:
    served = await start(ServerApp_allow_unauthenticated_access=False)
    key = (await served.share())["key"]
    for path in ("rooms", "view", "poll"):
        assert (await served.get(path, headers=NOBODY, key=key, timeout=0)).code == 200, path
    assert (await served.get("static/client.js", headers=NOBODY)).code == 200
    assert error_of(await served.get("rooms", headers=NOBODY)) == (403, "not_logged_in")


async def test_a_page_of_ours_has_our_policy_where_a_jupyterhub_forbids_every_frame(start: Start) -> None:
    settings = {"headers": {"Content-Security-Policy": "frame-ancestors 'none'"}}
    served = await start(ServerApp_tornado_settings=settings, LiveDash_frame_ancestors=["https://lab.example"])
    key = (await served.share())["key"]
    policies = (await served.get("view", headers=NOBODY, key=key)).headers.get_list("Content-Security-Policy")
    assert len(policies) == 1
    assert policies[0].endswith("frame-ancestors https://lab.example")


async def test_keys_are_kept_from_jupyters_log(served: JupyterServed, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level("DEBUG")
    key = (await served.share())["key"]
    for path in ("rooms", "rooms/train", "view", "nothing"):
        await served.get(path, headers=NOBODY, key=key)
    await served.request(f"rooms?room=%ff&key={key}", headers=NOBODY)
    ours = [record.getMessage() for record in caplog.records]
    assert any("livedash/rooms" in message for message in ours)
    assert [message for message in ours if key in message] == []


# Jupyter's authorizer


class ReadsOnly(Authorizer):
    """Knows our resource, and forbids all but reading it."""

    def is_authorized(self, handler: JupyterHandler, user: Any, action: str, resource: str) -> bool:
        return resource != "livedash" or action == "read"


class ReadsOnlyLater(Authorizer):
    """The same, for a server whose authorizer asks elsewhere."""

    async def is_authorized(self, handler: JupyterHandler, user: Any, action: str, resource: str) -> bool:
        return resource != "livedash" or action == "read"


@pytest.mark.parametrize("authorizer", [ReadsOnly, ReadsOnlyLater])
async def test_jupyters_authorizer_decides_who_reads_writes_and_connects(start: Start, authorizer: type) -> None:
    served = await start(ServerApp_authorizer_class=authorizer)
    assert (await served.get("rooms")).code == 200
    answer = await served.post(PATH, {"n": 1})
    assert error_of(answer) == (403, "not_allowed")
    assert "you are logged in, but may not write here" in answer.body.decode()
    assert await status_of(served, headers=OWNER) == 403  # a WebSocket executes


# Who it is


async def test_who_shows_the_servers_token_is_the_same_caller_each_time(served: JupyterServed) -> None:
    headers = {**OWNER, "Idempotency-Key": "once"}
    for _ in range(2):
        assert json_of(await served.post(PATH, {"n": 1}, headers=headers))["offset"] == 1


async def test_who_comes_back_by_token_is_the_same_viewer_by_the_name_of_the_owner(served: JupyterServed) -> None:
    viewers = []
    for _ in range(2):
        async with await served.websocket(viewer="a-secret-of-mine") as socket:
            await socket.ask("subscribe", room="train")
            viewers += json_of(await served.get("rooms/train/presence"))["viewers"]
    assert viewers[0] == viewers[1]
    assert viewers[0]["label"] == "owner"


async def test_a_viewer_with_a_login_of_its_own_has_the_name_that_jupyter_shows(start: Start) -> None:
    served = await start(ServerApp_identity_provider_class=OnlyAda)
    headers = {"Origin": served.origin}
    async with await served.websocket(headers=headers) as socket:
        await socket.ask("subscribe", room="train")
        viewers = json_of(await served.get("rooms/train/presence"))["viewers"]
    assert [viewer["label"] for viewer in viewers] == ["Ada Lovelace"]


class OnlyAda(IdentityProvider):
    """Everybody is Ada."""

    async def get_user(self, handler: JupyterHandler) -> User:
        return User("ada", "Ada Lovelace")


# Marks


def test_each_verb_that_a_handler_answers_is_marked_as_one_whose_caller_it_finds_itself() -> None:
    class Handler:
        def get(self) -> str:
            return "got"

        async def post(self) -> str:
            return "posted"

    marked = as_open(Handler)
    assert marked is Handler
    assert marked.get.__allow_unauthenticated
    assert marked.post.__allow_unauthenticated
    assert Handler().get() == "got"
    assert not hasattr(marked, "delete")


@pytest.mark.parametrize("path", ["nothing", "rooms/a/b/c", "metrics/"])
async def test_a_path_without_a_route_is_told_as_json(served: JupyterServed, path: str) -> None:
    assert error_of(await served.get(path)) == (404, "not_found")


async def test_the_address_of_the_hub_leads_to_the_page(served: JupyterServed) -> None:
    answer = await served.get("")
    assert (answer.code, answer.headers["Location"]) == (302, f"{BASE_URL}livedash/view")


async def test_who_uses_another_verb_is_told_which_ones_there_are(served: JupyterServed) -> None:
    answer = await served.post("rooms", {}, headers=OWNER)
    assert (answer.code, answer.headers["Allow"]) == (405, "GET, HEAD, OPTIONS")
