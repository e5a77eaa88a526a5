from __future__ import annotations

import socket
import stat
from pathlib import Path

import pytest
from tornado.httpclient import AsyncHTTPClient, HTTPRequest
from tornado.netutil import Resolver
from tornado.simple_httpclient import SimpleAsyncHTTPClient
from tornado.web import RequestHandler

from livedash import limits
from livedash.server.app import ROUTES, SOCKET_BASE_PATH, handler_class, http_server, rules, socket_server
from livedash.server.auth import SocketHandler, TokenHandler
from livedash.server.routes.route import Route
from tests.server.served import NOBODY, OWNER, Served, error_of, json_of


class ToSocket(Resolver):
    """Whatever host is asked for, the UNIX socket answers."""

    def initialize(self, path: str) -> None:
        self._path = path

    async def resolve(self, *_: object) -> list[tuple[int, str]]:
        return [(socket.AF_UNIX, self._path)]


def test_each_route_becomes_a_handler_of_its_host_below_the_base_path(served: Served) -> None:
    table = rules(served.services, TokenHandler, "/a%40b/x.y/livedash/")
    for (path, handler, arguments), (route_path, route) in zip(table, ROUTES, strict=False):
        assert path == r"/a%40b/x\.y/livedash/" + route_path
        assert issubclass(handler, route)
        assert issubclass(handler, TokenHandler)
        assert arguments == {"services": served.services}


def test_a_routes_rules_come_before_its_hosts() -> None:
    handler = handler_class(Route, SocketHandler)
    order = handler.__mro__
    assert order.index(Route) < order.index(SocketHandler) < order.index(RequestHandler)
    assert handler.__name__ == "SocketHandlerRoute"


@pytest.mark.parametrize(
    ("method", "path"), [("GET", "/nothing"), ("POST", "/livedash/nothing"), ("GET", "/livedash/rooms/")]
)
async def test_any_other_path_is_not_found_and_says_where_the_routes_are(
    served: Served, method: str, path: str
) -> None:
    answer = await served.request(path, method=method, headers=NOBODY, body=b"" if method == "POST" else None)
    assert error_of(answer) == (404, "not_found")
    assert "/livedash/" in answer.body.decode()


@pytest.mark.parametrize(("query", "location"), [("", "/livedash/view"), ("?key=k", "/livedash/view?key=k")])
async def test_the_root_leads_to_the_page(served: Served, query: str, location: str) -> None:
    answer = await served.request(f"/{query}", headers=NOBODY)
    assert (answer.code, answer.headers["Location"]) == (302, location)


def test_a_body_may_be_a_little_longer_than_a_publish_so_that_too_long_ones_are_told_so(served: Served) -> None:
    server = http_server(served.application)
    assert limits.PUBLISH_BODY_BYTES < server.conn_params.max_body_size <= limits.PUBLISH_BODY_BYTES + limits.MIB


@pytest.mark.parametrize("trusts_proxy", [False, True])
def test_a_proxys_word_counts_only_where_it_is_trusted(served: Served, trusts_proxy: bool) -> None:
    assert http_server(served.application, trusts_proxy=trusts_proxy).xheaders is trusts_proxy


def mode_of(path: str) -> int:
    return stat.S_IMODE(Path(path).stat().st_mode)


async def test_who_may_open_the_socket_needs_no_token(served: Served, tmp_path: Path) -> None:
    path = str(tmp_path / "hub.sock")
    server = socket_server(served.services, path)
    resolver = ToSocket(path=path)
    client: AsyncHTTPClient = SimpleAsyncHTTPClient(force_instance=True, resolver=resolver)
    url = f"http://hub{SOCKET_BASE_PATH}rooms/train/records"
    answer = await client.fetch(HTTPRequest(url, method="POST", body='{"n": 1}'))
    assert json_of(answer)["offset"] == 1
    assert mode_of(path) == 0o600
    assert json_of(await served.get("rooms/train", headers=OWNER))["offset"] == 1  # it is the same hub
    client.close()
    server.stop()
    await server.close_all_connections()


@pytest.mark.parametrize("path", ["nothing", "rooms/a/b/c", "static/a/b"])
async def test_a_path_without_a_route_is_told_as_json(served: Served, path: str) -> None:
    assert error_of(await served.get(path)) == (404, "not_found")


async def test_the_address_that_a_server_prints_leads_to_the_page(served: Served) -> None:
    await served.push({"n": 1})
    answer = await served.request("?room=train", method="GET")
    assert answer.headers["Location"] == "/livedash/view?room=train"
