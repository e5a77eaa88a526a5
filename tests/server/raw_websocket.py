"""A WebSocket client that sends whatever bytes it is told to, right or wrong, and says what came back."""

from __future__ import annotations

import os
import socket
from collections.abc import Iterable
from dataclasses import dataclass
from typing import BinaryIO

CONTINUATION, TEXT, BINARY, CLOSE, PING, PONG = 0x0, 0x1, 0x2, 0x8, 0x9, 0xA
LIMIT_S = 20.0  # no test waits for it: it ends one that hangs

Received = tuple[int, bytes]  # opcode and payload


@dataclass(frozen=True, slots=True)
class Frame:
    """RFC 6455 5.2, without its rules."""

    opcode: int
    payload: bytes = b""
    fin: bool = True
    rsv: int = 0
    is_masked: bool = True

    def encoded(self) -> bytes:
        first = (0x80 if self.fin else 0) | self.rsv << 4 | self.opcode
        header = bytes((first,)) + _length(len(self.payload), self.is_masked)
        if not self.is_masked:
            return header + self.payload
        mask = os.urandom(4)
        return header + mask + bytes(octet ^ mask[at % 4] for at, octet in enumerate(self.payload))


def close(code: int, reason: bytes = b"") -> Frame:
    return Frame(CLOSE, code.to_bytes(2) + reason)


def _length(size: int, is_masked: bool) -> bytes:
    bit = 0x80 if is_masked else 0
    if size < 126:
        return bytes((bit | size,))
    if size < 2**16:
        return bytes((bit | 126,)) + size.to_bytes(2)
    return bytes((bit | 127,)) + size.to_bytes(8)


class RawWebSocket:
    """Open from when it is entered."""

    def __init__(self, port: int, path: str) -> None:
        self._port, self._path = port, path

    def __enter__(self) -> RawWebSocket:
        self._socket = socket.create_connection(("127.0.0.1", self._port), LIMIT_S)
        self._socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._reader: BinaryIO = self._socket.makefile("rb")
        self._socket.sendall(
            f"GET {self._path} HTTP/1.1\r\nHost: 127.0.0.1:{self._port}\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
            "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n\r\n".encode()
        )
        status = self._reader.readline()
        assert b" 101 " in status, status
        while self._reader.readline() != b"\r\n":
            pass
        return self

    def __exit__(self, *_: object) -> None:
        self._reader.close()
        self._socket.close()

    def send(self, writes: Iterable[bytes]) -> None:
        for data in writes:
            self._socket.sendall(data)

    def receive(self) -> Received | None:
        """The next frame, None at the end of the stream."""
        header = self._reader.read(2)
        if not header:
            return None
        assert header[0] & 0xF0 == 0x80, "a server of ours sends whole messages, without extensions"
        size = header[1]
        if size >= 126:
            size = int.from_bytes(self._reader.read(2 if size == 126 else 8))
        payload = self._reader.read(size)
        assert len(payload) == size, "the stream ends in a frame"
        return header[0] & 0x0F, payload

    def receive_all(self) -> list[Received]:
        """Until the server hangs up."""
        return list(iter(self.receive, None))
