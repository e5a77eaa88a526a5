"""Readers of each transport on a bare socket, which count what crosses it; libraries hide the bytes and cost CPU of their own."""

from __future__ import annotations

import asyncio
import base64
import json
import os
import struct
from collections.abc import AsyncIterator, Callable
from dataclasses import asdict, dataclass
from typing import Any, Final

import msgspec

Take = Callable[[list[float]], None]  # the times at which the records were pushed, which just came

_HEAD_END: Final = b"\r\n\r\n"
_PING, _PONG = 0x9, 0xA
_POLL_S: Final = 15


@dataclass(slots=True)
class Counts:
    """Bytes include heads and frames of HTTP and WebSocket, without those of TCP and IP."""

    received: int = 0
    sent: int = 0
    messages: int = 0
    requests: int = 0

    def clear(self) -> None:
        self.received = self.sent = self.messages = self.requests = 0

    def fields(self) -> dict[str, int]:
        return asdict(self)


class Wire:
    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, counts: Counts) -> None:
        self._reader, self._writer, self._counts = reader, writer, counts

    def send(self, data: bytes) -> None:
        self._counts.sent += len(data)
        self._writer.write(data)

    def ask(self, path: str, *headers: str) -> None:
        self._counts.requests += 1
        self.send("\r\n".join([f"GET /livedash/{path} HTTP/1.1", "Host: 127.0.0.1", *headers, "", ""]).encode())

    async def head(self) -> bytes:
        data = await self._reader.readuntil(_HEAD_END)
        self._counts.received += len(data)
        if data.split(b" ", 2)[1] not in {b"101", b"200"}:
            raise RuntimeError(f"the server answered {data!r}")
        return data

    async def exactly(self, size: int) -> bytes:
        data = await self._reader.readexactly(size)
        self._counts.received += size
        return data

    async def line(self) -> bytes:
        data = await self._reader.readline()
        self._counts.received += len(data)
        return data


async def _websocket(wire: Wire, room: str, shape: str, codec: str, token: str) -> AsyncIterator[bytes]:
    key = base64.b64encode(os.urandom(16)).decode()
    upgrade = ("Upgrade: websocket", "Connection: Upgrade", "Sec-WebSocket-Version: 13", f"Sec-WebSocket-Key: {key}")
    wire.ask("ws", *upgrade, f"Sec-WebSocket-Protocol: livedash.v1.{codec}", f"Authorization: Bearer {token}")
    await wire.head()
    encode = msgspec.json.encode if codec == "json" else msgspec.msgpack.encode
    is_text = codec == "json"
    wire.send(_frame(0x1 if is_text else 0x2, encode({"op": "subscribe", "room": room, "shape": shape})))
    while True:
        first, size = await wire.exactly(2)
        if size >= 126:
            size = int.from_bytes(await wire.exactly(2 if size == 126 else 8))
        data = await wire.exactly(size)
        if first & 0xF == _PING:
            wire.send(_frame(_PONG, data))
        else:
            yield data


def _frame(opcode: int, data: bytes) -> bytes:
    """A client's: masked, by zeros."""
    size = bytes([0x80 | len(data)]) if len(data) < 126 else b"\xfe" + len(data).to_bytes(2)
    return bytes([0x80 | opcode]) + size + bytes(4) + data


async def _sse(wire: Wire, room: str, shape: str, codec: str, token: str) -> AsyncIterator[bytes]:
    wire.ask(f"feed?room={room}&shape={shape}", "Accept: text/event-stream", f"Authorization: Bearer {token}")
    await wire.head()
    while size := int(await wire.line(), 16):
        yield (await wire.exactly(size + 2))[:-2]


async def _longpoll(wire: Wire, room: str, shape: str, codec: str, token: str) -> AsyncIterator[bytes]:
    cursor = ""
    while True:
        timeout_s = _POLL_S if cursor else 0
        path = f"poll?room={room}&shape={shape}&timeout={timeout_s}&cursor={cursor}"
        wire.ask(path, f"Authorization: Bearer {token}")
        head = await wire.head()
        body = await wire.exactly(int(head.lower().split(b"content-length:")[1].split(b"\r\n")[0]))
        cursor = json.loads(body[body.rindex(b'"cursor"') - 1 :].replace(b",", b"{", 1))["cursor"]
        yield body


# What came, as the records' own times. Each reads as a client would: all of it, not just that field.


def _of_websocket_json(data: bytes) -> list[float]:
    return _of_message(json.loads(data))


def _of_websocket_msgpack(data: bytes) -> list[float]:
    return _of_message(msgspec.msgpack.decode(data))


def _of_message(message: dict[str, Any]) -> list[float]:
    match message.get("op"):
        case "records":
            return [record["sent"] for record in message["records"]]
        case "columns":
            values: list[float] | bytes = message["columns"]["sent"]["values"]
            return list(struct.unpack(f"<{len(values) // 8}d", values)) if isinstance(values, bytes) else values
    return []


def _of_sse(data: bytes) -> list[float]:
    sent: list[float] = []
    for block in data.split(b"\n\n"):
        lines = block.split(b"\n")
        if any(line.startswith(b"event:") for line in lines):
            continue
        for line in lines:
            if line.startswith(b"data:"):
                event = json.loads(line[5:])
                sent += _of_message(event) if "op" in event else [event["sent"]]
    return sent


def _of_longpoll(data: bytes) -> list[float]:
    answer = json.loads(data)
    sent = [record["sent"] for records in answer.get("records", {}).values() for record in records]
    for message in answer.get("messages", []):
        sent += _of_message(message)
    return sent


_Pieces = Callable[[Wire, str, str, str, str], AsyncIterator[bytes]]
READERS: Final[dict[str, tuple[_Pieces, str, str, Callable[[bytes], list[float]]]]] = {
    "websocket json records": (_websocket, "records", "json", _of_websocket_json),
    "websocket json columns": (_websocket, "columns", "json", _of_websocket_json),
    "websocket msgpack columns": (_websocket, "columns", "msgpack", _of_websocket_msgpack),
    "sse records": (_sse, "records", "json", _of_sse),
    "sse columns": (_sse, "columns", "json", _of_sse),
    "longpoll records": (_longpoll, "records", "json", _of_longpoll),
    "longpoll columns": (_longpoll, "columns", "json", _of_longpoll),
}


async def read(
    case: str, port: int, token: str, room: str, counts: Counts, *, begun: asyncio.Event, take: Take | None = None
) -> None:
    """Until it is cancelled. `begun` is set with the hub's first word. Without `take` nothing is taken apart."""
    pieces, shape, codec, times_of = READERS[case]
    reader, writer = await asyncio.open_connection("127.0.0.1", port, limit=1 << 22)
    try:
        async for piece in pieces(Wire(reader, writer, counts), room, shape, codec, token):
            counts.messages += 1
            begun.set()
            if take is not None:
                take(times_of(piece))
    finally:
        writer.close()
