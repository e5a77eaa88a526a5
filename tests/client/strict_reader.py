"""A reader that trusts nobody: it speaks the protocol by hand, comes back with its cursor, and checks each message."""

from __future__ import annotations

import contextlib
import json
import threading
from collections.abc import Iterator
from types import TracebackType
from typing import Any, Self

from websockets.exceptions import WebSocketException
from websockets.sync.client import ClientConnection, connect

from livedash.clock import monotonic_s, sleep_s
from tests.end_to_end.hosts import Host

ANSWER_S = 0.2
RETRY_S = 0.1
END_LIMIT_S = 20.0
ASIDE = frozenset({"subscribed", "pong", "bye", "degraded"})


class StrictReader:
    """Of one room, from its first record on. `wrong` says what must never be.

    `held` is what a viewer would show now; `live` what came as records, by epoch; `gaps` the reasons of all that was missed.
    `came`: what each message brought, and when.
    """

    def __init__(self, host: Host, room: str) -> None:
        self._host = host
        self._room = room
        self._is_closed = threading.Event()
        self._thread = threading.Thread(target=self._read)
        self._owes_snapshot = False
        self.position: tuple[str, int] | None = None
        self.held: list[dict[str, Any]] = []
        self.live: dict[str, list[dict[str, Any]]] = {}
        self.came: list[tuple[float, list[dict[str, Any]]]] = []
        self.gaps: list[str] = []
        self.wrong: list[str] = []

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._is_closed.set()
        self._thread.join(END_LIMIT_S)

    def _read(self) -> None:
        while not self._is_closed.is_set():
            with contextlib.suppress(OSError, WebSocketException), self._connected() as socket:
                for message in self._messages(socket):
                    self._take(message)
            sleep_s(RETRY_S)

    def _connected(self) -> ClientConnection:
        return connect(self._host.websocket_url, additional_headers=self._host.login, max_size=None)

    def _messages(self, socket: ClientConnection) -> Iterator[dict[str, Any]]:
        since = "earliest" if self.position is None else f"{self._room}:{self.position[0]}-{self.position[1]}"
        socket.send(json.dumps({"op": "subscribe", "room": self._room, "since": since, "window": 1_000_000}))
        while not self._is_closed.is_set():
            with contextlib.suppress(TimeoutError):
                yield json.loads(socket.recv(ANSWER_S))

    def _take(self, message: dict[str, Any]) -> None:
        self.came.append((monotonic_s(), message.get("records", [])))
        match message["op"]:
            case "records":
                self._take_records(message)
            case "gap":
                self.gaps.append(message["reason"])
                self._owes_snapshot = True
            case "snapshot":
                self._expect(self._owes_snapshot, "a snapshot that no gap announced", message)
                self._owes_snapshot = False
                self.held = list(message["records"])
                self.position = (message["epoch"], message["offset"])
            case "subscribed" if message["recovered"] and self.position is not None:
                self._expect(message["offset"] == self.position[1], f"another place than {self.position}", message)
                self.position = (message["epoch"], message["offset"])
            case op:
                self._expect(op in ASIDE, "a message that was not asked for", message)

    def _take_records(self, message: dict[str, Any]) -> None:
        epoch, offset, records = message["epoch"], message["offset"], message["records"]
        self._expect(not self._owes_snapshot, "records between a gap and its snapshot", message)
        expected = (epoch, offset - len(records))
        is_next = self.position == expected or (self.position is None and expected[1] == 0)
        self._expect(is_next, f"not what follows {self.position}", message)
        self.position = (epoch, offset)
        self.held += records
        self.live.setdefault(epoch, []).extend(records)

    def _expect(self, is_so: bool, what: str, message: dict[str, Any]) -> None:
        if not is_so:
            self.wrong.append(f"{what}: {str(message)[:200]}")
