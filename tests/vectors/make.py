"""Writes batches.json from the cases below; it shares no code with livedash, so both sides are held to the same text.

Run it after a change: `python tests/vectors/make.py`. The file is a list of
    name            what the case shows
    batch_json      the message's text, as on `livedash.v1.json`
    msgpack_base64  the same message, as on `livedash.v1.msgpack`
    records         what a viewer of shape `records` gets (NaN and infinities as null)
"""

from __future__ import annotations

import base64
import json
import math
import struct
from pathlib import Path
from typing import Any

import msgspec

NAT = -(2**63)
NOW = 1_764_000_000_000_000  # µs
NAN, INFINITE = math.nan, math.inf
Json = dict[str, Any]


def column(kind: str, values: list[Any], **extra: Any) -> Json:
    return {"type": kind, "values": values, **extra}


def case(name: str, count: int, columns: Json, records: list[Json], *, op: str = "columns", **extra: Any) -> Json:
    times = [NOW + 1000 * row for row in range(count)]
    head = {"op": op, "room": "lab3.furnace", "epoch": "k3x9", "offset": 40 + count}
    return {
        "name": name,
        "message": {**head, **extra, "count": count, "times": times, "columns": columns},
        "records": records,
    }


CASES = [
    case(
        "floats, with NaN and both infinities",
        5,
        {"loss": column("f8", [0.25, NAN, INFINITE, -INFINITE, -1e300])},
        [{"loss": 0.25}, {"loss": None}, {"loss": None}, {"loss": None}, {"loss": -1e300}],
    ),
    case(
        "floats whose shortest texts are unlike each other",
        6,
        {"x": column("f8", [0.1, 1.0, -0.0, 5e-324, 1.7976931348623157e308, 123456789012345680000.0])},
        [{"x": x} for x in (0.1, 1.0, -0.0, 5e-324, 1.7976931348623157e308, 123456789012345680000.0)],
    ),
    case(
        "integers up to 2^53 - 1",
        4,
        {"step": column("i8", [0, -1, 2**53 - 1, -(2**53 - 1)])},
        [{"step": 0}, {"step": -1}, {"step": 2**53 - 1}, {"step": -(2**53 - 1)}],
    ),
    case(
        "integers beyond 2^53 are exact",
        4,
        {"id": column("i8", [2**53 + 1, -(2**53) - 1, 2**63 - 1, 7])},
        [{"id": 2**53 + 1}, {"id": -(2**53) - 1}, {"id": 2**63 - 1}, {"id": 7}],
    ),
    case(
        "booleans",
        3,
        {"ok": column("bool", [True, False, True])},
        [{"ok": True}, {"ok": False}, {"ok": True}],
    ),
    case(
        "texts, with null, empty, quotes, line breaks and characters beyond ASCII",
        6,
        {"tag": column("str", ["a", None, "", 'say "hi"\\', "one\r\ntwo\u2028", "größe 🔥"])},
        [{"tag": t} for t in ("a", None, "", 'say "hi"\\', "one\r\ntwo\u2028", "größe 🔥")],
    ),
    case(
        "a categorical text",
        5,
        {"side": column("str", [0, 1, None, 1, 0], categories=["buy", "sell"])},
        [{"side": "buy"}, {"side": "sell"}, {"side": None}, {"side": "sell"}, {"side": "buy"}],
    ),
    case(
        "times without a zone, in microseconds",
        3,
        {"at": column("time", [NOW, NAT, NOW + 250_000], unit="us")},
        [{"at": "2025-11-24T16:00:00"}, {"at": None}, {"at": "2025-11-24T16:00:00.25"}],
    ),
    case(
        "times of which the unit is not told are in microseconds",
        1,
        {"at": column("time", [1])},
        [{"at": "1970-01-01T00:00:00.000001"}],
    ),
    case(
        "times in a zone with an IANA name, over the change of its offset",
        2,
        {"at": column("time", [1_774_745_999_000_000, 1_774_746_000_000_000], unit="us", tz="Europe/Berlin")},
        [{"at": "2026-03-29T01:59:59+01:00"}, {"at": "2026-03-29T03:00:00+02:00"}],
    ),
    case(
        "times in nanoseconds, in UTC, also before 1970",
        4,
        {"at": column("time", [NOW * 1000 + 1, NAT, -1, 0], unit="ns", tz="UTC")},
        [
            {"at": "2025-11-24T16:00:00.000000001Z"},
            {"at": None},
            {"at": "1969-12-31T23:59:59.999999999Z"},
            {"at": "1970-01-01T00:00:00Z"},
        ],
    ),
    case(
        "times in seconds at an offset, and in milliseconds",
        2,
        {
            "due": column("time", [1_764_000_000, 0], unit="s", tz="-03:30"),
            "seen": column("time", [1_764_000_000_125, -1], unit="ms"),
        },
        [
            {"due": "2025-11-24T12:30:00-03:30", "seen": "2025-11-24T16:00:00.125"},
            {"due": "1969-12-31T20:30:00-03:30", "seen": "1969-12-31T23:59:59.999"},
        ],
    ),
    case(
        "json: nested, mixed and null",
        6,
        {"info": column("json", [{"a": [1, {"b": None}]}, [], "text", 1.5, None, [True, -7]])},
        [{"info": v} for v in ({"a": [1, {"b": None}]}, [], "text", 1.5, None, [True, -7])],
    ),
    case(
        "absent is not null",
        4,
        {
            "step": column("i8", [1, 2, 3, 4]),
            "note": column("str", ["a", None], absent=[1, 3]),
        },
        [{"step": 1, "note": "a"}, {"step": 2}, {"step": 3, "note": None}, {"step": 4}],
    ),
    case(
        "a field that comes late, and one that stops",
        4,
        {
            "old": column("f8", [1.0, 2.0], absent=[2, 3]),
            "new": column("f8", [0.5], absent=[0, 1, 2]),
        },
        [{"old": 1.0}, {"old": 2.0}, {}, {"new": 0.5}],
    ),
    case(
        "records without any field",
        2,
        {},
        [{}, {}],
    ),
    case(
        "names of fields may hold anything",
        1,
        {"": column("i8", [1]), "__proto__": column("i8", [2]), "a.b c": column("i8", [3]), "größe": column("i8", [4])},
        [{"": 1, "__proto__": 2, "a.b c": 3, "größe": 4}],
    ),
    case(
        "all types together",
        2,
        {
            "f": column("f8", [1.5, NAN]),
            "i": column("i8", [1, 2]),
            "b": column("bool", [False], absent=[0]),
            "s": column("str", ["x", "y"]),
            "t": column("time", [NOW, NAT], unit="us", tz="UTC"),
            "j": column("json", [[1], None]),
            "u": column("f8", [20.5, 21.0], unit="°C"),
        },
        [
            {"f": 1.5, "i": 1, "s": "x", "t": "2025-11-24T16:00:00Z", "j": [1], "u": 20.5},
            {"f": None, "i": 2, "b": False, "s": "y", "t": None, "j": None, "u": 21.0},
        ],
    ),
    case(
        "a snapshot",
        2,
        {"loss": column("f8", [0.5, 0.25])},
        [{"loss": 0.5}, {"loss": 0.25}],
        op="snapshot",
    ),
    case("an empty snapshot replaces what is held", 0, {}, [], op="snapshot"),
    case(
        "records that a mode left out are counted",
        1,
        {"loss": column("f8", [0.125])},
        [{"loss": 0.125}],
        skipped=7,
    ),
]


def json_message(message: Json) -> Json:
    return {**message, "columns": {name: json_column(column) for name, column in message["columns"].items()}}


def json_column(column: Json) -> Json:
    return {**column, "values": [None if is_missing(column, value) else value for value in column["values"]]}


def is_missing(column: Json, value: Any) -> bool:
    return (column["type"] == "f8" and not math.isfinite(value)) or (column["type"] == "time" and value == NAT)


def packed_message(message: Json) -> Json:
    times = struct.pack(f"<{len(message['times'])}q", *message["times"])
    columns = {name: packed_column(column) for name, column in message["columns"].items()}
    return {**message, "times": times, "columns": columns}


def packed_column(column: Json) -> Json:
    values = column["values"]
    if "categories" in column:
        packed: Any = struct.pack(f"<{len(values)}i", *(-1 if value is None else value for value in values))
    elif column["type"] in ("str", "json"):
        packed = values
    else:
        code = {"f8": "d", "i8": "q", "time": "q", "bool": "B"}[column["type"]]
        packed = struct.pack(f"<{len(values)}{code}", *values)
    return {**column, "values": packed}


def vector(made: Json) -> Json:
    return {
        "name": made["name"],
        "batch_json": json.dumps(
            json_message(made["message"]), ensure_ascii=False, allow_nan=False, separators=(",", ":")
        ),
        "msgpack_base64": base64.b64encode(msgspec.msgpack.encode(packed_message(made["message"]))).decode(),
        "records": made["records"],
    }


def text() -> str:
    return json.dumps([vector(made) for made in CASES], indent=1, ensure_ascii=False, allow_nan=False) + "\n"


if __name__ == "__main__":
    Path(__file__).with_name("batches.json").write_text(text(), encoding="utf-8")
