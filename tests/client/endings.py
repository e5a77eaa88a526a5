"""How a hub may end a connection, by tests/vectors/endings.json, which the front end reads too; and a hub that does so."""

from __future__ import annotations

import json
from collections import defaultdict
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self

from tornado import web
from tornado.httpserver import HTTPServer
from tornado.netutil import bind_sockets
from tornado.websocket import WebSocketHandler

from livedash.client.endpoint import Endpoint
from livedash.client.loop_thread import LoopThread
from livedash.clock import monotonic_s
from livedash.wire.batch import Batch
from livedash.wire.codec import MSGPACK
from livedash.wire.messages import Bye, Delivery, Subscribed

VECTORS: dict[str, list[dict[str, Any]]] = json.loads(
    (Path(__file__).parent.parent / "vectors" / "endings.json").read_text()
)
NO_FRAME = {1006, 1015}  # RFC 6455 7.4.1: what stands in no frame, but names a connection that ended without one


@dataclass(frozen=True, slots=True)
class Ending:
    """A close code (None: the connection drops), after a bye or without one."""

    code: int | None
    bye: Bye | None
    comes_back: bool

    def __str__(self) -> str:
        said = f"bye {self.bye.reason} {self.bye.retry_after_s}, " if self.bye else ""
        return f"{said}{self.code or 'drops'}"


CLOSES = [
    Ending(None if each["code"] in NO_FRAME else each["code"], None, each["comes_back"])
    for each in VECTORS["close_codes"]
]
BYES = [
    Ending(4000 if each["comes_back"] else 4100, Bye(each["reason"], each["retry_after_s"]), each["comes_back"])
    for each in VECTORS["byes"]
]
ENDINGS = list(dict.fromkeys(CLOSES + BYES))


class EndingHub:
    """Ends each endpoint's first connection as its ending says, and gives one record on the second."""

    def __init__(self, thread: LoopThread) -> None:
        self._thread = thread
        self._endings = {str(number): ending for number, ending in enumerate(ENDINGS)}
        self._connected_s: dict[str, list[float]] = defaultdict(list)

    def __enter__(self) -> Self:
        self._server = self._thread.call(self._listen)
        return self

    def __exit__(self, *_: object) -> None:
        self._thread.call(self._server.stop)

    def endpoint(self, ending: Ending) -> Endpoint:
        return Endpoint(f"http://127.0.0.1:{self._port}/livedash/", key=str(ENDINGS.index(ending)))

    def _listen(self) -> HTTPServer:
        sockets = bind_sockets(0, "127.0.0.1")
        self._port = sockets[0].getsockname()[1]
        server = HTTPServer(web.Application([("/livedash/ws", _Ws, {"hub": self})]))
        server.add_sockets(sockets)
        return server

    def ending_of(self, key: str) -> Ending | None:
        """None: this connection shall live."""
        self._connected_s[key].append(monotonic_s())
        return self._endings[key] if len(self._connected_s[key]) == 1 else None

    def seconds_away(self, ending: Ending) -> float:
        """How long its reader took to come back."""
        first_s, second_s = self._connected_s[str(ENDINGS.index(ending))]
        return second_s - first_s


class _Ws(WebSocketHandler):
    def initialize(self, hub: EndingHub) -> None:
        self._hub = hub

    def select_subprotocol(self, subprotocols: list[str]) -> str:
        return subprotocols[0]

    def on_message(self, message: str | bytes) -> None:
        ending = self._hub.ending_of(self.get_query_argument("key"))
        if ending is None:
            self._send(Subscribed("train", "e1", 0, recovered=True))
            self._send(Delivery("train", "e1", 1, Batch.from_records([{"step": 1}], [0]), "columns"))
            return
        if ending.bye is not None:
            self._send(ending.bye)
        if ending.code is None:
            assert self.ws_connection is not None
            self.ws_connection._abort()
        else:
            self.close(ending.code, "as the test asks")

    def _send(self, message: Subscribed | Delivery | Bye) -> None:
        self.write_message(MSGPACK.encode(message), binary=True)
