from __future__ import annotations

import asyncio
import csv
import io
import json
import threading
from typing import Any

import msgspec
import pytest
from tornado import web
from tornado.httpclient import AsyncHTTPClient, HTTPResponse
from tornado.netutil import bind_sockets

from livedash import limits
from livedash.core.page import Page
from livedash.server.app import http_server, rules
from livedash.server.auth import By, HostHandler
from livedash.server.history_formats import COLUMNS_TYPE, FORMATS, as_json
from livedash.server.routes import records
from livedash.server.routes.records import records_of_body
from livedash.wire.codec import batch_of_wire
from livedash.wire.messages import WireColumn
from tests.server.served import LIMIT_S, NDJSON, NOBODY, OWNER, TOKEN, Served, error_of, json_of

PATH = "rooms/train/records"


class NamedHost(HostHandler):
    """Believes whoever says its name."""

    async def host_login(self) -> tuple[str, By]:
        return self.request.headers["Name"], By.HEADER

    async def host_may(self, action: str) -> bool:
        return True


def position(answer: HTTPResponse) -> str:
    return f"train:{answer.headers['Livedash-Epoch']}-{answer.headers['Livedash-Offset']}"


async def read(served: Served, **params: Any) -> list[dict[str, Any]]:
    records: list[dict[str, Any]] = json_of(await served.get(PATH, **params))
    return records


async def publish(served: Served, body: Any, **headers: str) -> HTTPResponse:
    named = {name.replace("_", "-"): text for name, text in headers.items()}
    return await served.post(PATH, body, headers={**OWNER, **named})


# Publishing


@pytest.mark.parametrize(
    ("body", "media_type", "records"),
    [
        (b'{"n": 1}', "application/json", [{"n": 1}]),
        (b'{"n": 1}', "text/plain", [{"n": 1}]),
        (b'[{"n": 1}, {"n": 2}]', "application/json", [{"n": 1}, {"n": 2}]),
        (b'{"n": 1}\n\n{"n": 2}\r\n', NDJSON, [{"n": 1}, {"n": 2}]),
        (b'{"n": 1}\n{"n": 2}', f"{NDJSON}; charset=utf-8", [{"n": 1}, {"n": 2}]),
        (b"{}", "application/json", [{}]),
        (b'{"n": null, "m": "\\u00e9"}', "application/json", [{"n": None, "m": "é"}]),
    ],
)
async def test_an_object_an_array_or_lines_are_published(
    served: Served, body: bytes, media_type: str, records: list[dict[str, Any]]
) -> None:
    answer = json_of(await publish(served, body, Content_Type=media_type))
    assert answer == {"epoch": served.hub.room("train").epoch, "offset": len(records)}
    assert await read(served) == records


async def test_offsets_go_on_from_one_publish_to_the_next(served: Served) -> None:
    await served.push({"n": 1}, {"n": 2})
    assert json_of(await publish(served, {"n": 3}))["offset"] == 3


@pytest.mark.parametrize(
    ("body", "media_type", "error"),
    [
        (b"", "application/json", (400, "bad_message")),
        (b"{", "application/json", (400, "bad_message")),
        (b'{"n": NaN}', "application/json", (400, "bad_message")),
        (b"[]", "application/json", (400, "bad_message")),
        (b'{"n": 1}\n{"n": 2}', "application/json", (400, "bad_message")),
        (b"\xff\xfe", "application/json", (400, "bad_message")),
        (b"[" * 100_000, "application/json", (400, "bad_message")),
        (b"\n\n", NDJSON, (400, "bad_message")),
        (b"3", "application/json", (400, "bad_value")),
        (b'[{"n": 1}, 3, {"n": 2}]', "application/json", (400, "bad_value")),
        (b'{"n": 1}\n[]\n{"n": 2}', NDJSON, (400, "bad_value")),
        (b'{"n": 1}\n{"n": \n{"n": 2}', NDJSON, (400, "bad_message")),
    ],
)
async def test_a_publish_is_taken_whole_or_not_at_all(
    served: Served, body: bytes, media_type: str, error: tuple[int, str]
) -> None:
    assert error_of(await publish(served, body, Content_Type=media_type)) == error
    assert served.hub.rooms == {}


async def test_a_line_that_is_no_json_is_named_by_its_number(served: Served) -> None:
    answer = await publish(served, b'{"n": 1}\n\nnonsense\n', Content_Type=NDJSON)
    assert "line 3 is no JSON" in answer.body.decode()


async def test_a_record_that_a_keyed_room_refuses_takes_the_others_with_it(served: Served) -> None:
    await served.request("rooms/train", method="PUT", body={"key": "sym"})
    assert error_of(await publish(served, [{"sym": "A"}, {"p": 1}])) == (400, "bad_value")
    assert await read(served) == []


async def test_a_record_above_its_bound_is_refused_by_name(served: Served) -> None:
    answer = await publish(served, [{"n": 1}, {"text": "x" * (limits.RECORD_BYTES + 1)}])
    assert error_of(answer) == (413, "too_large")
    assert str(limits.RECORD_BYTES) in answer.body.decode()
    assert served.hub.rooms == {}


async def test_a_body_above_its_bound_is_refused_with_both_sizes(
    served: Served, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(limits, "PUBLISH_BODY_BYTES", 100)
    answer = await publish(served, b'{"text": "%s"}' % (b"x" * 100))
    assert error_of(answer) == (413, "too_large")
    assert "100 bytes at most; this one has 112" in answer.body.decode()


async def test_a_body_that_does_not_say_how_long_it_is_has_the_same_bound(
    served: Served, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(limits, "PUBLISH_BODY_BYTES", 100)
    chunks = [b'{"n": "', b"x" * 90, b'"}' + b" " * 10]
    for parts, status in (([*chunks[:2], b'"}'], 200), (chunks, 413)):
        answer = await say(
            served,
            b"Transfer-Encoding: chunked",
            *(b"%x\r\n%s\r\n" % (len(part), part) for part in parts),
            b"0\r\n\r\n",
        )
        assert answer == status
    assert served.hub.room("train").history.top == 1


@pytest.mark.parametrize("length", ["none", "-1", "²", "9" * 5000])
async def test_a_length_that_is_none_is_refused(served: Served, length: str) -> None:
    assert await say(served, f"Content-Length: {length}".encode("latin-1")) == 400


@pytest.mark.parametrize(("login", "status"), [(f"Authorization: Bearer {TOKEN}", 413), ("X: y", 401)])
async def test_a_body_is_refused_before_it_is_read(served: Served, login: str, status: int) -> None:
    assert await say(served, b"Content-Length: 100000000000", login=login) == status


async def say(served: Served, head: bytes, *body: bytes, login: str = f"Authorization: Bearer {TOKEN}") -> int:
    """The status that a publish gets."""
    reader, writer = await asyncio.open_connection("127.0.0.1", int(served.origin.rpartition(":")[2]))
    writer.write(b"POST /livedash/%s HTTP/1.1\r\nHost: h\r\n%s\r\n%s\r\n\r\n" % (PATH.encode(), login.encode(), head))
    writer.writelines(body)
    line = await asyncio.wait_for(reader.readline(), LIMIT_S)
    writer.close()
    await writer.wait_closed()
    return int(line.split()[1])


@pytest.mark.parametrize("name", ["open", "livedash.x", "a..b", "a%20b", "%C3%A9", "x" * 129, "a%2Fb", "*"])
async def test_nothing_is_published_or_read_where_there_can_be_no_room(served: Served, name: str) -> None:
    assert error_of(await served.post(f"rooms/{name}/records", {"n": 1})) == (400, "bad_name")
    assert error_of(await served.get(f"rooms/{name}/records")) == (400, "bad_name")


# Idempotency-Key


async def test_a_repeated_key_gets_the_first_answer_again(served: Served) -> None:
    first = json_of(await publish(served, {"n": 1}, Idempotency_Key="a"))
    await served.push({"n": 2})
    assert json_of(await publish(served, {"n": 1}, Idempotency_Key="a")) == first
    assert await read(served) == [{"n": 1}, {"n": 2}]


async def test_a_key_with_another_body_is_a_conflict(served: Served) -> None:
    await publish(served, {"n": 1}, Idempotency_Key="a")
    assert error_of(await publish(served, {"n": 2}, Idempotency_Key="a")) == (409, "conflict")
    assert await read(served) == [{"n": 1}]


async def test_a_key_holds_for_its_room_alone(served: Served) -> None:
    await publish(served, {"n": 1}, Idempotency_Key="a")
    answer = await served.post("rooms/other/records", {"n": 2}, headers={**OWNER, "Idempotency-Key": "a"})
    assert json_of(answer)["offset"] == 1


async def test_a_key_holds_for_its_caller_alone(served: Served) -> None:
    application = web.Application(list(rules(served.services, NamedHost, "/livedash/")))
    server = http_server(application)
    (listener,) = bind_sockets(0, "127.0.0.1")
    server.add_socket(listener)
    url = f"http://127.0.0.1:{listener.getsockname()[1]}/livedash/{PATH}"
    client = AsyncHTTPClient(force_instance=True)
    for name, offset in (("ann", 1), ("bob", 2), ("ann", 1)):
        headers = {"Name": name, "Idempotency-Key": "a"}
        answer = await client.fetch(url, method="POST", body=json.dumps({"n": 1}), headers=headers)
        assert json_of(answer)["offset"] == offset
    client.close()
    server.stop()
    await server.close_all_connections()


async def test_a_key_whose_publish_was_refused_may_be_used_again(served: Served) -> None:
    await publish(served, b"{", Idempotency_Key="a")
    assert json_of(await publish(served, {"n": 1}, Idempotency_Key="a"))["offset"] == 1


# History


async def test_history_begins_with_the_oldest_record(served: Served) -> None:
    await served.push({"n": 1}, {"n": 2})
    answer = await served.get(PATH)
    assert json_of(answer) == [{"n": 1}, {"n": 2}]
    assert (position(answer), answer.headers["Livedash-First"]) == (f"train:{served.hub.room('train').position}", "1")


@pytest.mark.parametrize(
    ("params", "numbers"),
    [
        ({}, [1, 2, 3, 4, 5]),
        ({"since": "earliest"}, [1, 2, 3, 4, 5]),
        ({"since": "now"}, []),
        ({"since": "-2"}, [4, 5]),
        ({"since": "-99"}, [1, 2, 3, 4, 5]),
        ({"since": "snapshot", "limit": 3}, [3, 4, 5]),
        ({"limit": 2}, [1, 2]),
        ({"since": "-4", "limit": 2}, [2, 3]),
    ],
)
async def test_since_and_limit_choose_a_part(served: Served, params: dict[str, Any], numbers: list[int]) -> None:
    for number in range(1, 6):
        await served.push({"n": number})
    assert [record["n"] for record in await read(served, **params)] == numbers


async def test_the_position_of_a_page_leads_to_the_next(served: Served) -> None:
    await served.push(*({"n": number} for number in range(7)))
    seen: list[int] = []
    since = "earliest"
    for _ in range(4):
        answer = await served.get(PATH, since=since, limit=2)
        seen += [record["n"] for record in json_of(answer)]
        since = position(answer)
    assert seen == list(range(7))
    assert await read(served, since=since) == []


@pytest.mark.parametrize(
    ("since", "error"),
    [
        ("yesterday", (400, "bad_setting")),
        ("train:zzzz", (400, "bad_cursor")),
        ("train:zzzz-3", (410, "gap")),
        ("train:{epoch}-9", (410, "gap")),
    ],
)
async def test_a_start_from_which_history_can_not_go_on_is_told(
    served: Served, since: str, error: tuple[int, str]
) -> None:
    epoch = (await served.push({"n": 1})).partition(":")[2].partition("-")[0]
    assert error_of(await served.get(PATH, since=since.format(epoch=epoch))) == error


@pytest.mark.parametrize("limit", ["0", "-1", "1000001", "ten", "1.5", "²", "9" * 5000, "0x10"])
async def test_a_limit_that_can_not_be_is_refused(served: Served, limit: str) -> None:
    await served.push({"n": 1})
    assert error_of(await served.get(PATH, limit=limit)) == (400, "bad_setting")


async def test_without_a_limit_ten_thousand_records_are_read(served: Served) -> None:
    await served.push(*({"n": number} for number in range(limits.READ_LIMIT + 1)))
    assert len(await read(served)) == limits.READ_LIMIT
    assert len(await read(served, limit=limits.READ_LIMIT_MAX)) == limits.READ_LIMIT + 1


async def test_a_room_without_a_record_has_no_history(served: Served) -> None:
    assert error_of(await served.get(PATH)) == (404, "not_found")


# Formats


async def test_lines_are_one_record_each(served: Served) -> None:
    await served.push({"n": 1}, {"text": "a\nb"})
    answer = await served.get(PATH, format="ndjson")
    assert [json.loads(line) for line in answer.body.splitlines()] == [{"n": 1}, {"text": "a\nb"}]
    assert answer.headers["Content-Type"].startswith(NDJSON)


async def test_csv_has_a_column_for_each_field(served: Served) -> None:
    await served.push({"n": 1}, {"n": None, "text": 'a,"b"'})
    answer = await served.get(PATH, format="csv")
    assert list(csv.reader(io.StringIO(answer.body.decode()))) == [["n", "text"], ["1", ""], ["", 'a,"b"']]
    assert answer.headers["Content-Type"].startswith("text/csv")


async def test_columns_keep_types_and_times(served: Served) -> None:
    await served.push({"n": 1, "loss": 0.5})
    answer = await served.get(PATH, format="columns")
    content = msgspec.msgpack.decode(answer.body)
    columns = msgspec.convert(content["columns"], dict[str, WireColumn])
    assert answer.headers["Content-Type"] == COLUMNS_TYPE
    assert batch_of_wire(content["count"], content["times"], columns).records() == [{"n": 1, "loss": 0.5}]


@pytest.mark.parametrize("format_name", ["json", "ndjson", "csv", "columns", "arrow", "parquet"])
async def test_each_format_names_its_position_and_is_stored_by_nobody(served: Served, format_name: str) -> None:
    cursor = await served.push({"n": 1})
    answer = await served.get(PATH, format=format_name, time=1)
    assert (answer.code, position(answer), answer.headers["Cache-Control"]) == (200, cursor, "no-store")


async def test_another_format_is_refused_with_those_that_there_are(served: Served) -> None:
    await served.push({"n": 1})
    answer = await served.get(PATH, format="xml")
    assert error_of(answer) == (400, "bad_setting")
    assert "json, ndjson, csv, columns, arrow, parquet" in answer.body.decode()


@pytest.mark.parametrize(
    ("time", "has_time"), [("1", True), ("true", True), ("0", False), ("false", False), ("", False)]
)
async def test_times_come_with_the_records_if_they_are_asked_for(served: Served, time: str, has_time: bool) -> None:
    await served.push({"n": 1})
    (record,) = await read(served, time=time)
    stamp = record.pop("_time", None)
    assert (record, stamp is not None) == ({"n": 1}, has_time)
    if stamp is not None:
        assert stamp == served.hub.room("train").history.read(0, 100)[0].batch.first_time_us()


# Who


async def test_a_link_reads_history_of_its_rooms_and_writes_nowhere(served: Served) -> None:
    await served.push({"n": 1})
    await served.push({"n": 1}, room="secret")
    key = (await served.share())["key"]
    assert json_of(await served.get(PATH, headers=NOBODY, key=key)) == [{"n": 1}]
    assert error_of(await served.get("rooms/secret/records", headers=NOBODY, key=key)) == (404, "not_found")
    answer = await served.post(f"{PATH}?key={key}", {"n": 2}, headers=NOBODY)
    assert error_of(answer) == (403, "not_allowed")
    assert await read(served) == [{"n": 1}]


def test_bodies_are_read_by_their_type_alone() -> None:
    assert records_of_body(b'{"n": 1}', "") == [{"n": 1}]
    assert records_of_body(b'{"n": 1}', NDJSON) == [{"n": 1}]
    assert records_of_body(b"[1]", NDJSON) == [[1]]


async def test_a_long_read_leaves_the_event_loop_to_others(served: Served, monkeypatch: pytest.MonkeyPatch) -> None:
    threads: list[int] = []

    def slow(page: Page, with_time: bool) -> tuple[str, bytes]:
        threads.append(threading.get_ident())
        return as_json(page, with_time)

    monkeypatch.setitem(FORMATS, "json", slow)
    monkeypatch.setattr(limits, "READ_AT_ONCE_RECORDS", 2)
    await served.push({"n": 1}, {"n": 2})
    assert len(json_of(await served.get("rooms/train/records"))) == 2
    await served.push({"n": 3})
    assert len(json_of(await served.get("rooms/train/records"))) == 3
    here, elsewhere = threads
    assert here == threading.get_ident() != elsewhere


async def test_a_large_publish_leaves_the_event_loop_to_others(served: Served, monkeypatch: pytest.MonkeyPatch) -> None:
    threads: list[int] = []

    def slow(body: bytes, media_type: str) -> list[Any]:
        threads.append(threading.get_ident())
        return records_of_body(body, media_type)

    monkeypatch.setattr(records, "records_of_body", slow)
    monkeypatch.setattr(limits, "PUBLISH_AT_ONCE_BYTES", 20)
    await served.push({"n": 1})
    await served.push({"text": "x" * 20})
    assert error_of(await served.post(PATH, b"[" + b" " * 20)) == (400, "bad_message")
    assert len(json_of(await served.get(PATH))) == 2
    here, *elsewhere = threads
    assert here == threading.get_ident()
    assert len(elsewhere) == 2
    assert here not in elsewhere
