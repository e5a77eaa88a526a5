"""What all routes share: finding the caller's grant before anything runs, and answering errors as JSON."""

from __future__ import annotations

import inspect
import json
import logging
import math
import re
from dataclasses import replace
from http import HTTPStatus
from types import TracebackType
from typing import Any

import msgspec
from tornado.web import Finish, HTTPError, RequestHandler

from livedash import limits
from livedash.core.grant import Grant, owner
from livedash.errors import (
    LivedashError,
    NotAllowedError,
    NotFoundError,
    NotLoggedInError,
    ProtocolError,
    SettingRefusedError,
)
from livedash.server.auth import By, HostHandler
from livedash.server.client_address import counted_address
from livedash.server.request_log import summary
from livedash.server.services import Services

log = logging.getLogger("livedash")
_SAFE = ("GET", "HEAD", "OPTIONS")
_NO_GRANT = Grant("nobody")
_READABLE = "Livedash-Epoch, Livedash-Offset, Livedash-First, Retry-After"  # by a page elsewhere
_VIEWER_SECRET = re.compile(f"[A-Za-z0-9_-]{{{limits.VIEWER_SECRET_CHARACTERS_MIN},{limits.VIEWER_SECRET_CHARACTERS}}}")


class Route(HostHandler):
    """`services` comes by the routing table. `self.grant` is the caller's, set before the verb's method runs."""

    is_open = False  # True: no login and no key is needed
    action_of_get = "read"  # what the host's authorizer is asked for
    is_viewed = False  # True: who asks is a viewer, who may say by `viewer` that it is one that was here before

    def initialize(self, services: Services) -> None:
        self.services = services
        self.grant = _NO_GRANT
        self.login_by: By | None = None

    async def prepare(self) -> None:
        """Authenticates and authorizes; a WebSocket is not upgraded before."""
        prepared = super().prepare()
        if inspect.isawaitable(prepared):
            await prepared
        if self._finished or self.is_open or self.request.method == "OPTIONS":
            return
        if self.get_query_argument("key", None) is not None:
            await self.services.wait_until_open()  # links are among what it begins with
        grant = await self._find_grant()
        secret = self._viewer_secret() if self.is_viewed else ""
        self.grant = replace(grant, address=counted_address(self.request.remote_ip), viewer_secret=secret)
        await self.services.wait_until_open()

    def head(self, *names: str) -> Any:
        """As GET, without its content (RFC 9110 9.3.2): tornado sends none."""
        return self.get(*names)

    def options(self, *_: Any) -> None:
        """A browser asks before it sends Last-Event-ID across origins; reads by a link's key may come from anywhere."""
        self.set_header("Access-Control-Allow-Origin", "*")
        self.set_header("Access-Control-Allow-Methods", "GET, HEAD, OPTIONS")
        self.set_header("Access-Control-Allow-Headers", "Last-Event-ID, Cache-Control, Accept")
        self.set_header("Access-Control-Max-Age", "600")
        self.set_status(204)
        self.finish()

    # Callers

    async def _find_grant(self) -> Grant:
        key = self.get_query_argument("key", None)
        if key is not None:
            return self._grant_of_key(key)
        login = await self.host_login()
        if login is None:
            raise NotLoggedInError(
                "log in first, or open a share link; with a token, send 'Authorization: Bearer <token>'"
            )
        principal, self.login_by = login
        self._check_origin_of_cookie()
        action = self.action_of_get if self.request.method in _SAFE else "write"
        if not await self.host_may(action):
            raise NotAllowedError(f"you are logged in, but may not {action} here; ask who runs this server")
        self._note_browser()
        return replace(owner(principal), label=self.host_label(principal))

    def _grant_of_key(self, key: str) -> Grant:
        if self.request.method in ("GET", "HEAD") and self.host_takes_key(key):
            self.login_by = By.HEADER
            return replace(owner("owner"), label="owner")
        grant = self.services.grant_of_key(key)
        if grant is not None:
            if self.request.method not in _SAFE:
                raise NotAllowedError("a share link only reads; publish with the server's own login or token")
            self.set_header("Access-Control-Allow-Origin", "*")
            self.set_header("Access-Control-Expose-Headers", _READABLE)
            return grant
        raise NotFoundError("there is no such link: it may have expired or been revoked; ask for a new one")

    def _viewer_secret(self) -> str:
        secret = self.get_query_argument("viewer", "")
        if secret and not _VIEWER_SECRET.fullmatch(secret):
            raise SettingRefusedError(
                f"viewer is a random text of {limits.VIEWER_SECRET_CHARACTERS_MIN} to {limits.VIEWER_SECRET_CHARACTERS} "
                "letters, digits, - and _, the same one whenever you come again"
            )
        return secret

    def _check_origin_of_cookie(self) -> None:
        """Another site's page can make a browser send its cookie: reads with a foreign Origin and such writes are refused."""
        if self.login_by is not By.COOKIE:
            return
        is_write = self.request.method not in _SAFE or self.is_websocket
        has_origin = "Origin" in self.request.headers
        if (is_write or has_origin) and not self.host_origin_is_ours():
            raise NotAllowedError("this came from another site's page; open the page from this server, or send a token")

    @property
    def is_websocket(self) -> bool:
        return self.request.headers.get("Upgrade", "").lower() == "websocket"

    def _note_browser(self) -> None:
        """A link's host is the address by which this user's browser came last (DESIGN 3.6)."""
        if self.login_by is By.COOKIE or "Sec-Fetch-Mode" in self.request.headers:
            self.services.browser_origin = f"{self.request.protocol}://{self.request.host}"

    # Requests

    def json_body(self) -> Any:
        """Raises ProtocolError."""
        try:
            return msgspec.json.decode(self.request.body)
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
            raise ProtocolError(f"the request's body is no JSON: {error}") from error

    # Answers

    def answer(self, content: Any, status: int = 200) -> None:
        """JSON."""
        self.set_status(status)
        self.set_header("Content-Type", "application/json; charset=utf-8")
        self.set_header("Cache-Control", "no-store")
        self.finish(msgspec.json.encode(content))

    def write_error(self, status_code: int, **kwargs: Any) -> None:
        error = kwargs.get("exc_info", (None, None, None))[1]
        code, message = _told(error, status_code, self._reason)
        if isinstance(error, LivedashError):
            self.set_status(self._status_of(error))
            if error.can_retry:
                retry_after_s = getattr(error, "retry_after_s", None) or limits.BYE_RETRY_S
                self.set_header("Retry-After", str(math.ceil(retry_after_s)))
        elif status_code == HTTPStatus.METHOD_NOT_ALLOWED:
            self.set_header("Allow", ", ".join(self._methods()))
        if self._is_read_by_link():
            self.set_header("Access-Control-Allow-Origin", "*")
            self.set_header("Access-Control-Expose-Headers", _READABLE)
        self.set_header("Cache-Control", "no-store")
        self.answer_error(code, message)

    def answer_error(self, code: str, message: str) -> None:
        """The status and all other headers are set."""
        self.set_header("Content-Type", "application/json; charset=utf-8")
        self.finish(json.dumps({"error": {"code": code, "message": message}}))

    def _methods(self) -> list[str]:
        """Those that this route has a method for; GET's also answers HEAD."""
        unimplemented = RequestHandler.get
        own = {verb: inspect.unwrap(getattr(type(self), verb.lower())) for verb in self.SUPPORTED_METHODS}
        has = [verb for verb, method in own.items() if method is not unimplemented]
        return has if "GET" in has else [verb for verb in has if verb != "HEAD"]

    def log_exception(
        self, typ: type[BaseException] | None, value: BaseException | None, tb: TracebackType | None
    ) -> None:
        """A caller's mistake is no error of ours. Tornado's own words would hold the URI, and so a link's key."""
        if isinstance(value, LivedashError | HTTPError):
            log.debug("%s: %s", summary(self.request), _told(value, 0, self._reason)[1])
        elif not isinstance(value, Finish):
            log.error("uncaught exception in %s", summary(self.request), exc_info=value)

    def _is_read_by_link(self) -> bool:
        """A page elsewhere whose link has ended must be able to read so: what it can't read looks like a broken network."""
        return "key" in self.request.query_arguments and self.login_by is None and self.request.method in _SAFE

    def _status_of(self, error: LivedashError) -> int:
        return self.host_unknown_status if isinstance(error, NotLoggedInError) else error.status


def _told(error: BaseException | None, status: int, reason: str) -> tuple[str, str]:
    """Code and message for the peer: internals stay in the log."""
    if isinstance(error, LivedashError):
        return error.code, error.message
    if isinstance(error, HTTPError) and error.log_message and status < 500:
        text = error.log_message % error.args if error.args else error.log_message
        return ("bad_request" if status == 400 else "http_error"), text
    return ("internal" if status >= 500 else "http_error"), reason
