"""The address of a hub: a URL or a UNIX socket, and what opens it."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass
from urllib.parse import parse_qs, urlsplit

from livedash.errors import SettingRefusedError

URL_VARIABLE = "LIVEDASH_URL"
TOKEN_VARIABLE = "LIVEDASH_TOKEN"
_PATH = "livedash/"


@dataclass(frozen=True, slots=True)
class Endpoint:
    """`base_url` ends with `livedash/`. `is_jupyter`: this kernel's own Jupyter server, so that its pages reach the
    hub.
    """

    base_url: str
    token: str | None = None
    key: str | None = None
    socket_path: str | None = None
    is_jupyter: bool = False
    rooms: tuple[str, ...] = ()  # that a link's URL names

    def __repr__(self) -> str:
        return f"Endpoint({self.address})"

    @property
    def address(self) -> str:
        """For people, without secrets."""
        return self.socket_path or self.base_url

    @property
    def websocket_url(self) -> str:
        scheme, rest = self.base_url.split("://", 1)
        return f"{'wss' if scheme == 'https' else 'ws'}://{rest}ws"

    def headers(self) -> dict[str, str]:
        return {"Authorization": f"Bearer {self.token}"} if self.token else {}

    def query(self) -> dict[str, str]:
        return {"key": self.key} if self.key else {}


def endpoint_of_url(url: str, token: str | None = None) -> Endpoint:
    """A hub's base URL (with or without `livedash/`), or a link's `view` or `feed` URL.

    Raises SettingRefusedError for a text that is no http(s) URL.
    """
    parts = urlsplit(url if "://" in url else f"http://{url}")
    if parts.scheme not in ("http", "https") or not parts.netloc:
        raise SettingRefusedError(
            f"{url!r} is no address of a hub; it looks like http://host:8899/ or a share link's URL"
        )
    query = parse_qs(parts.query)
    key = query["key"][0] if query.get("key") else None
    path = parts.path
    for page in ("view", "feed", "poll", "ws"):
        path = path.removesuffix(page) if path.endswith(f"/{_PATH}{page}") else path
    if not path.endswith("/"):
        path += "/"
    if not path.endswith(f"/{_PATH}"):
        path += _PATH
    host = parts.netloc.rpartition("@")[2]
    token = None if key else token
    return Endpoint(f"{parts.scheme}://{host}{path}", token, key, rooms=tuple(query.get("room", ())))


def endpoint_of_environment(environment: Mapping[str, str] = os.environ) -> Endpoint | None:
    """By LIVEDASH_URL and LIVEDASH_TOKEN."""
    url = environment.get(URL_VARIABLE)
    return endpoint_of_url(url, environment.get(TOKEN_VARIABLE)) if url else None


def endpoint_of_socket(path: str) -> Endpoint:
    return Endpoint("http://localhost/livedash/", socket_path=path, is_jupyter=True)
