"""A hub in either of its hosts, as an outsider sees it: an address, a token, and HTTP."""

from __future__ import annotations

import contextlib
import enum
import json
import urllib.error
import urllib.request
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.end_to_end.jupyter import Front, JupyterServer
from tests.end_to_end.serve import ServeProcess

ANSWER_LIMIT_S = 10.0


class HostKind(enum.Enum):
    SERVE = "serve"
    JUPYTER = "jupyter"


@dataclass(frozen=True, slots=True)
class Host:
    """`url` ends in `livedash/`. `token` is the host's own login."""

    url: str
    token: str

    @property
    def login(self) -> dict[str, str]:
        """The header that shows who the caller is."""
        return {"Authorization": f"Bearer {self.token}"}

    @property
    def websocket_url(self) -> str:
        return self.url.replace("http", "ws", 1) + "ws"

    def ask(self, method: str, path: str, body: object = None, *, login: bool = True) -> tuple[int, Any]:
        """Status and JSON of an answer, whatever the status."""
        data = None if body is None else json.dumps(body).encode()
        headers = {"Content-Type": "application/json", **(self.login if login else {})}
        request = urllib.request.Request(self.url + path, method=method, data=data, headers=headers)
        try:
            with urllib.request.urlopen(request, timeout=ANSWER_LIMIT_S) as answer:
                return answer.status, _json(answer.read())
        except urllib.error.HTTPError as refused:
            with refused:
                return refused.code, _json(refused.read())

    def publish(self, room: str, *records: dict[str, object]) -> dict[str, Any]:
        """The position after the last of them."""
        status, position = self.ask("POST", f"rooms/{room}/records", list(records))
        assert status == 200, position
        return dict(position)

    def share(self, *rooms: str, expires_s: float = 600) -> dict[str, Any]:
        """A link: its `id`, `url`, `feed_url` and `key`."""
        status, link = self.ask("POST", "links", {"rooms": rooms, "expires_s": expires_s})
        assert status == 201, link
        return dict(link)


@contextlib.contextmanager
def running_host(kind: HostKind, folder: Path) -> Iterator[Host]:
    match kind:
        case HostKind.SERVE:
            with ServeProcess(folder / "serve") as serve:
                yield Host(serve.url, serve.token)
        case HostKind.JUPYTER:
            (folder / "root").mkdir()
            with JupyterServer(Front.LAB, folder / "root", folder / "home") as jupyter:
                yield Host(jupyter.url("livedash/"), jupyter.token)


def _json(body: bytes) -> Any:
    return json.loads(body) if body else None
