from __future__ import annotations

import logging

import pytest
from tornado.httputil import HTTPHeaders, HTTPServerRequest, RequestStartLine
from tornado.log import access_log

from livedash.server.request_log import scrubbed, summary
from tests.server.served import NOBODY, OWNER, TOKEN, Served


@pytest.mark.parametrize(
    ("uri", "shown"),
    [
        ("/livedash/rooms", "/livedash/rooms"),
        ("/livedash/feed?key=abc", "/livedash/feed?key=[secret]"),
        ("/livedash/feed?room=a&key=abc&since=now", "/livedash/feed?room=a&key=[secret]&since=now"),
        ("/livedash/feed?key=abc&key=def", "/livedash/feed?key=[secret]&key=[secret]"),
        ("/livedash/feed?token=abc", "/livedash/feed?token=[secret]"),
        ("/livedash/feed?_xsrf=abc", "/livedash/feed?_xsrf=[secret]"),
        ("/livedash/feed?k%65y=abc", "/livedash/feed?k%65y=[secret]"),
        ("/livedash/feed?KEY=abc", "/livedash/feed?KEY=[secret]"),
        ("/livedash/feed?key=a=b?c", "/livedash/feed?key=[secret]"),
        ("/livedash/feed?keyboard=abc&key", "/livedash/feed?keyboard=abc&key"),
        ("/livedash/feed?", "/livedash/feed?"),
        ("", ""),
    ],
)
def test_secrets_are_left_out_of_an_address_however_their_names_are_written(uri: str, shown: str) -> None:
    assert scrubbed(uri) == shown


def test_a_request_is_told_by_its_verb_its_address_and_where_it_came_from() -> None:
    line = RequestStartLine("GET", "/livedash/feed?key=abc", "HTTP/1.1")
    request = HTTPServerRequest(start_line=line, headers=HTTPHeaders(Host="here"))
    request.remote_ip = "127.0.0.1"
    assert summary(request) == "GET /livedash/feed?key=[secret] (127.0.0.1)"


async def test_what_is_logged_of_requests_holds_neither_key_nor_token(
    served: Served, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    key = (await served.share())["key"]
    async with await served.stream(headers=NOBODY, key=key) as stream:
        await stream.next()
    async with await served.websocket(headers=NOBODY, key=key):
        pass
    for path in (
        f"rooms?key={key}",
        f"view?key={key}",
        f"nothing?key={key}",
        f"rooms?key={TOKEN}",
        f"view?key={TOKEN}",
    ):
        await served.request(path, headers=NOBODY)
    await served.get("rooms", headers=OWNER)
    ours = [record.getMessage() for record in caplog.records if record.name != "asyncio"]
    assert any("GET /livedash/rooms?key=[secret] (127.0.0.1)" in message for message in ours)
    assert [message for message in ours if key in message or TOKEN in message] == []


async def test_an_error_of_ours_is_logged_as_one_and_a_refusal_for_a_while_is_none(
    served: Served, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    caplog.set_level(logging.INFO)
    served.services.is_draining = True
    await served.get("rooms/nothing")
    await served.get("health/ready")
    monkeypatch.setattr(served.hub, "statistics", None)
    await served.get("status")
    levels = [record.levelno for record in caplog.records if record.name == access_log.name]
    assert levels == [logging.INFO, logging.INFO, logging.ERROR]
