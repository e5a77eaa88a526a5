from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import pytest
from tornado import web
from tornado.httpserver import HTTPServer
from tornado.netutil import bind_sockets

from livedash import clock, limits
from livedash.core.hub import Hub
from livedash.server.sending import Sending
from livedash.transports.viewer import Stage
from tests.server.served import LIMIT_S, until

LARGE = b"x" * 20_000_000  # more than the buffers of both ends hold


class Answering:
    """A server whose one route answers with LARGE."""

    def __init__(self) -> None:
        ids = (f"e{number}" for number in range(10))
        self.stage = Stage(Hub(lambda: next(ids)), asyncio.get_running_loop(), clock.now_us, lambda _: None)
        self.finished = 0
        answering = self

        class Handler(web.RequestHandler):
            async def get(self) -> None:
                await Sending(answering.stage, self, LARGE).finish()
                answering.finished += 1

        self._server = HTTPServer(web.Application([(r"/", Handler)]))
        (listener,) = bind_sockets(0, "127.0.0.1")
        self._server.add_socket(listener)
        self.port = listener.getsockname()[1]

    async def ask(self) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        reader, writer = await asyncio.open_connection("127.0.0.1", self.port, limit=65536)
        writer.write(b"GET / HTTP/1.1\r\nHost: here\r\n\r\n")
        return reader, writer

    @property
    def waiting_bytes(self) -> int:
        return self.stage.backlog.waiting_bytes

    async def close(self) -> None:
        self._server.stop()
        await self._server.close_all_connections()
        self.stage.close()


@pytest.fixture
async def answering() -> AsyncIterator[Answering]:
    server = Answering()
    yield server
    await server.close()


async def hang_up(writer: asyncio.StreamWriter) -> None:
    writer.close()
    await asyncio.wait({asyncio.ensure_future(writer.wait_closed())})


async def test_an_answer_comes_whole_and_the_connection_goes_on(answering: Answering) -> None:
    reader, writer = await answering.ask()
    for _ in range(2):
        head = await asyncio.wait_for(reader.readuntil(b"\r\n\r\n"), LIMIT_S)
        assert b"Content-Length: %d\r\n" % len(LARGE) in head
        assert await asyncio.wait_for(reader.readexactly(len(LARGE)), LIMIT_S) == LARGE
        writer.write(b"GET / HTTP/1.1\r\nHost: here\r\n\r\n")
    await hang_up(writer)
    await until(lambda: answering.finished >= 2 and answering.waiting_bytes == 0, "nothing waits any more")
    assert answering.stage.slow_viewers().disconnected == 0


async def test_an_answer_that_nobody_takes_counts_and_is_cut_as_too_slow(
    answering: Answering, monkeypatch: pytest.MonkeyPatch
) -> None:
    _, writer = await answering.ask()
    await until(lambda: answering.waiting_bytes > 0, "it waits")
    assert answering.waiting_bytes <= len(LARGE)
    monkeypatch.setattr(limits, "BLOCKED_WRITE_S", 0.0)
    await until(lambda: answering.finished == 1, "the handler is over")
    assert answering.stage.slow_viewers().disconnected == 1
    assert answering.waiting_bytes == 0
    await hang_up(writer)


async def test_a_peer_that_is_gone_is_no_error_and_is_not_slow(answering: Answering) -> None:
    _, writer = await answering.ask()
    await until(lambda: answering.waiting_bytes > 0, "it waits")
    writer.transport.abort()
    await until(lambda: answering.finished == 1, "the handler is over")
    assert (answering.stage.slow_viewers().disconnected, answering.waiting_bytes) == (0, 0)


async def test_an_answer_under_way_gives_way_when_too_much_waits(answering: Answering) -> None:
    _, writer = await answering.ask()
    await until(lambda: answering.waiting_bytes > limits.OUTBOX_BYTES, "it waits")
    backlog: Any = answering.stage.backlog
    backlog.bound_bytes = limits.OUTBOX_BYTES
    backlog.relieve(answering.stage.clock_s())
    await until(lambda: answering.finished == 1, "the handler is over")
    assert (answering.stage.slow_viewers().disconnected, answering.waiting_bytes) == (1, 0)
    await hang_up(writer)
