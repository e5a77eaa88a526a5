"""Viewers that stop or whose packets are lost: the hub finds them out, and holds nothing of them after that."""

from __future__ import annotations

import sys
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest

from livedash import limits
from livedash.transports import websocket
from livedash.transports.viewer import Liveness
from tests.end_to_end.processes import Running, start
from tests.end_to_end.tcp_proxy import TcpProxy
from tests.server import served as serving
from tests.server.served import OWNER, Served, serve, until

BLOCKED_WRITE_S = 1.0
GRACE_S = 1.0
POLL_S = 2
RECORD = {"text": "x" * 900_000}
RECORDS = 40  # more than all buffers on the way hold
FOUND_WITHIN_S = 60.0

WEBSOCKET = """
import asyncio, json, sys
from tornado.websocket import websocket_connect

async def read(url):
    socket = await websocket_connect(url)
    await socket.write_message(json.dumps({"op": "subscribe", "room": "train"}))
    while (message := await socket.read_message()) is not None:
        print("it is there", flush=True)

asyncio.run(read("ws" + sys.argv[1].removeprefix("http") + "/livedash/ws?key=" + sys.argv[2]))
"""
SSE = """
import sys, urllib.request
for line in urllib.request.urlopen(sys.argv[1] + "/livedash/feed?room=train&keep_alive=1&key=" + sys.argv[2]):
    print("it is there", flush=True)
"""
POLL = f"""
import sys, urllib.request
print("it is there", flush=True)
urllib.request.urlopen(sys.argv[1] + "/livedash/poll?room=train&timeout={POLL_S}&key=" + sys.argv[2]).read()
"""
LONG_POLL = POLL.replace(f"timeout={POLL_S}", "timeout=60")


@pytest.fixture
def _soon(monkeypatch: pytest.MonkeyPatch) -> None:
    """The same in a few seconds."""
    monkeypatch.setattr(limits, "BLOCKED_WRITE_S", BLOCKED_WRITE_S)
    monkeypatch.setattr(limits, "PRESENCE_GRACE_S", GRACE_S)
    monkeypatch.setattr(websocket, "LIVENESS", Liveness(ping_interval_s=0.2, answer_limit_s=1.0))


@pytest.fixture
async def served() -> AsyncIterator[Served]:
    running = await serve()
    yield running
    await running.close()


class Peers:
    """A process that reads, by a proxy, as a link's viewer."""

    def __init__(self, folder: Path, served: Served) -> None:
        self._folder, self.served = folder, served
        self.proxy = TcpProxy(int(served.origin.rpartition(":")[2]))
        self.process: Running | None = None

    async def read(self, source: str) -> None:
        key = (await self.served.share("train", label="Ann"))["key"]
        address = f"http://127.0.0.1:{self.proxy.port}"
        command = [sys.executable, "-c", source, address, key]
        self.process = start(command, log_path=self._folder / "log", folder=self._folder)
        await until(lambda: "it is there" in self.log() and "Ann" in self.labels(), "it reads")

    def labels(self) -> list[str]:
        return [viewer.label for viewer in self.served.hub.viewers("train")]

    def log(self) -> str:
        return self.process.log() if self.process is not None else ""

    def fall_silent(self, how: str) -> None:
        assert self.process is not None
        if how == "stopped":
            self.process.pause()
        else:
            self.proxy.pause()

    async def is_forgotten(self) -> None:
        await until(lambda: not any(self.held().values()), "nothing of it is left")

    def held(self) -> dict[str, int]:
        hub, presence = self.served.hub, self.served.hub.presence.statistics()
        return {
            "sessions": len(hub.sessions()),
            "connections": hub.connections.statistics().open,
            "streams": len(self.served.services.stage.viewers()),
            "viewers": len(hub.viewers("train")),
            "presence": presence.viewers + presence.leaving,
        }


@pytest.fixture
def peers(tmp_path: Path, served: Served) -> Iterator[Peers]:
    made = Peers(tmp_path, served)
    with made.proxy:
        yield made
        if made.process is not None:
            made.process.end()


each_silence = pytest.mark.parametrize("how", ["stopped", "cut off"])


@each_silence
@pytest.mark.usefixtures("_soon")
async def test_a_websocket_that_answers_no_ping_is_forgotten(peers: Peers, how: str) -> None:
    await peers.read(WEBSOCKET)
    peers.fall_silent(how)
    await peers.is_forgotten()


@each_silence
@pytest.mark.usefixtures("_soon")
@pytest.mark.parametrize("source", [WEBSOCKET, SSE], ids=["websocket", "sse"])
async def test_a_stream_that_takes_nothing_is_forgotten(peers: Peers, how: str, source: str) -> None:
    await peers.read(source)
    peers.fall_silent(how)
    for _ in range(RECORDS):
        await peers.served.push(RECORD)
    await peers.is_forgotten()


@each_silence
@pytest.mark.usefixtures("_soon")
async def test_a_poll_that_waits_is_forgotten(peers: Peers, how: str) -> None:
    await peers.read(POLL)
    peers.fall_silent(how)
    await peers.is_forgotten()


@pytest.mark.usefixtures("_soon")
async def test_others_are_told_that_it_has_left(peers: Peers) -> None:
    async with await peers.served.websocket(headers=OWNER) as watcher:
        await watcher.ask("subscribe", room="train", presence=True)
        await peers.read(WEBSOCKET.replace("ws?", "ws?viewer=a-long-secret&"))
        joined = await watcher.hear()
        peers.fall_silent("stopped")
        left = await watcher.hear()
        assert (joined["op"], left["op"], joined["viewer"]) == ("joined", "left", left["viewer"])
        assert joined["viewer"]["label"] == "Ann"


@each_silence
@pytest.mark.soak
@pytest.mark.timeout(180)
@pytest.mark.parametrize("source", [WEBSOCKET, SSE, LONG_POLL], ids=["websocket", "sse", "poll"])
async def test_it_takes_no_more_than_a_minute(
    peers: Peers, monkeypatch: pytest.MonkeyPatch, how: str, source: str
) -> None:
    """With the limits as they are; an event stream has something to take."""
    monkeypatch.setattr(serving, "LIMIT_S", FOUND_WITHIN_S)
    await peers.read(source)
    peers.fall_silent(how)
    begun_s = peers.served.services.stage.clock_s()
    for _ in range(RECORDS if source is SSE else 0):
        await peers.served.push(RECORD)
    await peers.is_forgotten()
    assert peers.served.services.stage.clock_s() - begun_s < FOUND_WITHIN_S
