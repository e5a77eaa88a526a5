"""Text of event streams, written and read by the WHATWG's rules (html.spec.whatwg.org, server-sent events)."""

from __future__ import annotations

import codecs
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

KEEP_ALIVE: Final = b":\n\n"
_BOM: Final = "\ufeff"


def event_block(
    data: bytes, *, event: str | None = None, event_id: str | None = None, retry_ms: int | None = None
) -> bytes:
    """One event. `data` is JSON without line breaks, as our codec writes it; CR and LF are cut into lines all the same,

    since a line break that came through would let a publisher write events of its own into everybody's stream.
    """
    lines = [b"data: " + line for line in data.replace(b"\r\n", b"\n").replace(b"\r", b"\n").split(b"\n")]
    if event_id is not None:
        lines.append(b"id: " + event_id.encode())
    if event is not None:
        lines.insert(0, b"event: " + event.encode())
    if retry_ms is not None:
        lines.append(b"retry: %d" % retry_ms)
    return b"\n".join(lines) + b"\n\n"


@dataclass(frozen=True, slots=True)
class Event:
    """`event_id` is the last id of the stream up to here, as Last-Event-ID would send it."""

    event: str
    data: str
    event_id: str


class Parser:
    """Feed it bytes in pieces of any size; it gives the events that are whole."""

    def __init__(self) -> None:
        self.retry_ms: int | None = None
        self.last_event_id = ""
        self.comments = 0
        self._decoder = codecs.getincrementaldecoder("utf-8")("replace")
        self._rest = ""
        self._is_first = True
        self._data: list[str] = []
        self._event = ""
        self._id = ""

    def feed(self, data: bytes) -> Iterator[Event]:
        text = self._decoder.decode(data)
        if self._is_first and text:
            text, self._is_first = text.removeprefix(_BOM), False
        self._rest += text
        for line in self._lines():
            event = self._on_line(line)
            if event is not None:
                yield event

    def _lines(self) -> list[str]:
        """Whole lines; a CR at the end may be the half of a CRLF, and waits for what follows."""
        text = self._rest
        held = "\r" if text.endswith("\r") else ""
        lines = text.removesuffix("\r").replace("\r\n", "\n").replace("\r", "\n").split("\n")
        self._rest = lines.pop() + held
        return lines

    def _on_line(self, line: str) -> Event | None:
        if not line:
            return self._dispatch()
        name, _, value = line.partition(":")
        value = value.removeprefix(" ")
        if name == "data":
            self._data.append(value)
        elif name == "event":
            self._event = value
        elif name == "id" and "\0" not in value:
            self._id = value
        elif name == "retry" and value.isascii() and value.isdigit():
            self.retry_ms = int(value)
        elif not name:
            self.comments += 1
        return None

    def _dispatch(self) -> Event | None:
        self.last_event_id = self._id
        event = Event(self._event or "message", "\n".join(self._data), self._id) if self._data else None
        self._data, self._event = [], ""
        return event
