"""Peers that ask for a feed and never read a byte of it."""

from __future__ import annotations

import json
import socket
from collections.abc import Callable
from types import TracebackType
from typing import Self

from tests.server.raw_websocket import LIMIT_S, TEXT, Frame
from tests.server.served import TOKEN

Ask = Callable[[str], bytes]


def by_websocket(room: str) -> bytes:
    subscribe = json.dumps({"op": "subscribe", "room": room}).encode()
    upgrade = ("Upgrade: websocket", "Connection: Upgrade", "Sec-WebSocket-Version: 13")
    return _get("ws", *upgrade, "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==") + Frame(TEXT, subscribe).encoded()


def by_events(room: str) -> bytes:
    return _get(f"feed?room={room}")


def by_poll(room: str) -> bytes:
    return _get(f"poll?room={room}&since=earliest")


def by_history(room: str) -> bytes:
    return _get(f"rooms/{room}/records")


def _get(target: str, *lines: str) -> bytes:
    head = [f"GET /livedash/{target} HTTP/1.1", "Host: here", f"Authorization: Bearer {TOKEN}", *lines]
    return "\r\n".join([*head, "", ""]).encode()


class Frozen:
    """Its receive buffer is the smallest that the system gives. It asks when it is entered."""

    def __init__(self, port: int, asked: bytes) -> None:
        self._port, self._asked = port, asked

    def __enter__(self) -> Self:
        self._socket = socket.socket()
        self._socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 1)
        self._socket.settimeout(LIMIT_S)
        self._socket.connect(("127.0.0.1", self._port))
        self._socket.sendall(self._asked)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._socket.close()

    def is_cut_off(self) -> bool:
        """Reads after all, once the server has let it go: true if what it was sent was thrown away."""
        try:
            while self._socket.recv(65536):
                pass
        except ConnectionResetError:
            return True
        return False
