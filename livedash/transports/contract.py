"""What a transport promises and what it needs; tests/transports/test_contract.py holds the promises for each one.

A viewer is pumped by the flusher when it may be owed something. It takes from its session only while its sink has room, so
that what waits for a slow peer stays in the room's history and nowhere else. What it has taken it sends in order, or it ends.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any, Protocol

from livedash.wire.messages import ByeReason, HubMessage


class Sink(Protocol):
    """Where bytes go. `pending_bytes` falls as the peer takes them; the viewer's `on_drained` is called when it is 0."""

    @property
    def pending_bytes(self) -> int: ...
    def send(self, data: bytes) -> None:
        """Never waits and never raises: a peer that is gone ends the viewer by `on_gone`."""

    def ping(self) -> None:
        """Has a living peer answer, or the stream carry a byte, so that dead ones are found."""

    def end(self, code: int, reason: ByeReason) -> None:
        """Closes after what was sent; `code` is a WebSocket's close code, other transports have no use for it."""

    def abort(self) -> None:
        """Closes at once; what was sent and not taken is lost."""


class Cancelable(Protocol):
    def cancel(self) -> None: ...


class Loop(Protocol):
    """What transports need of an event loop; asyncio's fulfils it. Times are its own, in seconds."""

    def time(self) -> float: ...
    def call_soon(self, callback: Callable[[], Any], /) -> Cancelable: ...
    def call_later(self, delay: float, callback: Callable[[], Any], /) -> Cancelable: ...
    def call_at(self, when: float, callback: Callable[[], Any], /) -> Cancelable: ...


class Framing(Protocol):
    """What messages look like on a transport: pieces to send, in order."""

    def pieces(self, messages: Iterable[HubMessage]) -> list[bytes]: ...


class Ticking(Protocol):
    """What the wheel turns."""

    def tick(self, now_s: float) -> None: ...
