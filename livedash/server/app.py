"""The routing table, and the application of `livedash serve` and of the UNIX socket."""

from __future__ import annotations

import re
from http import HTTPStatus
from typing import Any, Final

from tornado import httpserver, web
from tornado.netutil import bind_unix_socket

from livedash import limits
from livedash.server.auth import HostHandler, SocketHandler, TokenHandler, TokenLogin
from livedash.server.request_log import log_request
from livedash.server.routes.dashboards import Dashboards, OneDashboard
from livedash.server.routes.feed import Feed
from livedash.server.routes.health import Live, Ready, Status
from livedash.server.routes.links import Links, OneLink
from livedash.server.routes.poll import Poll
from livedash.server.routes.records import Records
from livedash.server.routes.rooms import ClearRoom, OneRoom, RoomPresence, Rooms
from livedash.server.routes.route import Route
from livedash.server.routes.static import Static
from livedash.server.routes.view import View
from livedash.server.routes.ws import Ws
from livedash.server.services import Services

SOCKET_BASE_PATH: Final = "/livedash/"
_NAME: Final = r"([^/]+)"

ROUTES: Final[tuple[tuple[str, type[Route]], ...]] = (
    (r"rooms", Rooms),
    (rf"rooms/{_NAME}", OneRoom),
    (rf"rooms/{_NAME}/clear", ClearRoom),
    (rf"rooms/{_NAME}/presence", RoomPresence),
    (rf"rooms/{_NAME}/records", Records),
    (r"feed", Feed),
    (r"poll", Poll),
    (r"ws", Ws),
    (r"view", View),
    (r"dashboards", Dashboards),
    (rf"dashboards/{_NAME}", OneDashboard),
    (r"links", Links),
    (rf"links/{_NAME}", OneLink),
    (r"health/live", Live),
    (r"health/ready", Ready),
    (r"status", Status),
    (rf"static/{_NAME}", Static),
)

Rule = tuple[str, type[web.RequestHandler], dict[str, Any]]


def rules(services: Services, host: type[HostHandler], base_path: str) -> list[Rule]:
    """The routes below `base_path` (`…/livedash/`), each one made a handler of the host."""
    base = re.escape(base_path)
    table = [(base + path, route) for path, route in ROUTES]
    table += [(base.removesuffix("/") + "/?", Root), (base + ".*", NotFound)]
    return [(path, handler_class(route, host), {"services": services}) for path, route in table]


def handler_class(route: type[Route], host: type[HostHandler]) -> type[web.RequestHandler]:
    return type(f"{host.__name__}{route.__name__}", (route, host), {"__module__": route.__module__})


class Root(Route):
    """`livedash/` itself, where the address that a server prints leads: to the page."""

    is_open = True

    def get(self) -> None:
        query = f"?{self.request.query}" if self.request.query else ""
        self.redirect(f"{self.services.config.base_path}view{query}")


class NotFound(Route):
    """Any other path below `livedash/`, and of all of `livedash serve`."""

    is_open = True

    async def prepare(self) -> None:
        base_path = self.services.config.base_path
        self.set_status(HTTPStatus.NOT_FOUND)
        self.set_header("Cache-Control", "no-store")
        self.answer_error("not_found", f"there is nothing here; the routes begin with {base_path}")


def serve_application(services: Services, login: TokenLogin) -> web.Application:
    """The application of `livedash serve`."""
    base_path = services.config.base_path
    root = [(r"/", web.RedirectHandler, {"url": base_path + "view", "permanent": False})]
    return web.Application(
        [*rules(services, TokenHandler, base_path), *root],
        livedash_login=login,
        log_function=log_request,
        default_handler_class=handler_class(NotFound, TokenHandler),
        default_handler_args={"services": services},
    )


def http_server(application: web.Application, *, trusts_proxy: bool = False) -> httpserver.HTTPServer:
    return httpserver.HTTPServer(
        application,
        max_body_size=limits.PUBLISH_BODY_BYTES + limits.MIB,
        max_buffer_size=limits.PUBLISH_BODY_BYTES * 2,
        xheaders=trusts_proxy,
    )


def socket_server(services: Services, path: str) -> httpserver.HTTPServer:
    """Listens on a UNIX socket that only its owner can open: kernels publish there without a token or a port."""
    application = web.Application(list(rules(services, SocketHandler, SOCKET_BASE_PATH)), log_function=log_request)
    server = http_server(application)
    server.add_socket(bind_unix_socket(path, mode=0o600, backlog=512))
    return server
