"""One HTTP request to a hub, over TCP or its UNIX socket, and its errors as ours."""

from __future__ import annotations

import http.client
import json
import socket
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final
from urllib.parse import quote, urlencode, urlsplit

from livedash import errors, limits
from livedash.client.endpoint import Endpoint
from livedash.errors import LivedashError, UnreachableError


def _classes(root: type[LivedashError]) -> dict[str, type[LivedashError]]:
    found = {root.code: root}
    for child in root.__subclasses__():
        found |= _classes(child)
    return found


_BY_CODE: Final = _classes(errors.LivedashError)
_BY_STATUS: Final[dict[int, type[LivedashError]]] = {
    401: errors.NotLoggedInError,
    403: errors.NotAllowedError,
    404: errors.NotFoundError,
    409: errors.ConflictError,
    413: errors.TooLargeError,
}


@dataclass(frozen=True, slots=True)
class Answer:
    status: int
    headers: Mapping[str, str]
    body: bytes

    def json(self) -> Any:
        return json.loads(self.body)


class _UnixConnection(http.client.HTTPConnection):
    def __init__(self, path: str, timeout: float) -> None:
        super().__init__("localhost", timeout=timeout)
        self._path = path

    def connect(self) -> None:
        self.sock = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self.sock.settimeout(self.timeout)
        self.sock.connect(self._path)


def request(
    endpoint: Endpoint,
    method: str,
    path: str,
    *,
    query: Mapping[str, str] | None = None,
    body: bytes | None = None,
    headers: Mapping[str, str] | None = None,
    timeout_s: float = limits.REQUEST_TIMEOUT_S,
) -> Answer:
    """`path` is relative to `livedash/`. Raises the hub's own error, or UnreachableError."""
    parts = urlsplit(endpoint.base_url)
    words = urlencode({**(query or {}), **endpoint.query()})
    target = parts.path + quote(path) + (f"?{words}" if words else "")
    connection = _connection(endpoint, timeout_s)
    try:
        connection.request(method, target, body, {**endpoint.headers(), **(headers or {})})
        response = connection.getresponse()
        answer = Answer(response.status, dict(response.headers), response.read())
    except (OSError, http.client.HTTPException) as error:
        raise UnreachableError(
            f"no hub answers at {endpoint.address} ({str(error) or type(error).__name__}); "
            "is it running, and is LIVEDASH_URL right?"
        ) from error
    finally:
        connection.close()
    if answer.status >= http.client.BAD_REQUEST:
        raise error_of(answer, endpoint)
    return answer


def error_of(answer: Answer, endpoint: Endpoint) -> LivedashError:
    """The exception that the hub answered with."""
    try:
        told = json.loads(answer.body)["error"]
        kind = _BY_CODE.get(told["code"]) or _BY_STATUS.get(answer.status, LivedashError)
        return kind(told["message"])
    except (ValueError, KeyError, TypeError):
        kind = _BY_STATUS.get(answer.status, UnreachableError)
        return kind(
            f"{endpoint.address} answered with status {answer.status}, which no hub of ours does; is the address right?"
        )


def _connection(endpoint: Endpoint, timeout_s: float) -> http.client.HTTPConnection:
    if endpoint.socket_path is not None:
        return _UnixConnection(endpoint.socket_path, timeout_s)
    parts = urlsplit(endpoint.base_url)
    kind = http.client.HTTPSConnection if parts.scheme == "https" else http.client.HTTPConnection
    return kind(parts.netloc, timeout=timeout_s)
