"""A crowd of WebSocket viewers in a process of its own, as lean as they can be; who started it talks to it by lines of JSON.

Each viewer reads one room from `now`, checks that each record comes once and in order, answers pings, and comes back as our
clients do: after what a bye asks for and up to a second more, else after a backoff with full jitter.
"""

from __future__ import annotations

import asyncio
import json
import random
import resource
import subprocess
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import msgspec

ROOM = "bench"
BACKOFF_FIRST_S, BACKOFF_MAX_S = 0.2, 3.0
SPREAD_S = 1.0
CONNECTING_AT_ONCE = 50
TEXT, CLOSE, PING, PONG = 0x1, 0x8, 0x9, 0xA


class Record(msgspec.Struct):
    n: int = 0
    sent_ns: int = 0


class Heard(msgspec.Struct):
    """Any message of the hub, as far as it is looked at."""

    op: str
    epoch: str = ""
    offset: int = 0
    reason: str = ""
    records: list[Record] = []
    retry_after_s: float | None = None


HEARD = msgspec.json.Decoder(Heard)


@dataclass(slots=True)
class Figures:
    """Of the whole crowd since the last `begin`."""

    latencies_ns: list[int] = field(default_factory=list)
    connected_ns: list[int] = field(default_factory=list)
    consistent_ns: list[int] = field(default_factory=list)
    refused: int = 0
    gaps: dict[str, int] = field(default_factory=dict)  # by their reasons
    holes: int = 0
    doubles: int = 0
    codes: dict[str, int] = field(default_factory=dict)


class Viewer(asyncio.Protocol):
    """One connection after the other of one reader."""

    def __init__(self, crowd: Crowd) -> None:
        self._crowd = crowd
        self._transport: asyncio.Transport | None = None
        self._data = b""
        self._is_upgraded = False
        self._tries = 0
        self._asked_s: float | None = None
        self._position: tuple[str, int] | None = None
        self._connected_ns = 0
        self._is_consistent = False

    async def connect(self) -> None:
        try:
            await asyncio.get_running_loop().create_connection(lambda: self, "127.0.0.1", self._crowd.port)
        except OSError:
            self._crowd.figures.refused += 1
            self._come_back()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self._transport, self._data, self._is_upgraded, self._asked_s = transport, b"", False, None
        self._is_consistent = False
        transport.write(self._crowd.request)

    def connection_lost(self, error: Exception | None) -> None:
        self._come_back()

    def data_received(self, data: bytes) -> None:
        self._data += data
        if not self._is_upgraded and not self._upgrade():
            return
        while (frame := self._frame()) is not None:
            self._hear(*frame)

    def _upgrade(self) -> bool:
        head, end, rest = self._data.partition(b"\r\n\r\n")
        if not end:
            return False
        assert self._transport is not None
        if b" 101 " not in head.split(b"\r\n", 1)[0]:
            self._crowd.figures.refused += 1
            self._transport.abort()
            return False
        self._is_upgraded, self._data, self._tries = True, rest, 0
        self._connected_ns = time.monotonic_ns()
        self._crowd.note_connected(self._connected_ns)
        since = "now" if self._position is None else f"{ROOM}:{self._position[0]}-{self._position[1]}"
        self._say(TEXT, json.dumps({"op": "subscribe", "room": ROOM, "since": since}).encode())
        return True

    def _frame(self) -> tuple[int, bytes] | None:
        """RFC 6455 5.2; a server's frames have no mask, and ours are whole messages."""
        data = self._data
        if len(data) < 2:
            return None
        size, start = data[1], 2
        if size >= 126:
            start = 4 if size == 126 else 10
            if len(data) < start:
                return None
            size = int.from_bytes(data[2:start])
        if len(data) < start + size:
            return None
        self._data = data[start + size :]
        return data[0] & 0x0F, data[start : start + size]

    def _say(self, opcode: int, payload: bytes) -> None:
        """Masked with zeros, which leave it as it is."""
        size = len(payload)
        length = bytes((0x80 | size,)) if size < 126 else b"\xfe" + size.to_bytes(2)
        if self._transport is not None:
            self._transport.write(bytes((0x80 | opcode,)) + length + b"\0\0\0\0" + payload)

    def _hear(self, opcode: int, payload: bytes) -> None:
        if opcode == PING:
            self._say(PONG, payload)
        elif opcode == CLOSE:
            code = str(int.from_bytes(payload[:2]))
            self._crowd.figures.codes[code] = self._crowd.figures.codes.get(code, 0) + 1
            self._say(CLOSE, payload[:2])
            assert self._transport is not None
            self._transport.close()
        elif opcode == TEXT:
            self._take(HEARD.decode(payload))

    def _take(self, heard: Heard) -> None:
        figures, now_ns = self._crowd.figures, time.monotonic_ns()
        match heard.op:
            case "subscribed":
                if self._position is None or (self._position[1] == heard.offset and heard.epoch != "0"):
                    self._position = heard.epoch, heard.offset
            case "records":
                assert self._position is not None
                follows = heard.offset - len(heard.records) - self._position[1]
                figures.holes += max(0, follows)
                figures.doubles += max(0, -follows)
                self._position = heard.epoch, heard.offset
                figures.latencies_ns += [now_ns - record.sent_ns for record in heard.records]
                if not self._is_consistent and heard.records[-1].sent_ns > self._connected_ns:
                    self._is_consistent = True
                    if self._connected_ns > self._crowd.begun_ns:
                        figures.consistent_ns.append(now_ns)
            case "gap":
                figures.gaps[heard.reason] = figures.gaps.get(heard.reason, 0) + 1
            case "snapshot":
                self._position = heard.epoch, heard.offset
            case "bye":
                self._asked_s = heard.retry_after_s

    def _come_back(self) -> None:
        if self._asked_s is not None:
            wait_s = self._asked_s + random.random() * min(SPREAD_S, self._asked_s / 2)
            self._asked_s = None
        else:
            wait_s = random.random() * min(BACKOFF_MAX_S, BACKOFF_FIRST_S * 2**self._tries)
            self._tries += 1
        loop = asyncio.get_running_loop()
        loop.call_later(wait_s, lambda: self._crowd.keep(asyncio.ensure_future(self.connect())))


class Crowd:
    """The process's own side."""

    def __init__(self, port: int, token: str, count: int) -> None:
        self.port = port
        self.figures = Figures()
        self.begun_ns = 0
        self._count = count
        self._tasks: set[asyncio.Future[None]] = set()
        self._all_connected = asyncio.Event()
        self.request = (
            f"GET /livedash/ws HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\nAuthorization: Bearer {token}\r\n"
            "Upgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Version: 13\r\n"
            "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n"
        ).encode()

    def note_connected(self, now_ns: int) -> None:
        self.figures.connected_ns.append(now_ns)
        if len(self.figures.connected_ns) == self._count:
            self._all_connected.set()

    def keep(self, task: asyncio.Future[None]) -> None:
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def run(self) -> None:
        loop = asyncio.get_running_loop()
        viewers = [Viewer(self) for _ in range(self._count)]
        for start in range(0, self._count, CONNECTING_AT_ONCE):
            await asyncio.gather(*(viewer.connect() for viewer in viewers[start : start + CONNECTING_AT_ONCE]))
        await self._all_connected.wait()
        _answer(str(self._count).encode())
        commands = asyncio.StreamReader()
        await loop.connect_read_pipe(lambda: asyncio.StreamReaderProtocol(commands), sys.stdin)
        while line := await commands.readline():
            match line.strip():
                case b"begin":
                    self.figures, self.begun_ns = Figures(), time.monotonic_ns()
                    _answer(b"0")
                case b"figures":
                    _answer(msgspec.json.encode(self.figures))
                case b"consistent":
                    _answer(str(len(self.figures.consistent_ns)).encode())


def _answer(line: bytes) -> None:
    sys.stdout.buffer.write(line + b"\n")
    sys.stdout.buffer.flush()


class CrowdProcess:
    """The other side: `count` viewers are connected when it is entered."""

    def __init__(self, port: int, token: str, count: int) -> None:
        self._command: Sequence[str] = [sys.executable, str(Path(__file__)), str(port), token, str(count)]

    def __enter__(self) -> Self:
        self._process = subprocess.Popen(self._command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        self._answer()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._process.kill()
        self._process.communicate()

    def begin(self) -> None:
        self._say("begin")
        self._answer()

    def figures(self) -> Figures:
        self._say("figures")
        return msgspec.convert(self._answer(), Figures)

    def consistent(self) -> int:
        """How many viewers came back since `begin` and have all records again."""
        self._say("consistent")
        return int(self._answer())

    def _say(self, command: str) -> None:
        assert self._process.stdin is not None
        self._process.stdin.write(f"{command}\n")
        self._process.stdin.flush()

    def _answer(self) -> Any:
        assert self._process.stdout is not None
        line = self._process.stdout.readline()
        if not line:
            raise RuntimeError("the crowd's process has ended")
        return json.loads(line)


def raise_open_files() -> None:
    """Up to what the system allows without asking."""
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))


if __name__ == "__main__":
    raise_open_files()
    asyncio.run(Crowd(int(sys.argv[1]), sys.argv[2], int(sys.argv[3])).run())
