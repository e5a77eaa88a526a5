"""What the log says of a request: never a key, a token or a cookie."""

from __future__ import annotations

import logging
from http import HTTPStatus
from typing import Final
from urllib.parse import unquote_plus

from tornado.httputil import HTTPServerRequest
from tornado.log import access_log
from tornado.web import RequestHandler

_SECRETS: Final = frozenset({"key", "token", "viewer", "_xsrf"})


def scrubbed(uri: str) -> str:
    """A request's URI without secrets, whichever way their names are written (`k%65y=` is `key=`)."""
    path, mark, query = uri.partition("?")
    return path + mark + "&".join(map(_scrubbed_pair, query.split("&")))


def _scrubbed_pair(pair: str) -> str:
    name, equals, _ = pair.partition("=")
    return f"{name}=[secret]" if equals and unquote_plus(name).lower() in _SECRETS else pair


def summary(request: HTTPServerRequest) -> str:
    return f"{request.method} {scrubbed(request.uri or '')} ({request.remote_ip})"


def log_request(handler: RequestHandler) -> None:
    """An application's `log_function`. 503 is what a full, starting or stopping server says: no fault of its own."""
    status = handler.get_status()
    level = logging.ERROR if status >= 500 and status != HTTPStatus.SERVICE_UNAVAILABLE else logging.INFO
    access_log.log(level, "%d %s %.1fms", status, summary(handler.request), 1000 * handler.request.request_time())
