"""Who calls: the contract that each host fulfils, and the token login of `livedash serve`."""

from __future__ import annotations

import hashlib
import hmac
import re
from enum import Enum
from typing import Final
from urllib.parse import urlsplit

from tornado.httputil import HTTPServerRequest
from tornado.web import RequestHandler

COOKIE: Final = "livedash-login"
_SCHEMES: Final = ("bearer ", "token ")
_NOT_OF_NAMES: Final = re.compile(r"[^A-Za-z0-9.-]")


class By(Enum):
    """How a caller showed who it is. A cookie is sent by the browser itself, so its writes need a same-origin Origin."""

    HEADER = "header"
    COOKIE = "cookie"
    SOCKET = "socket"


class HostHandler(RequestHandler):
    """What a host adds to the routes; a route class is mixed in before it. This one knows nobody."""

    async def host_login(self) -> tuple[str, By] | None:
        """The principal of the host's own login, None if there is none. Never redirects or answers."""
        return None

    async def host_may(self, action: str) -> bool:
        """Asks the host's authorizer; `action` is read, write or execute."""
        return False

    def host_takes_key(self, key: str) -> bool:
        """True if `?key=` is the host's own token (on GET only)."""
        return False

    def host_origin_is_ours(self) -> bool:
        """True if the request's Origin is this server (or one that the host's configuration allows)."""
        origin = self.request.headers.get("Origin")
        return origin is not None and urlsplit(origin).netloc.lower() == self.request.host.lower()

    def host_label(self, principal: str) -> str:
        """What others who are logged in see of a viewer with this login."""
        return principal

    def host_login_url(self) -> str | None:
        """Where a person logs in, None where a page can't help."""
        return None

    def host_set_cookie(self) -> None:
        """After a page was opened by `?key=<token>`: so that nobody copies a token as 'the link'."""

    host_unknown_status: int = 401


def token_of(request: HTTPServerRequest) -> str | None:
    """The token in `Authorization: Bearer …` or `token …`."""
    header = request.headers.get("Authorization", "")
    for scheme in _SCHEMES:
        if header.lower().startswith(scheme):
            return header[len(scheme) :].strip()
    return None


class TokenLogin:
    """The login of `livedash serve`: one token, and a cookie that is made from it and does not hold it."""

    def __init__(self, token: str) -> None:
        self._token = token
        self.cookie = hmac.new(token.encode(), b"livedash login cookie", hashlib.sha256).hexdigest()

    def takes(self, token: str) -> bool:
        return hmac.compare_digest(token.encode(), self._token.encode())

    def takes_cookie(self, cookie: str) -> bool:
        return hmac.compare_digest(cookie.encode(), self.cookie.encode())


class TokenHandler(HostHandler):
    """The host `livedash serve`. Its application's settings hold `livedash_login`."""

    @property
    def _login(self) -> TokenLogin:
        login: TokenLogin = self.settings["livedash_login"]
        return login

    async def host_login(self) -> tuple[str, By] | None:
        token = token_of(self.request)
        if token is not None:
            return ("owner", By.HEADER) if self._login.takes(token) else None
        cookie = self.get_cookie(self._cookie_name)
        if cookie is not None and self._login.takes_cookie(cookie):
            return "owner", By.COOKIE
        return None

    async def host_may(self, action: str) -> bool:
        return True

    def host_takes_key(self, key: str) -> bool:
        return self._login.takes(key)

    def host_set_cookie(self) -> None:
        secure = self.request.protocol == "https"
        self.set_cookie(
            self._cookie_name, self._login.cookie, httponly=True, samesite="Strict", secure=secure, path="/"
        )

    @property
    def _cookie_name(self) -> str:
        """Cookies are shared by all ports of a host: two servers on one machine must not log each other out.

        The host is what a request says it is: what can't stand in a cookie's name (RFC 6265 4.1.1) is left out.
        """
        return f"{COOKIE}-{_NOT_OF_NAMES.sub('', self.request.host.rpartition(':')[2])}"


class SocketHandler(HostHandler):
    """The host of a UNIX socket that only its owner can open: who gets there is the owner."""

    async def host_login(self) -> tuple[str, By] | None:
        return "owner", By.SOCKET

    async def host_may(self, action: str) -> bool:
        return True
