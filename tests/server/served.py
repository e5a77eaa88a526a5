"""A real server on a free port, in the test's own loop, and ways to talk to it: requests, event streams, WebSockets."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable, Mapping
from dataclasses import replace
from types import TracebackType
from typing import Any, Self
from urllib.parse import urlencode, urljoin

from tornado import web
from tornado.httpclient import AsyncHTTPClient, HTTPRequest, HTTPResponse
from tornado.websocket import WebSocketClientConnection, websocket_connect

from livedash.server.lifecycle import RunningServer, ServeOptions, start
from livedash.wire.sse import Event, Parser

TOKEN = "the-token"
OWNER = {"Authorization": f"Bearer {TOKEN}"}
NOBODY: Mapping[str, str] = {}
LIMIT_S = 20.0  # of one answer, on a machine that is busy
POLL_S = 0.01
NDJSON = "application/x-ndjson"


class Served:
    """Requests are the owner's unless `headers` say otherwise."""

    def __init__(self, running: RunningServer) -> None:
        self.running, self.services = running, running.services
        self.url, self.hub = running.url, running.services.hub
        self.origin = running.url.removesuffix("/livedash/")
        self._client = AsyncHTTPClient(force_instance=True, defaults={"request_timeout": LIMIT_S})

    async def request(
        self,
        path: str,
        *,
        method: str = "GET",
        body: Any = None,
        headers: Mapping[str, str] = OWNER,
        params: Mapping[str, Any] | None = None,
    ) -> HTTPResponse:
        """Whatever the status. `path` is below `/livedash/`, or begins with `/`; a `body` that is no bytes is sent as JSON."""
        data = body if body is None or isinstance(body, bytes) else json.dumps(body).encode()
        query = f"?{urlencode(params, doseq=True)}" if params else ""
        request = HTTPRequest(
            urljoin(self.url, path) + query,
            method=method,
            headers=dict(headers),
            body=data,
            allow_nonstandard_methods=True,
            follow_redirects=False,
            decompress_response=False,
        )
        return await self._client.fetch(request, raise_error=False)

    async def get(self, path: str, *, headers: Mapping[str, str] = OWNER, **params: Any) -> HTTPResponse:
        return await self.request(path, headers=headers, params=params)

    async def post(self, path: str, body: Any = b"", *, headers: Mapping[str, str] = OWNER) -> HTTPResponse:
        return await self.request(path, method="POST", body=body, headers=headers)

    async def push(self, *records: Any, room: str = "train") -> str:
        """The position of the last one, as a cursor."""
        answer = json_of(await self.post(f"rooms/{room}/records", list(records)), 200)
        return f"{room}:{answer['epoch']}-{answer['offset']}"

    async def share(self, *rooms: str, **more: Any) -> dict[str, Any]:
        """A link, by default to `train`: its id, url, key, …"""
        link: dict[str, Any] = json_of(await self.post("links", {"rooms": rooms or ("train",), **more}), 201)
        return link

    async def cookie(self) -> dict[str, str]:
        """The header of a browser that opened the page with the token."""
        page = await self.get("view", headers=NOBODY, key=TOKEN)
        return {"Cookie": page.headers["Set-Cookie"].partition(";")[0]}

    async def stream(self, path: str = "feed", *, headers: Mapping[str, str] = OWNER, **params: Any) -> Stream:
        stream = Stream(self.running.url, path, headers, params)
        await stream.open()
        return stream

    async def websocket(
        self, *, headers: Mapping[str, str] = OWNER, subprotocol: str | None = None, **params: Any
    ) -> Socket:
        """Raises HTTPClientError where the upgrade is refused."""
        query = f"?{urlencode(params, doseq=True)}" if params else ""
        url = f"{self.url.replace('http', 'ws', 1)}ws{query}"
        request = HTTPRequest(url, headers=dict(headers), request_timeout=LIMIT_S)
        return Socket(await websocket_connect(request, subprotocols=[subprotocol] if subprotocol else None))

    @property
    def application(self) -> web.Application:
        """For a handler that a test adds."""
        application = self.running._server.request_callback
        assert isinstance(application, web.Application)
        return application

    def change(self, **config: Any) -> None:
        """Of the server's configuration, while it runs."""
        self.services.config = replace(self.services.config, **config)

    async def close(self) -> None:
        self._client.close()
        await self.running.drain()


async def serve(**options: Any) -> Served:
    return Served(await start(ServeOptions(**{"port": 0, "token": TOKEN, **options})))


def json_of(answer: HTTPResponse, status: int = 200) -> Any:
    assert answer.code == status, (answer.code, answer.body)
    return json.loads(answer.body)


def error_of(answer: HTTPResponse) -> tuple[int, str]:
    """Status and code."""
    return answer.code, json.loads(answer.body)["error"]["code"]


class Stream:
    """An event stream read by HTTP/1.0: its bytes come as they are, until the connection ends."""

    def __init__(self, url: str, path: str, headers: Mapping[str, str], params: Mapping[str, Any]) -> None:
        self._host, _, base = url.removeprefix("http://").partition("/")
        target = f"/{base}{path}?{urlencode(params, doseq=True)}"
        lines = [f"GET {target} HTTP/1.0", f"Host: {self._host}", *(f"{key}: {text}" for key, text in headers.items())]
        self._request = "\r\n".join([*lines, "", ""]).encode()
        self.parser = Parser()
        self.status = 0
        self.headers: dict[str, str] = {}
        self._events: list[Event] = []
        self.is_ended = False

    async def open(self) -> None:
        name, _, port = self._host.partition(":")
        self._reader, self._writer = await asyncio.open_connection(name, int(port))
        self._writer.write(self._request)
        head = await asyncio.wait_for(self._reader.readuntil(b"\r\n\r\n"), LIMIT_S)
        first, *lines = head.decode().strip().split("\r\n")
        self.status = int(first.split()[1])
        self.headers = dict(line.split(": ", 1) for line in lines)

    async def next(self) -> Event:
        while not self._events:
            await self._read()
            assert self._events or not self.is_ended, "the stream has ended"
        return self._events.pop(0)

    async def take(self, count: int) -> list[Event]:
        return [await self.next() for _ in range(count)]

    async def rest(self) -> list[Event]:
        """All up to the end."""
        while not self.is_ended:
            await self._read()
        events, self._events = self._events, []
        return events

    async def wait_for_comment(self) -> None:
        before = self.parser.comments
        while self.parser.comments == before:
            await self._read()

    async def close(self) -> None:
        self._writer.close()
        await self._writer.wait_closed()

    async def _read(self) -> None:
        data = await asyncio.wait_for(self._reader.read(65536), LIMIT_S)
        self.is_ended = not data
        self._events += self.parser.feed(data)

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.close()


class Socket:
    """A WebSocket that speaks JSON."""

    def __init__(self, connection: WebSocketClientConnection) -> None:
        self.connection = connection
        self._is_ended = False

    async def say(self, op: str, **fields: Any) -> None:
        await self.connection.write_message(json.dumps({"op": op, **fields}))

    async def hear_raw(self) -> str | bytes | None:
        if self._is_ended:  # tornado tells it once
            return None
        data = await asyncio.wait_for(asyncio.ensure_future(self.connection.read_message()), LIMIT_S)
        self._is_ended = data is None
        return data

    async def hear(self) -> Any:
        """The next message; None: the connection has ended."""
        data = await self.hear_raw()
        return None if data is None else json.loads(data)

    async def ask(self, op: str, **fields: Any) -> Any:
        await self.say(op, **fields)
        return await self.hear()

    async def close_code(self) -> int | None:
        """Reads up to the end."""
        while await self.hear_raw() is not None:
            pass
        return self.connection.close_code

    async def close(self) -> None:
        self.connection.close()
        await self.close_code()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.close()


async def until(condition: Callable[[], bool], what: str) -> None:
    """Returns once `condition()` is true, which the server's own work on this loop shall bring about."""
    for _ in range(round(LIMIT_S / POLL_S)):
        if condition():
            return
        await asyncio.sleep(POLL_S)
    raise AssertionError(f"{what}: not within {LIMIT_S} s")
