from __future__ import annotations

from http.cookies import SimpleCookie

import pytest
from tornado.httputil import HTTPHeaders, HTTPServerRequest, RequestStartLine
from tornado.web import Application

from livedash.server.auth import By, HostHandler, SocketHandler, TokenHandler, TokenLogin, token_of
from tests.server.served import NOBODY, TOKEN, Served, json_of


def request(*, host: str = "127.0.0.1:8899", **headers: str) -> HTTPServerRequest:
    given = {"Host": host, **headers}
    made = HTTPServerRequest(start_line=RequestStartLine("GET", "/", "HTTP/1.1"), headers=HTTPHeaders(given))
    made.connection = Connection()  # type: ignore[assignment]
    return made


class Connection:
    def set_close_callback(self, callback: object) -> None:
        """A handler asks for it."""


def handler(kind: type[HostHandler], asked: HTTPServerRequest, login: TokenLogin | None = None) -> HostHandler:
    return kind(Application(livedash_login=login), asked)


@pytest.mark.parametrize(
    ("header", "token"),
    [
        ("Bearer abc", "abc"),
        ("bearer  abc ", "abc"),
        ("token abc", "abc"),
        ("TOKEN abc", "abc"),
        ("Basic abc", None),
        ("abc", None),
        ("", None),
    ],
)
def test_a_token_stands_after_bearer_or_token(header: str, token: str | None) -> None:
    assert token_of(request(Authorization=header)) == token


def test_the_login_takes_its_token_and_the_cookie_made_from_it() -> None:
    login = TokenLogin("abc")
    assert login.takes("abc")
    assert login.takes_cookie(login.cookie)
    assert [login.takes(text) for text in ("", "ab", "abcd", "é", login.cookie)] == [False] * 5
    assert [login.takes_cookie(text) for text in ("", "abc", TokenLogin("other").cookie)] == [False] * 3
    assert "abc" not in login.cookie


async def test_a_host_that_knows_nobody_lets_nobody_in() -> None:
    host = handler(HostHandler, request())
    assert await host.host_login() is None
    assert not await host.host_may("read")
    assert not host.host_takes_key("key")
    assert host.host_login_url() is None
    host.host_set_cookie()
    assert "Set-Cookie" not in host._headers


async def test_who_reaches_the_socket_is_its_owner() -> None:
    host = handler(SocketHandler, request())
    assert await host.host_login() == ("owner", By.SOCKET)
    assert await host.host_may("write")


@pytest.mark.parametrize(
    ("origin", "is_ours"),
    [
        ("http://127.0.0.1:8899", True),
        ("https://127.0.0.1:8899", True),
        ("HTTP://127.0.0.1:8899", True),
        ("http://127.0.0.1:8898", False),
        ("http://127.0.0.1:8899.elsewhere.example", False),
        ("http://elsewhere.example", False),
        ("null", False),
        ("", False),
    ],
)
def test_an_origin_is_ours_if_its_host_and_port_are(origin: str, is_ours: bool) -> None:
    assert handler(HostHandler, request(Origin=origin)).host_origin_is_ours() is is_ours


def test_no_origin_is_not_ours() -> None:
    assert not handler(HostHandler, request()).host_origin_is_ours()


async def test_a_token_in_a_header_is_told_apart_from_a_cookie() -> None:
    login = TokenLogin(TOKEN)
    by_header = handler(TokenHandler, request(Authorization=f"Bearer {TOKEN}"), login)
    by_cookie = handler(TokenHandler, request(Cookie=f"livedash-login-8899={login.cookie}"), login)
    assert await by_header.host_login() == ("owner", By.HEADER)
    assert await by_cookie.host_login() == ("owner", By.COOKIE)
    assert await handler(TokenHandler, request(Cookie="livedash-login-8899=x"), login).host_login() is None
    assert await handler(TokenHandler, request(), login).host_login() is None
    assert await by_header.host_may("execute")
    assert by_header.host_takes_key(TOKEN)


@pytest.mark.parametrize(
    ("host", "name"),
    [
        ("127.0.0.1:8899", "livedash-login-8899"),
        ("lab.example", "livedash-login-lab.example"),
        ("[::1]", "livedash-login-1"),
        ("a b,c;d", "livedash-login-abcd"),
    ],
)
def test_a_cookie_is_named_after_its_port_whatever_a_request_says_its_host_is(host: str, name: str) -> None:
    login = TokenLogin(TOKEN)
    asked = request()
    asked.host = host
    made = handler(TokenHandler, asked, login)
    made.host_set_cookie()
    (cookie,) = made._new_cookie.values()
    assert (cookie.key, cookie.value) == (name, login.cookie)


@pytest.mark.parametrize(("scheme", "is_secure"), [("http", False), ("https", True)])
def test_a_cookie_set_over_https_comes_back_over_https_alone(scheme: str, is_secure: bool) -> None:
    asked = request()
    asked.protocol = scheme
    made = handler(TokenHandler, asked, TokenLogin(TOKEN))
    made.host_set_cookie()
    (cookie,) = made._new_cookie.values()
    assert (bool(cookie["secure"]), cookie["httponly"], cookie["samesite"]) == (is_secure, True, "Strict")


async def test_two_servers_on_one_machine_do_not_log_each_other_out(served: Served) -> None:
    answer = await served.get("view", headers=NOBODY, key=TOKEN)
    (cookie,) = SimpleCookie(answer.headers["Set-Cookie"]).values()
    assert cookie.key.endswith(served.origin.rpartition(":")[2])
    both = f"livedash-login-1=other; {cookie.key}={cookie.value}"
    assert json_of(await served.get("rooms", headers={"Cookie": both})) == {"rooms": []}
