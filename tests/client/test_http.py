from __future__ import annotations

import json
import socket
from pathlib import Path

import pytest

from livedash import errors
from livedash.client.endpoint import Endpoint
from livedash.client.http import Answer, Outcome, error_of, request
from livedash.errors import LivedashError, NotFoundError, UnreachableError
from tests.client.answering import CUT, Answering, answer
from tests.end_to_end.processes import free_port

ENDPOINT = Endpoint("http://hub:8899/livedash/")


def told(code: str, message: str = "no") -> bytes:
    return json.dumps({"error": {"code": code, "message": message}}).encode()


def test_request_shows_its_login_and_quotes_what_a_url_must_not_hold() -> None:
    with Answering(answer("200 OK", '{"rooms": []}')) as server:
        got = request(server.endpoint, "GET", "rooms/a b", query={"since": "a:k-1,b:k-2"}, headers={"Accept": "x"})
    assert (got.status, got.json()) == (200, {"rooms": []})
    head = server.asked[0].splitlines()
    assert head[0] == "GET /livedash/rooms/a%20b?since=a%3Ak-1%2Cb%3Ak-2 HTTP/1.1"
    assert {"Authorization: Bearer t", "Accept: x"} <= set(head)


def test_key_of_a_link_goes_into_the_query_and_no_login_with_it() -> None:
    with Answering(answer("200 OK")) as server:
        endpoint = Endpoint(server.endpoint.base_url, key="k/1")
        request(endpoint, "GET", "rooms")
    assert server.asked[0].startswith("GET /livedash/rooms?key=k%2F1 HTTP/1.1")
    assert "Authorization" not in server.asked[0]


def test_body_is_sent_as_it_is() -> None:
    with Answering(answer("204 No Content", "")) as server:
        request(server.endpoint, "POST", "links", body=b'{"a":1}')
    assert server.asked[0].endswith('\r\n\r\n{"a":1}')


def test_hub_behind_a_unix_socket_is_asked_the_same_way(tmp_path: Path) -> None:
    with Answering(answer("200 OK", "[1]"), path=tmp_path / "hub.sock") as server:
        assert request(server.endpoint, "GET", "rooms").json() == [1]
    assert server.asked[0].startswith("GET /livedash/rooms HTTP/1.1")


@pytest.mark.parametrize(
    ("status", "body", "kind"),
    [
        (404, told("not_found"), errors.NotFoundError),
        (400, told("bad_setting"), errors.SettingRefusedError),
        (413, told("too_large"), errors.TooLargeError),
        (503, told("limit_reached"), errors.LimitReachedError),
        (403, told("a code of a later version"), errors.NotAllowedError),
        (418, told("a code of a later version"), LivedashError),
    ],
)
def test_errors_of_the_hub_are_raised_as_ours_with_its_words(
    status: int, body: bytes, kind: type[LivedashError]
) -> None:
    error = error_of(Answer(status, {}, body), ENDPOINT)
    assert type(error) is kind
    assert error.message == "no"


@pytest.mark.parametrize("body", [b"", b"<html>Bad gateway</html>", b"[]", b'{"error": "down"}', b'{"error": null}'])
@pytest.mark.parametrize(
    ("status", "kind"), [(502, UnreachableError), (401, errors.NotLoggedInError), (404, NotFoundError)]
)
def test_answer_that_is_no_hubs_is_told_with_the_address(status: int, kind: type[LivedashError], body: bytes) -> None:
    error = error_of(Answer(status, {}, body), ENDPOINT)
    assert type(error) is kind
    assert f"http://hub:8899/livedash/ answered with status {status}" in error.message


def test_refusal_of_a_request_is_raised() -> None:
    refusal = answer("404 Not Found", told("not_found", "there is no room 'a'").decode())
    with Answering(refusal) as server, pytest.raises(NotFoundError, match="there is no room 'a'"):
        request(server.endpoint, "GET", "rooms/a")


@pytest.mark.parametrize(
    "garbage", [CUT, "", "SSH-2.0-OpenSSH_9.2\r\n", "HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\n123"]
)
def test_peer_that_speaks_no_http_or_hangs_up_is_unreachable(garbage: str | None) -> None:
    with Answering(garbage) as server, pytest.raises(UnreachableError, match="is it running, and is LIVEDASH_URL"):
        request(server.endpoint, "GET", "rooms")


def test_port_where_nobody_listens_is_unreachable_and_the_message_holds_no_secret() -> None:
    endpoint = Endpoint(f"http://127.0.0.1:{free_port()}/livedash/", token="s3cret")
    with pytest.raises(UnreachableError, match=r"no hub answers at http://127\.0\.0\.1") as caught:
        request(endpoint, "GET", "rooms")
    assert "s3cret" not in caught.value.message


def test_hub_that_does_not_answer_in_time_is_unreachable() -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        endpoint = Endpoint(f"http://127.0.0.1:{silent.getsockname()[1]}/livedash/")
        with pytest.raises(UnreachableError, match="timed out"):
            request(endpoint, "GET", "rooms", timeout_s=0.05)


def test_request_is_made_as_often_as_its_caller_wants_and_the_last_outcome_stands() -> None:
    seen: list[Outcome] = []

    def again(outcome: Outcome) -> bool:
        seen.append(outcome)
        return len(seen) < 3

    busy = answer("503 Busy", told("limit_reached").decode(), "Retry-After: 2")
    with Answering(CUT, busy, answer("200 OK", "7")) as server:
        assert request(server.endpoint, "PUT", "rooms/a", body=b"{}", again=again).json() == 7
    assert [server.asked[0]] * 3 == server.asked
    assert isinstance(seen[0], ConnectionError)
    assert [
        (outcome.status, outcome.headers.get("Retry-After")) for outcome in seen[1:] if isinstance(outcome, Answer)
    ] == [
        (503, "2"),
        (200, None),
    ]
