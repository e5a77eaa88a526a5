"""One HTTP request to a hub, over TCP or its UNIX socket, and its errors as ours."""

from __future__ import annotations

import http.client
import json
import socket
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Final
from urllib.parse import quote, urlencode, urlsplit

from livedash import errors, limits
from livedash.client.endpoint import Endpoint
from livedash.clock import monotonic_s
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


Outcome = Answer | OSError | http.client.HTTPException
_LEAST_S: Final = 0.001  # a timeout of 0 would mean not to wait at all


def _never(_: Outcome) -> bool:
    return False


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
    again: Callable[[Outcome], bool] = _never,
) -> Answer:
    """`path` is relative to `livedash/`; `again` says, and waits, if an outcome is to be followed by another attempt.

    Raises the hub's own error, or UnreachableError.
    """
    parts = urlsplit(endpoint.base_url)
    words = urlencode({**(query or {}), **endpoint.query()})
    target = parts.path + quote(path) + (f"?{words}" if words else "")
    shown = {**endpoint.headers(), **(headers or {})}
    end_s = monotonic_s() + timeout_s
    while True:
        connection = _connection(endpoint, max(_LEAST_S, end_s - monotonic_s()))
        outcome = _exchange(connection, method, target, body, shown)
        if not again(outcome):
            return _answer_of(outcome, endpoint)


def _exchange(
    connection: http.client.HTTPConnection, method: str, target: str, body: bytes | None, headers: dict[str, str]
) -> Outcome:
    try:
        connection.request(method, target, body, headers)
        response = connection.getresponse()
        return Answer(response.status, dict(response.headers), response.read())
    except (OSError, http.client.HTTPException) as error:
        return error
    finally:
        connection.close()


def _answer_of(outcome: Outcome, endpoint: Endpoint) -> Answer:
    """Raises what it is, if it is no answer, or one that refuses."""
    if not isinstance(outcome, Answer):
        raise UnreachableError(
            f"no hub answers at {endpoint.address} ({str(outcome) or type(outcome).__name__}); "
            "is it running, and is LIVEDASH_URL right?"
        ) from outcome
    if outcome.status >= http.client.BAD_REQUEST:
        raise error_of(outcome, endpoint)
    return outcome


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
