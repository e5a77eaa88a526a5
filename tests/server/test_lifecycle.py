from __future__ import annotations

import asyncio
import os
import signal
import socket
from typing import Any

import pytest
from tornado.netutil import bind_sockets

from livedash.errors import SettingRefusedError
from livedash.server import lifecycle
from livedash.server.lifecycle import RunningServer, ServeOptions, drain, new_token, serve_until_signal, start
from tests.server.served import OWNER, Served, json_of, serve, until


async def test_port_0_is_any_free_one_and_the_url_names_it() -> None:
    first, second = await start(ServeOptions(port=0)), await start(ServeOptions(port=0))
    assert first.url != second.url
    assert first.url.startswith("http://127.0.0.1:")
    assert first.url.endswith("/livedash/")
    for running in (first, second):
        await running.drain()


async def test_a_token_is_made_unless_it_is_given() -> None:
    made, given = await start(ServeOptions(port=0)), await start(ServeOptions(port=0, token="abc"))
    assert (len(made.token), given.token) == (len(new_token()), "abc")
    assert new_token() != new_token()
    for running in (made, given):
        await running.drain()


@pytest.mark.filterwarnings("ignore:unclosed <socket:ResourceWarning")  # tornado leaves a socket that it can't bind
async def test_a_port_that_is_taken_is_told_with_the_way_out() -> None:
    (taken,) = bind_sockets(0, "127.0.0.1")
    port = taken.getsockname()[1]
    with pytest.raises(SettingRefusedError, match=rf"127\.0\.0\.1:{port} .*in use.*--port"):
        await start(ServeOptions(port=port))
    taken.close()


async def test_another_fault_of_listening_is_not_said_to_be_the_ports(monkeypatch: pytest.MonkeyPatch) -> None:
    def out_of_files(*_: Any, **__: Any) -> list[socket.socket]:
        raise OSError(24, "Too many open files")

    monkeypatch.setattr(lifecycle, "bind_sockets", out_of_files)
    with pytest.raises(OSError, match="Too many open files"):
        await start(ServeOptions(port=0))


@pytest.mark.parametrize(
    ("host", "shown", "listening"),
    [
        ("127.0.0.1", "127.0.0.1", "127.0.0.1"),
        ("localhost", "localhost", "localhost"),
        ("0.0.0.0", "127.0.0.1", "{name}"),
        ("::1", "[::1]", "[::1]"),
    ],
)
async def test_the_url_is_one_that_opens_here_and_links_carry_one_that_opens_elsewhere(
    host: str, shown: str, listening: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    def loopback(port: int, address: str | None = None, **options: Any) -> list[socket.socket]:
        return bind_sockets(port, "127.0.0.1", **options)

    monkeypatch.setattr(lifecycle, "bind_sockets", loopback)
    running = await start(ServeOptions(host=host, port=0))
    port = running._server._sockets and next(iter(running._server._sockets.values())).getsockname()[1]
    name = listening.format(name=socket.gethostname())
    assert running.url == f"http://{shown}:{port}/livedash/"
    assert running.services.config.listening_url == f"http://{name}:{port}"
    await running.drain()


async def test_the_public_url_reaches_the_links() -> None:
    served = await serve(public_url="https://lab.example.org")
    assert (await served.share())["url"].startswith("https://lab.example.org/livedash/view?key=")
    await served.close()


# The end


async def test_a_drain_without_viewers_ends_at_once(served: Served) -> None:
    before = served.services.stage.clock_s()
    await served.running.drain()
    assert served.services.stage.clock_s() - before < served.services.config.drain_s / 2
    with pytest.raises(OSError, match=r"\d"):
        await asyncio.open_connection("127.0.0.1", int(served.origin.rpartition(":")[2]))


async def test_viewers_are_sent_away_with_a_spread_of_delays(served: Served) -> None:
    streams = [await served.stream(room="train") for _ in range(8)]
    for stream in streams:
        await stream.next()
    await served.running.drain()
    for stream in streams:
        assert [event.event for event in await stream.rest()] == ["livedash.bye"]
        await stream.close()
    retries = {stream.parser.retry_ms for stream in streams}
    assert len(retries) > 1
    assert all(200 <= (retry or 0) <= 1000 * served.services.config.drain_s / 4 for retry in retries)


async def test_what_was_sent_before_the_bye_is_taken_first(served: Served) -> None:
    async with await served.stream(room="train") as stream:
        await stream.next()
        text = "x" * 900_000
        for number in range(12):
            await served.push({"n": number, "text": text})
        stopping = asyncio.ensure_future(served.running.drain())
        events = await stream.rest()
        await stopping
    seen = [event.event for event in events]
    assert seen[-1] == "livedash.bye"
    assert len(seen) > 1


async def test_a_viewer_that_takes_nothing_is_waited_for_no_longer_than_the_drain_lasts(served: Served) -> None:
    served.change(drain_s=0.3)
    async with await served.stream(room="train") as stream:
        await stream.next()
        for _ in range(20):
            await served.push({"text": "x" * 900_000})
        viewer = served.services.stage.viewers()[0]
        await until(lambda: viewer.is_sending, "the stream is stuck")
        async with asyncio.timeout(10):
            await served.running.drain()


async def test_a_poll_that_waits_is_answered_before_the_end(served: Served) -> None:
    asked = asyncio.ensure_future(served.get("poll", room="train", timeout=60))
    await until(lambda: len(served.hub.sessions()) == 1, "the poll waits")
    await served.running.drain()
    assert json_of(await asked)["records"] == {}


async def test_a_drain_of_a_host_leaves_its_connections_to_it(served: Served) -> None:
    stopped: list[str] = []
    async with await served.stream(room="train") as stream:
        await stream.next()
        await drain(served.services, lambda: stopped.append("no new ones"))
        assert stopped == ["no new ones"]
        assert served.services.is_draining
        assert served.services.stage.viewers() == []
    assert (await served.get("rooms", headers=OWNER)).code == 200


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
async def test_a_signal_drains_and_ends(number: signal.Signals) -> None:
    started: list[RunningServer] = []
    serving = asyncio.ensure_future(serve_until_signal(ServeOptions(port=0, token="t"), started.append))
    await until(lambda: bool(started), "it has started")
    os.kill(os.getpid(), number)
    await asyncio.wait_for(serving, 20)
    assert started[0].services.is_draining


async def test_a_second_signal_ends_the_wait(monkeypatch: pytest.MonkeyPatch) -> None:
    started: list[RunningServer] = []
    draining = asyncio.Event()

    async def endless(self: RunningServer) -> None:
        draining.set()
        try:
            await asyncio.Event().wait()
        finally:
            self._server.stop()
            await self.services.close()

    monkeypatch.setattr(RunningServer, "drain", endless)
    serving = asyncio.ensure_future(serve_until_signal(ServeOptions(port=0), started.append))
    await until(lambda: bool(started), "it has started")
    os.kill(os.getpid(), signal.SIGTERM)
    await asyncio.wait_for(draining.wait(), 20)
    os.kill(os.getpid(), signal.SIGTERM)
    await asyncio.wait_for(serving, 20)
