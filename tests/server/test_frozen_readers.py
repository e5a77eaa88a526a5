"""Readers that never read, on a real server: what they cost is bounded, they are sent away, and nobody else notices."""

from __future__ import annotations

import contextlib
import json

import pytest

from livedash import limits
from livedash.transports import websocket
from tests.server import frozen
from tests.server.frozen import Ask, Frozen
from tests.server.served import Served, Socket, Stream, serve, until

RECORD_BYTES = 500_000
RECORDS = 40
FROZEN = 3
TEXT = "x" * RECORD_BYTES


def port_of(served: Served) -> int:
    return int(served.origin.rpartition(":")[2])


async def read_all(served: Served, streams: list[Stream], sockets: list[Socket]) -> None:
    """Pushes record by record, and sees that each reader has each one."""
    for number in range(RECORDS):
        await served.push({"n": number, "text": TEXT})
        for stream in streams:
            assert json.loads((await stream.next()).data)["n"] == number
        for socket in sockets:
            assert [record["n"] for record in (await socket.hear())["records"]] == [number]


@pytest.mark.parametrize("ask", [frozen.by_websocket, frozen.by_events])
async def test_a_reader_that_never_reads_holds_a_send_buffer_is_sent_away_and_hurts_nobody(
    served: Served, ask: Ask, monkeypatch: pytest.MonkeyPatch
) -> None:
    backlog, port = served.services.stage.backlog, port_of(served)
    async with await served.stream(room="train") as stream, await served.websocket() as socket:
        assert (await stream.next()).event == "livedash.start"
        assert (await socket.ask("subscribe", room="train"))["op"] == "subscribed"
        with contextlib.ExitStack() as entered:
            peers = [entered.enter_context(Frozen(port, ask("train"))) for _ in range(FROZEN)]
            await until(lambda: len(served.hub.viewers("train")) == 2 + FROZEN, "all of them read the room")
            await read_all(served, [stream], [socket])
            await until(lambda: len(served.services.stage.viewers()) == 2 + FROZEN, "nobody was sent away")
            of_each = limits.SEND_BUFFER_BYTES + limits.MESSAGE_BYTES + RECORD_BYTES
            assert 0 < backlog.waiting_bytes <= FROZEN * of_each
            assert served.services.stage.slow_viewers().coalesced >= FROZEN
            monkeypatch.setattr(limits, "BLOCKED_WRITE_S", 0.001)  # the others are blocked by nothing
            await until(lambda: len(served.services.stage.viewers()) == 2, "who reads nothing is sent away")
            assert served.services.stage.slow_viewers().disconnected == FROZEN
            assert all(peer.is_cut_off() for peer in peers)
        await until(lambda: backlog.waiting_bytes == 0, "nothing waits any more")
        await read_all(served, [stream], [socket])


async def test_a_websocket_that_never_reads_answers_no_ping_either_and_is_too_slow(
    served: Served, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(limits, "BLOCKED_WRITE_S", 2 * limits.PONG_LIMIT_S)  # so it is this that ends it
    with Frozen(port_of(served), frozen.by_websocket("train")):
        await until(lambda: len(served.hub.viewers("train")) == 1, "it reads the room")
        for number in range(RECORDS):
            await served.push({"n": number, "text": TEXT})
        (viewer,) = served.services.stage.viewers()
        viewer.tick(served.services.stage.clock_s() + websocket.LIVENESS.answer_limit_s)
        assert served.services.stage.slow_viewers().disconnected == 1
        assert served.services.stage.viewers() == []


@pytest.mark.parametrize("ask", [frozen.by_poll, frozen.by_history])
async def test_an_answer_that_is_never_read_counts_among_what_waits_and_is_cut(
    served: Served, ask: Ask, monkeypatch: pytest.MonkeyPatch
) -> None:
    backlog = served.services.stage.backlog
    for number in range(RECORDS):
        await served.push({"n": number, "text": TEXT})
    with Frozen(port_of(served), ask("train")) as peer:
        await until(lambda: backlog.waiting_bytes > 0, "the answer waits")
        assert backlog.waiting_bytes <= RECORDS * (RECORD_BYTES + 1000)
        async with await served.websocket() as socket:
            await socket.ask("subscribe", room="train")
            await read_all(served, [], [socket])
        monkeypatch.setattr(limits, "BLOCKED_WRITE_S", 0.0)
        await until(lambda: backlog.waiting_bytes == 0, "the answer was given up")
        assert served.services.stage.slow_viewers().disconnected == 1
        assert peer.is_cut_off()


async def test_what_waits_for_all_who_never_read_is_bounded_and_they_are_sent_away_when_it_is_too_much() -> None:
    served = await serve()
    backlog = served.services.stage.backlog
    backlog.bound_bytes = 6_000_000
    with contextlib.ExitStack() as entered:
        asked = frozen.by_websocket("train")
        for _ in range(30):
            entered.enter_context(Frozen(port_of(served), asked))
        await until(lambda: len(served.hub.viewers("train")) == 30, "all of them read the room")
        async with await served.websocket() as socket:
            await socket.ask("subscribe", room="train")
            for number in range(RECORDS):
                await served.push({"n": number, "text": TEXT})
                assert (await socket.hear())["records"][0]["n"] == number
                assert backlog.waiting_bytes <= backlog.bound_bytes + RECORD_BYTES + 1000
        assert served.services.stage.slow_viewers().disconnected > 0
    await served.close()
