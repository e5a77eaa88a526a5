from __future__ import annotations

import asyncio
import socket
from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import Any

import pytest
from tornado import web
from tornado.httpserver import HTTPServer
from tornado.netutil import bind_sockets
from tornado.websocket import websocket_connect

from livedash import limits
from livedash.server.sinks import StreamSink, WebSocketSink
from livedash.server.websocket_handler import WebSocketHandler
from tests.server.served import LIMIT_S, until

LARGE = b"x" * 20_000_000  # more than the buffers of both ends hold


@dataclass(slots=True)
class Made:
    """What the handler of the one request made, and what its sink told."""

    sink: Any = None
    handler: Any = None
    drained: int = 0
    gone: int = 0
    is_over: bool = False

    def take(self, sink: Any, handler: Any) -> None:
        self.sink, self.handler = sink, handler
        sink.on_drained, sink.on_gone = self._on_drained, self._on_gone

    def _on_drained(self) -> None:
        self.drained += 1

    def _on_gone(self) -> None:
        self.gone += 1


class StreamHandler(web.RequestHandler):
    async def get(self) -> None:
        made: Made = self.settings["made"]
        sink = StreamSink(self)
        made.take(sink, self)
        await sink.ended
        made.is_over = True

    def on_connection_close(self) -> None:
        self.settings["made"].sink.release()


class FrameHandler(WebSocketHandler):
    def open(self, *_: str) -> None:
        is_binary = self.get_query_argument("binary", "") == "1"
        self.settings["made"].take(WebSocketSink(self, is_binary), self)

    def on_close(self) -> None:
        self.settings["made"].is_over = True


class Line:
    """A peer of the sink that reads when it is told to."""

    def __init__(self, port: int, made: Made) -> None:
        self.port, self.made = port, made

    async def ask(self) -> None:
        self.reader, self.writer = await asyncio.open_connection("127.0.0.1", self.port, limit=65536)
        self.writer.write(b"GET /stream HTTP/1.0\r\nHost: here\r\n\r\n")
        await until(lambda: self.made.sink is not None, "the handler runs")

    async def read(self, size: int) -> bytes:
        return await asyncio.wait_for(self.reader.readexactly(size), LIMIT_S)

    async def rest(self) -> bytes:
        return await asyncio.wait_for(self.reader.read(), LIMIT_S)

    async def close(self) -> None:
        self.writer.close()
        await asyncio.wait({asyncio.ensure_future(self.writer.wait_closed())})


@pytest.fixture
async def port_and_made() -> AsyncIterator[tuple[int, Made]]:
    made = Made()
    server = HTTPServer(web.Application([(r"/stream", StreamHandler), (r"/frames", FrameHandler)], made=made))
    (listener,) = bind_sockets(0, "127.0.0.1")
    server.add_socket(listener)
    yield listener.getsockname()[1], made
    server.stop()
    await server.close_all_connections()


@pytest.fixture
async def line(port_and_made: tuple[int, Made]) -> AsyncIterator[Line]:
    opened = Line(*port_and_made)
    await opened.ask()
    yield opened
    await opened.close()


# An event stream


async def test_what_is_sent_comes_in_order(line: Line) -> None:
    for number in range(10):
        line.made.sink.send(b"%d;" % number)
    line.made.sink.end(0, "draining")
    assert (await line.rest()).endswith(b"\r\n\r\n0;1;2;3;4;5;6;7;8;9;")
    await until(lambda: line.made.is_over, "the handler is over")


async def test_what_the_peer_has_not_taken_is_counted_until_it_is_taken(line: Line) -> None:
    sink = line.made.sink
    for part in (LARGE, b"a", b"b"):
        sink.send(part)
    await asyncio.sleep(0)
    assert sink.pending_bytes > limits.SEND_BUFFER_BYTES
    assert line.made.drained == 0
    await line.reader.readuntil(b"\r\n\r\n")
    assert await line.read(len(LARGE) + 2) == LARGE + b"ab"
    await until(lambda: sink.pending_bytes == 0, "all is taken")
    await until(lambda: line.made.drained > 0, "the viewer is told")


async def test_the_end_waits_for_what_was_sent(line: Line) -> None:
    line.made.sink.send(LARGE)
    line.made.sink.send(b"bye")
    line.made.sink.end(4001, "draining")
    assert not line.made.sink.ended.done()
    assert (await line.rest()).endswith(b"xbye")
    await until(lambda: line.made.is_over, "the handler is over")


async def test_an_aborted_stream_ends_at_once_and_counts_nothing_any_more(line: Line) -> None:
    line.made.sink.send(LARGE)
    line.made.sink.end(4002, "slow")
    line.made.sink.abort()
    await until(lambda: line.made.is_over, "the handler is over")
    assert line.made.sink.pending_bytes == 0


async def test_a_ping_is_a_comment(line: Line) -> None:
    line.made.sink.ping()
    line.made.sink.end(0, "draining")
    assert (await line.rest()).endswith(b"\r\n\r\n:\n")


async def test_what_is_sent_to_a_peer_that_is_gone_raises_nothing_and_tells(line: Line) -> None:
    line.made.handler.request.connection.stream.close()
    line.made.sink.send(b"data")
    line.made.sink.send(b"data")
    await until(lambda: line.made.gone > 0, "the viewer is told")
    await until(lambda: line.made.is_over, "the handler is over")
    line.made.sink.send(b"data")  # the handler is finished: tornado raises a RuntimeError
    assert line.made.gone >= 2


async def test_a_peer_that_acknowledges_nothing_is_given_up_by_the_system(line: Line) -> None:
    taken: socket.socket = line.made.handler.request.connection.stream.socket
    limit_ms = taken.getsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT)
    assert limit_ms == limits.BLOCKED_WRITE_S * 1000


async def test_a_small_piece_does_not_wait_for_the_acknowledgement_of_the_one_before(line: Line) -> None:
    taken: socket.socket = line.made.handler.request.connection.stream.socket
    assert taken.getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY) == 1


async def test_the_end_waits_no_longer_than_a_blocked_write_may_last(
    line: Line, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(limits, "BLOCKED_WRITE_S", 0.1)
    line.made.sink.send(LARGE)
    line.made.sink.end(4102, "revoked")
    await until(lambda: line.made.is_over, "the handler is over, and nothing was read")
    assert line.made.sink.pending_bytes == 0


async def test_a_peer_that_is_sent_nothing_is_asked_by_the_system_whether_it_is_there(line: Line) -> None:
    taken: socket.socket = line.made.handler.request.connection.stream.socket
    assert taken.getsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE)
    assert taken.getsockopt(socket.IPPROTO_TCP, socket.TCP_KEEPIDLE) == limits.SILENT_PEER_S


async def test_nobody_has_to_listen() -> None:
    class Handler:
        request = type("Request", (), {"connection": None})

        def write(self, data: bytes) -> None:
            raise RuntimeError("finished")

    sink = StreamSink(Handler())  # type: ignore[arg-type]
    sink.send(b"data")
    sink.abort()
    assert sink.ended.done()


# A WebSocket


@pytest.mark.parametrize("is_binary", [False, True])
async def test_messages_are_frames_of_their_codec(port_and_made: tuple[int, Made], is_binary: bool) -> None:
    port, made = port_and_made
    connection = await websocket_connect(f"ws://127.0.0.1:{port}/frames?binary={int(is_binary)}")
    for text in (b"one", b"two"):
        made.sink.send(text)
    assert made.sink.pending_bytes == 6
    got = [await connection.read_message() for _ in range(2)]
    assert got == ([b"one", b"two"] if is_binary else ["one", "two"])
    await until(lambda: made.sink.pending_bytes == 0, "all is taken")
    assert made.drained == 1
    made.sink.end(4001, "draining")
    assert await connection.read_message() is None
    assert (connection.close_code, connection.close_reason) == (4001, "draining")
    connection.close()


async def test_a_websocket_is_pinged(port_and_made: tuple[int, Made]) -> None:
    port, made = port_and_made
    connection = await websocket_connect(f"ws://127.0.0.1:{port}/frames")
    ponged = asyncio.Event()
    made.handler.on_pong = lambda data: ponged.set()
    made.sink.ping()
    await asyncio.wait_for(ponged.wait(), LIMIT_S)
    connection.close()
    await until(lambda: made.is_over, "the connection is over")


async def test_a_websocket_that_is_gone_raises_nothing_and_tells(port_and_made: tuple[int, Made]) -> None:
    port, made = port_and_made
    connection = await websocket_connect(f"ws://127.0.0.1:{port}/frames")
    connection.close()
    await until(lambda: made.is_over, "the connection is over")
    made.sink.send(b"data")
    made.sink.ping()
    made.sink.end(4001, "draining")
    made.sink.abort()
    assert made.gone == 2


async def test_a_frame_that_is_cut_on_its_way_tells(port_and_made: tuple[int, Made]) -> None:
    port, made = port_and_made
    connection = await websocket_connect(f"ws://127.0.0.1:{port}/frames")
    await until(lambda: made.sink is not None, "the handler runs")
    for _ in range(3):
        made.sink.send(LARGE)
    await asyncio.sleep(0)
    made.sink.abort()
    await until(lambda: made.gone == 3, "each frame has failed")
    assert made.sink.pending_bytes == 0
    connection.close()
    await until(lambda: made.is_over, "the connection is over")
