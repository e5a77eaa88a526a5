from __future__ import annotations

import json
import logging
from typing import Any

import pytest

from livedash import limits
from livedash.core.connections import ConnectionBounds
from livedash.transports import sse
from livedash.transports.viewer import Liveness
from livedash.wire.sse import Event
from tests.server.served import NOBODY, OWNER, Served, error_of, until


def data(event: Event) -> Any:
    return json.loads(event.data)


async def test_records_come_as_they_are_pushed(served: Served) -> None:
    async with await served.stream(room="train") as stream:
        start = await stream.next()
        cursors = [await served.push({"n": 1}), await served.push({"n": 2})]
        events = await stream.take(2)
    assert (stream.status, stream.headers["Content-Type"]) == (200, "text/event-stream; charset=utf-8")
    assert (start.event, data(start)["rooms"]) == ("livedash.start", ["train"])
    assert [(event.event, data(event), event.event_id) for event in events] == [
        ("message", {"n": 1}, cursors[0]),
        ("message", {"n": 2}, cursors[1]),
    ]


async def test_no_proxy_may_keep_the_stream_back(served: Served) -> None:
    async with await served.stream(room="train") as stream:
        await stream.next()
    assert stream.headers["Cache-Control"] == "no-cache, no-transform"
    assert stream.headers["X-Accel-Buffering"] == "no"


async def test_readers_that_are_cut_together_are_told_to_come_back_apart(served: Served) -> None:
    retries = set()
    for _ in range(8):
        async with await served.stream(room="train") as stream:
            await stream.next()
            retries.add(stream.parser.retry_ms)
    assert len(retries) > 1
    assert all(limits.RETRY_MS / 2 <= (retry or 0) <= limits.RETRY_MS * 1.5 for retry in retries)


async def test_several_rooms_and_families_have_their_names(served: Served) -> None:
    async with await served.stream(room=["train", "lab.*"]) as stream:
        await stream.next()
        await served.push({"n": 1})
        await served.push({"t": 20}, room="lab.oven")
        await served.push({"p": 1}, room="prices")
        await served.push({"n": 2})
        events = await stream.take(3)
    assert [(event.event, data(event)) for event in events] == [
        ("train", {"n": 1}),
        ("lab.oven", {"t": 20}),
        ("train", {"n": 2}),
    ]
    assert events[1].event_id.count(":") == 2


async def test_a_reader_that_was_cut_goes_on_after_its_last_id(served: Served) -> None:
    async with await served.stream(room="train") as stream:
        start = await stream.next()
    for number in range(3):
        await served.push({"n": number})
    async with await served.stream(room="train", headers={**OWNER, "Last-Event-ID": start.event_id}) as stream:
        _, *events = await stream.take(4)
    assert [data(event)["n"] for event in events] == [0, 1, 2]


async def test_a_cursor_that_history_does_not_hold_is_told_by_a_gap_and_the_state(served: Served) -> None:
    await served.push({"n": 1})
    async with await served.stream(room="train", cursor="train:zzzz-4") as stream:
        _, gap, snapshot = await stream.take(3)
    assert (gap.event, data(gap)["reason"]) == ("livedash.gap", "epoch")
    assert (snapshot.event, data(snapshot)["records"]) == ("livedash.snapshot", [{"n": 1}])


async def test_columns_come_as_batches(served: Served) -> None:
    await served.push({"n": 1}, {"n": 2})
    async with await served.stream(room="train", shape="columns", since="earliest") as stream:
        _, event = await stream.take(2)
    assert data(event)["columns"] == {"n": {"type": "i8", "values": [1, 2]}}


async def test_a_quiet_stream_carries_comments(served: Served, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sse, "liveness", lambda keep_alive_s: Liveness(0.0, None))
    async with await served.stream(room="train") as stream:
        await stream.wait_for_comment()


async def test_a_mistake_is_told_by_a_status_and_leaves_no_session(served: Served) -> None:
    for mistake in ({"since": "yesterday"}, {"mode": "some"}, {"room": "open"}):
        answer = await served.get("feed", **{"room": "train", **mistake})
        assert answer.code == 400
        assert answer.headers["Content-Type"] == "application/json; charset=utf-8"
    assert served.hub.sessions() == []


# Ends


async def test_a_reader_that_has_gone_leaves_neither_session_nor_handler(
    served: Served, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO, "tornado.access")
    stream = await served.stream(room="train")
    await stream.next()
    await stream.close()
    await until(lambda: served.hub.sessions() == [], "the session has ended")
    await until(lambda: "/livedash/feed" in caplog.text, "the request is over")  # a handler that hangs logs nothing
    assert served.services.stage.viewers() == []


async def test_a_server_that_stops_says_nothing_of_errors_whether_readers_are_there_or_gone(
    served: Served, caplog: pytest.LogCaptureFixture
) -> None:
    gone, there = await served.stream(room="train"), await served.stream(room="train")
    for stream in (gone, there):
        await stream.next()
    await gone.close()
    await until(lambda: len(served.hub.sessions()) == 1, "one reader has gone")
    await served.running.drain()
    events = await there.rest()
    await there.close()
    assert [event.event for event in events] == ["livedash.bye"]
    assert [record.getMessage() for record in caplog.records if record.levelno >= logging.WARNING] == []


@pytest.mark.parametrize("how", ["revoked", "expired"])
async def test_a_link_that_ends_takes_its_open_streams_with_it(
    served: Served, how: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    link = await served.share("train", expires_s=3600)
    async with (
        await served.stream(headers=NOBODY, key=link["key"]) as stream,
        await served.stream(room="train") as owners,
    ):
        await stream.next()
        if how == "revoked":
            await served.request(f"links/{link['id']}", method="DELETE")
        else:
            monkeypatch.setattr("livedash.clock.now_s", lambda: link["expires_at"] + 0.1)
        (bye,) = await stream.rest()
        assert (bye.event, data(bye)) == ("livedash.bye", {"op": "bye", "reason": how})
        await served.push({"n": 1})
        assert [event.event for event in await owners.take(2)] == ["livedash.start", "message"]
    assert error_of(await served.get("feed", headers=NOBODY, key=link["key"])) == (404, "not_found")


async def test_a_reader_is_told_to_come_back_where_the_server_drains(served: Served) -> None:
    served.services.is_draining = True
    async with await served.stream(room="train") as stream:
        (bye,) = await stream.rest()
    assert (stream.status, bye.event, data(bye)["reason"]) == (200, "livedash.bye", "draining")
    assert data(bye)["retry_after_s"] * 1000 == stream.parser.retry_ms


async def test_a_reader_is_told_to_come_back_where_the_server_is_full(
    served: Served, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(served.hub.connections, "bounds", ConnectionBounds(in_all=0))
    async with await served.stream(room="train") as stream:
        (bye,) = await stream.rest()
    assert (stream.status, bye.event, data(bye)["reason"]) == (200, "livedash.bye", "limit")
    assert stream.headers["Content-Type"] == "text/event-stream; charset=utf-8"


async def test_a_full_or_draining_server_refuses_who_may_not_read_all_the_same(served: Served) -> None:
    served.services.is_draining = True
    assert error_of(await served.get("feed", headers=NOBODY, room="train")) == (401, "not_logged_in")
    assert error_of(await served.get("feed", room="open")) == (400, "bad_name")


async def test_a_reader_that_takes_nothing_costs_no_other_one_anything(served: Served) -> None:
    async with await served.stream(room="train") as stuck, await served.stream(room="train") as reader:
        await stuck.next()
        await reader.next()
        text = "x" * 500_000
        for number in range(20):
            await served.push({"n": number, "text": text})
        events = await reader.take(20)
        assert [data(event)["n"] for event in events] == list(range(20))
        assert [data(event)["n"] for event in await stuck.take(20)] == list(range(20))
