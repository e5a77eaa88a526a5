"""Writes sse.json from the cases below; it shares no code with livedash, so Python, TypeScript and browsers are held to one text.

Run it after a change: `python tests/vectors/make_sse.py`. What is expected is worked out by hand from
https://html.spec.whatwg.org/multipage/server-sent-events.html#parsing-an-event-stream. The file is a list of
    name       what the case shows
    base64     the stream's bytes, from its beginning to its end
    events     [{"event", "data", "id"}] that are dispatched; `id` is the last event id then
    retry_ms   the reconnection time that the stream asks for, null: none
    last_id    the last event id at the end
"""

from __future__ import annotations

import base64
import json
from pathlib import Path
from typing import Any

Json = dict[str, Any]
DAY_MS = 86_400_000


def event(data: str, event_id: str = "", name: str = "message") -> Json:
    return {"event": name, "data": data, "id": event_id}


def case(
    name: str, stream: str | bytes, *events: Json, retry_ms: int | None = None, last_id: str | None = None
) -> Json:
    """`last_id` None: that of the last event."""
    data = stream if isinstance(stream, bytes) else stream.encode()
    last = events[-1]["id"] if events else ""
    return {
        "name": name,
        "base64": base64.b64encode(data).decode(),
        "events": list(events),
        "retry_ms": retry_ms,
        "last_id": last if last_id is None else last_id,
    }


OURS = [
    case(
        "one record, as EventSource and curl see it",
        'data: {"step":1,"loss":0.3}\nid: train:k3x9-1\n\n',
        event('{"step":1,"loss":0.3}', "train:k3x9-1"),
    ),
    case(
        "a room's name as the event",
        'event: lab3.furnace\ndata: {"temp":20}\nid: lab3.furnace:a1-7,lab3.door:b2-0\n\n',
        event('{"temp":20}', "lab3.furnace:a1-7,lab3.door:b2-0", "lab3.furnace"),
    ),
    case(
        "our own events",
        'retry: 2000\nevent: livedash.start\ndata: {"cursor":"train:0-0"}\nid: train:0-0\n\n'
        'event: livedash.gap\ndata: {"op":"gap"}\n\n:\n'
        'event: livedash.degraded\ndata: {"op":"degraded","reason":"the broker is away"}\n\n'
        'event: livedash.bye\ndata: {"op":"bye"}\nretry: 2400\n\n',
        event('{"cursor":"train:0-0"}', "train:0-0", "livedash.start"),
        event('{"op":"gap"}', "train:0-0", "livedash.gap"),
        event('{"op":"degraded","reason":"the broker is away"}', "train:0-0", "livedash.degraded"),
        event('{"op":"bye"}', "train:0-0", "livedash.bye"),
        retry_ms=2400,
    ),
]

LINES = [
    case(
        "lines end in LF, CR or CRLF, mixed",
        "data: a\ndata: b\rdata: c\r\n\r\ndata: d\r\rdata: e\n\n",
        *(event("a\nb\nc"), event("d"), event("e")),
    ),
    case("LF and then CR are two ends", "data: a\n\rdata: b\n\r", event("a"), event("b")),
    case("CR, CR, LF are two ends", "data: a\r\r\ndata: b\r\r\n", event("a"), event("b")),
    case("CR alone ends all", "id: 1\rdata: a\r\r: c\rdata: b\r\r", event("a", "1"), event("b", "1")),
    case("many empty lines are one end", "\n\r\n\n\ndata: a\n\n\r\n\r\r\n\ndata: b\n\n", event("a"), event("b")),
    case("a line of a space is no empty line", "data: a\n \ndata: b\n\n", event("a\nb")),
    case(
        "other line separators end no line",
        "data: größe 🔥\u2028\u2029\u0085\v\f\x1c\x1d\x1e\0x\n\n",
        event("größe 🔥\u2028\u2029\u0085\v\f\x1c\x1d\x1e\0x"),
    ),
]

FIELDS = [
    case(
        "one space after the colon is dropped, no more",
        "data:a\n\ndata:  b\n\ndata: \n\n",
        event("a"),
        event(" b"),
        event(""),
    ),
    case("no other white space is dropped", "data:\ta \n\ndata:\u00a0b\n\n", event("\ta "), event("\u00a0b")),
    case("a space before the colon is of the name", "data : a\n data: b\ndata: c\n\n", event("c")),
    case("a value holds colons", "data: a: b:: c\ndata::\n\n", event("a: b:: c\n:")),
    case("a field without a colon has an empty value", "data\n\ndata\ndata\n\ndata:", event(""), event("\n")),
    case(
        "data that is empty is an event too",
        "data:\n\ndata:\ndata:\n\ndata: a\ndata:\n\n",
        event(""),
        event("\n"),
        event("a\n"),
    ),
    case(
        "comments are passed over", ": keep-alive\n\n:\n::data: x\n:data: y\ndata: a\n: z\ndata: b\n\n:", event("a\nb")
    ),
    case(
        "unknown fields are passed over, and names are told apart by case",
        "foo: bar\nDATA: x\nData: y\ndataset: z\nevent-id: w\nEvent: v\nfoo\ndata: a\n\n",
        event("a"),
    ),
    case("the last event name counts", "event: a\nevent: b\ndata: x\n\n", event("x", "", "b")),
    case("an empty event name is `message`", "event: a\nevent:\ndata: x\n\nevent\ndata: y\n\n", event("x"), event("y")),
    case("an event name does not stay", "event: a\ndata: x\n\ndata: y\n\n", event("x", "", "a"), event("y")),
    case("an event name takes no second space", "event:  a\ndata: x\n\n", event("x", "", " a")),
    case("a block without data is no event, and its event name does not stay", "event: a\n\ndata: x\n\n", event("x")),
]

IDS = [
    case(
        "an id stays",
        "id: 1\ndata: a\n\ndata: b\n\nid: 2\ndata: c\n\n",
        event("a", "1"),
        event("b", "1"),
        event("c", "2"),
    ),
    case("the last id of a block counts, wherever it stands", "id: 1\ndata: a\nid: 2\n\n", event("a", "2")),
    case(
        "a block of an id alone is no event and moves the id",
        "id: 1\n\ndata: a\n\nid: 2\n\n",
        event("a", "1"),
        last_id="2",
    ),
    case(
        "an empty id resets it",
        "id: 1\ndata: a\n\nid\ndata: b\n\nid: 3\ndata: c\n\nid:\ndata: d\n\nid: \n\n",
        *(event("a", "1"), event("b"), event("c", "3"), event("d")),
    ),
    case(
        "an id with NULL is ignored",
        "id: 1\ndata: a\n\nid: 1\0-2\ndata: b\n\nid: \0\n\n",
        event("a", "1"),
        event("b", "1"),
    ),
    case("an id beyond ASCII, with spaces", "id:  größe 🔥 \ndata: a\n\n", event("a", " größe 🔥 ")),
    case(
        "an id of a block that has not ended counts for nothing", "id: 1\ndata: a\n\nid: 2\ndata: b\n", event("a", "1")
    ),
]

RETRIES = [
    case("retry counts at the end of its line", "retry: 2500\n", retry_ms=2500),
    case("a later retry counts", "retry: 2500\n\nretry:0\ndata: a\n\n", event("a"), retry_ms=0),
    case("zeros before a number are none of its digits", "retry: 000" + "0" * 5000 + "70\n\n", retry_ms=70),
    case(
        "retry takes ASCII digits only",
        "retry: 7\nretry: 1e3\nretry: -5\nretry: +5\nretry: 0x10\nretry: 1.5\nretry: 5 \nretry:  5\n"
        "retry: ٣\nretry: １\nretry: ²\nretry:\nretry\nretry: \n\n",
        retry_ms=7,
    ),
    case("a retry beyond all reason is a day", "retry: 86400001\n\n", retry_ms=DAY_MS),
    case("a retry of more digits than a number has is a day", "retry: " + "9" * 5000 + "\n\n", retry_ms=DAY_MS),
]

BYTES = [
    case("one byte order mark at the start is no part of the first field", "\ufeffdata: a\n\n", event("a")),
    case("a second byte order mark is", "\ufeff\ufeffdata: lost\n\ndata: b\n\n", event("b")),
    case("a byte order mark later on is text", "data: \ufeffa\n\n\ufeffdata: b\n\n", event("\ufeffa")),
    case("a byte order mark after an empty line is text", "\n\ufeffdata: a\n\ndata: b\n\n", event("b")),
    case("a byte order mark and nothing else", "\ufeff"),
    case("two thirds of a byte order mark are a wrong character", b"\xef\xbbdata: a\n\ndata: b\n\n", event("b")),
    case(
        "wrong bytes are replaced one by one",
        b"data: \x80\xbf|\xfe\xff|\xc0\xaf\n\n",
        event("\ufffd" * 2 + ("|" + "\ufffd" * 2) * 2),
    ),
    case(
        "a character that breaks off is replaced once",
        b"data: \xf0\x9f\x94|\xe2\x82|\xc3\n\n",
        event("\ufffd|\ufffd|\ufffd"),
    ),
    case(
        "surrogates are replaced byte by byte",
        b"data: \xed\xa0\x80|\xf4\x90\x80\x80\n\n",
        event("\ufffd" * 3 + "|" + "\ufffd" * 4),
    ),
    case("a wrong byte before the colon makes another name", b"data\xff: a\n\ndat\xc3: b\n\ndata: c\n\n", event("c")),
    case("a wrong byte in an id and a name", b"id: a\xff\nevent: b\xff\ndata: c\n\n", event("c", "a\ufffd", "b\ufffd")),
    case("what is cut within a character is not whole", b"data: a\n\ndata: \xf0\x9f", event("a")),
]

ENDS = [
    case("nothing", ""),
    case("an event whose empty line is missing is none", "data: a\n\ndata: b\n", event("a")),
    case("a line that has not ended is none", "data: a\n\ndata: b\n\nid: 3", event("a"), event("b")),
    case("a CR at the end ends the line", "id: 1\rdata: a\r\r", event("a", "1")),
    case("one CR is one end only", "data: a\r"),
]


def text() -> str:
    cases = [*OURS, *LINES, *FIELDS, *IDS, *RETRIES, *BYTES, *ENDS]
    return json.dumps(cases, indent=1, ensure_ascii=True) + "\n"


if __name__ == "__main__":
    Path(__file__).with_name("sse.json").write_text(text(), encoding="utf-8")
