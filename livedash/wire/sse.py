"""Text of event streams, written and read by the WHATWG's rules (html.spec.whatwg.org, server-sent events)."""

from __future__ import annotations

import codecs
from dataclasses import dataclass
from typing import Final

from livedash import limits
from livedash.errors import ProtocolError

KEEP_ALIVE: Final = b":\n"  # a comment and no empty line: some readers make an event of each one
_BOM: Final = "\ufeff"
_RETRY_DIGITS: Final = len(str(limits.ASKED_WAIT_MAX_MS))


def event_block(
    data: bytes, *, event: str | None = None, event_id: str | None = None, retry_ms: int | None = None
) -> bytes:
    """One event. `data` is JSON without line breaks, as our codec writes it.

    CR and LF are cut into lines all the same: one that came through would let a publisher write events of its own into
    everybody's stream. `event` and `event_id` are made of names and numbers that were checked: no line breaks, no NULL.
    """
    lines = [b"data: " + line for line in data.replace(b"\r\n", b"\n").replace(b"\r", b"\n").split(b"\n")]
    if event_id is not None:
        assert event_id.isprintable()
        lines.append(b"id: " + event_id.encode())
    if event is not None:
        assert event.isprintable()
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
    """Feed it bytes in pieces of any size; it gives the events that are whole.

    `retry_ms` and `comments` tell what else was in the stream; `last_event_id` is that of the last block.
    """

    def __init__(self) -> None:
        self.retry_ms: int | None = None
        self.last_event_id = ""
        self.comments = 0
        self._decoder = codecs.getincrementaldecoder("utf-8")("replace")
        self._rest: list[str] = []  # pieces of the line that has not ended
        self._ended_in_cr = False
        self._is_first = True
        self._characters = 0  # of the event that has not ended
        self._data: list[str] = []
        self._event = ""
        self._id = ""

    def feed(self, data: bytes) -> list[Event]:
        """Raises ProtocolError for an event that does not end."""
        text = self._decoder.decode(data)
        if self._is_first and text:
            text, self._is_first = text.removeprefix(_BOM), False
        return [event for line in self._lines(text) if (event := self._on_line(line)) is not None]

    def _lines(self, text: str) -> list[str]:
        """The lines that end here. A CR ends one at once; an LF that follows, in the next piece too, belongs to it."""
        if not text:
            return []
        if self._ended_in_cr:
            text = text.removeprefix("\n")
        self._ended_in_cr = text.endswith("\r") if text else False
        first, *others = text.replace("\r\n", "\n").replace("\r", "\n").split("\n")
        self._rest.append(first)
        self._count(len(first))
        if not others:
            return []
        lines = ["".join(self._rest), *others]
        self._rest = [lines.pop()]
        return lines

    def _on_line(self, line: str) -> Event | None:
        if not line:
            return self._dispatch()
        name, _, value = line.partition(":")
        value = value.removeprefix(" ")
        if name == "data":
            self._data.append(value)
            self._count(len(value))
        elif name == "event":
            self._event = value
        elif name == "id" and "\0" not in value:
            self._id = value
        elif name == "retry" and value.isascii() and value.isdigit():
            self.retry_ms = _bounded_ms(value)
        elif not name:
            self.comments += 1
        return None

    def _dispatch(self) -> Event | None:
        self.last_event_id = self._id
        event = Event(self._event or "message", "\n".join(self._data), self._id) if self._data else None
        self._data, self._event, self._characters = [], "", 0
        return event

    def _count(self, characters: int) -> None:
        self._characters += characters
        if self._characters > limits.EVENT_CHARACTERS:
            raise ProtocolError(f"an event of the stream has more than {limits.EVENT_CHARACTERS} characters")


def _bounded_ms(digits: str) -> int:
    """A number of more digits than Python reads is a day at most, too."""
    significant = digits.lstrip("0")
    if len(significant) > _RETRY_DIGITS:
        return limits.ASKED_WAIT_MAX_MS
    return min(int(significant or "0"), limits.ASKED_WAIT_MAX_MS)
