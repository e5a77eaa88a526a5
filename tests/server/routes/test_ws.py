from __future__ import annotations

import asyncio
import json
from typing import Any

import msgspec
import pytest
from tornado.httpclient import HTTPClientError

from livedash import limits
from livedash.core.connections import ConnectionBounds
from livedash.transports.viewer import Liveness
from tests.server.served import NOBODY, OWNER, Served, Socket, error_of, until


async def heard(socket: Socket, *ops: str) -> list[Any]:
    """The next messages, which have these ops."""
    messages = [await socket.hear() for _ in ops]
    assert [message["op"] for message in messages] == list(ops)
    return messages


async def status_of(served: Served, **asked: Any) -> int:
    """Of a refused upgrade."""
    with pytest.raises(HTTPClientError) as refused:
        await served.websocket(**asked)
    return refused.value.code


# Reading and writing


async def test_a_reader_subscribes_and_gets_records_with_offset_and_times(served: Served) -> None:
    await served.push({"n": 1})
    epoch = served.hub.room("train").epoch
    async with await served.websocket() as socket:
        answer = await socket.ask("subscribe", room="train", since="now", shape="records", mode="all", max_hz=None)
        assert answer == {"op": "subscribed", "room": "train", "epoch": epoch, "offset": 1, "recovered": True}
        await served.push({"n": 2}, {"n": 3})
        (message,) = await heard(socket, "records")
    assert {name: message[name] for name in ("room", "epoch", "offset", "records")} == {
        "room": "train",
        "epoch": epoch,
        "offset": 3,
        "records": [{"n": 2}, {"n": 3}],
    }
    assert len(message["times"]) == 2


async def test_a_reader_gets_columns_or_the_state_if_it_asks_for_them(served: Served) -> None:
    await served.push({"loss": 0.3, "tag": "a"}, {"loss": 0.2})
    async with await served.websocket() as socket:
        await socket.say("subscribe", room="train", since="snapshot", shape="columns")
        _, snapshot = await heard(socket, "subscribed", "snapshot")
    assert snapshot["columns"] == {
        "loss": {"type": "f8", "values": [0.3, 0.2]},
        "tag": {"type": "str", "values": ["a"], "absent": [1]},
    }
    assert (snapshot["count"], snapshot["offset"]) == (2, 2)


async def test_a_cursor_that_can_not_go_on_is_told_by_a_gap_and_the_state(served: Served) -> None:
    await served.push({"n": 1})
    async with await served.websocket() as socket:
        await socket.say("subscribe", room="train", since="train:zzzz-3")
        subscribed, gap, _ = await heard(socket, "subscribed", "gap", "snapshot")
    assert (subscribed["recovered"], gap["reason"]) == (False, "epoch")


async def test_after_unsubscribe_nothing_comes(served: Served) -> None:
    async with await served.websocket() as socket:
        await socket.ask("subscribe", room="train")
        await socket.say("unsubscribe", room="train")
        await served.push({"n": 1})
        assert await socket.ask("ping") == {"op": "pong"}


async def test_a_publisher_is_answered_by_a_position_and_a_repeat_by_the_same(served: Served) -> None:
    said = {"room": "train", "records": [{"n": 1}], "id": 7, "publisher": "p1", "seq": 12}
    async with await served.websocket() as socket:
        first = await socket.ask("publish", **said)
        assert await socket.ask("publish", **said) == first
    assert first == {"op": "published", "id": 7, "epoch": served.hub.room("train").epoch, "offset": 1}
    assert served.hub.room("train").history.top == 1


async def test_what_is_published_without_echo_reaches_the_others_alone(served: Served) -> None:
    async with await served.websocket() as socket, await served.websocket() as other:
        for each in (socket, other):
            await each.ask("subscribe", room="train")
        assert (await socket.ask("publish", room="train", records=[{"n": 1}], echo=False))["op"] == "published"
        (record,) = await heard(other, "records")
        assert record["records"] == [{"n": 1}]
        await socket.say("publish", room="train", records=[{"n": 2}])
        messages = [await socket.hear(), await socket.hear()]
    (record,) = [message for message in messages if message["op"] == "records"]
    assert (record["records"], record["skipped"], record["offset"]) == ([{"n": 2}], 1, 2)


async def test_presence_tells_who_reads(served: Served) -> None:
    key = (await served.share("train", label="Ann's team"))["key"]
    async with await served.websocket(headers=NOBODY, key=key) as reader, await served.websocket() as socket:
        await reader.ask("subscribe", room="train")
        (viewer,) = (await socket.ask("presence", room="train"))["viewers"]
    assert (set(viewer), viewer["label"]) == ({"id", "label", "since"}, "Ann's team")


async def test_a_publisher_says_hello_gives_back_and_tells_what_it_lost(served: Served) -> None:
    async with await served.websocket() as socket, await served.websocket() as reader:
        held = {"epoch": "k3x9", "first": 1, "last": 2}
        assert await socket.ask("hello", publisher="p1", rooms={"train": held}) == {
            "op": "welcome",
            "rooms": {"train": "unknown"},
        }
        column = {"type": "i8", "values": [1, 2]}
        answer = await socket.ask(
            "restore", room="train", epoch="k3x9", first=1, count=2, times=[1, 2], columns={"n": column}, id=1
        )
        assert answer == {"op": "published", "id": 1, "epoch": "k3x9", "offset": 2}
        await reader.ask("subscribe", room="train", since="train:k3x9-2")
        await socket.say("lost", room="train", publisher="p1", dropped=9)
        assert await reader.hear() == {"op": "notice", "room": "train", "publisher": "p1", "dropped": 9}


@pytest.mark.parametrize(
    "said", ["nonsense", "[]", '{"op": "dance"}', '{"op": "publish", "room": "open", "records": [{}]}']
)
async def test_a_mistake_is_answered_and_the_connection_stays(served: Served, said: str) -> None:
    async with await served.websocket() as socket:
        await socket.connection.write_message(said)
        assert (await socket.hear())["op"] == "error"
        assert await socket.ask("ping") == {"op": "pong"}


# Subprotocols


async def test_without_a_subprotocol_it_speaks_json(served: Served) -> None:
    async with await served.websocket() as socket:
        assert socket.connection.selected_subprotocol is None
        await socket.say("ping")
        assert await socket.hear_raw() == '{"op":"pong"}'


async def test_json_may_come_in_a_binary_frame_and_is_answered_by_a_text(served: Served) -> None:
    async with await served.websocket(subprotocol="livedash.v1.json") as socket:
        assert socket.connection.selected_subprotocol == "livedash.v1.json"
        await socket.connection.write_message(b'{"op": "ping"}', binary=True)
        assert await socket.hear_raw() == '{"op":"pong"}'


async def test_messagepack_has_binary_frames(served: Served) -> None:
    await served.push({"n": 1})
    async with await served.websocket(subprotocol="livedash.v1.msgpack") as socket:
        assert socket.connection.selected_subprotocol == "livedash.v1.msgpack"
        subscribe = {"op": "subscribe", "room": "train", "since": "earliest", "shape": "columns"}
        await socket.connection.write_message(msgspec.msgpack.encode(subscribe), binary=True)
        answers = [msgspec.msgpack.decode(await socket.hear_raw()) for _ in range(2)]  # type: ignore[arg-type]
        assert [answer["op"] for answer in answers] == ["subscribed", "columns"]
        assert answers[1]["columns"]["n"]["values"] == (1).to_bytes(8, "little")
        await socket.connection.write_message('{"op": "ping"}')
        assert msgspec.msgpack.decode(await socket.hear_raw())["code"] == "bad_message"  # type: ignore[arg-type]


async def test_a_subprotocol_that_nobody_knows_is_not_selected(served: Served) -> None:
    async with await served.websocket(subprotocol="graphql-ws") as socket:
        assert socket.connection.selected_subprotocol is None


# Who


async def test_a_link_reads_its_rooms_from_anywhere_and_writes_nowhere(served: Served) -> None:
    key = (await served.share())["key"]
    async with await served.websocket(headers={"Origin": "https://elsewhere.example"}, key=key) as socket:
        assert (await socket.ask("subscribe", room="train"))["op"] == "subscribed"
        assert (await socket.ask("subscribe", room="secret"))["code"] == "not_found"
        assert (await socket.ask("publish", room="train", records=[{}]))["code"] == "not_allowed"
    assert served.hub.rooms == {}


@pytest.mark.parametrize("origin", [None, "https://elsewhere.example", "null"])
async def test_a_cookie_needs_an_origin_of_ours(served: Served, origin: str | None) -> None:
    headers = {**await served.cookie(), **({"Origin": origin} if origin else {})}
    assert await status_of(served, headers=headers) == 403


async def test_a_cookie_with_our_origin_is_let_in(served: Served) -> None:
    async with await served.websocket(headers={**await served.cookie(), "Origin": served.origin}) as socket:
        assert await socket.ask("ping") == {"op": "pong"}


async def test_a_token_needs_no_origin_of_ours(served: Served) -> None:
    async with await served.websocket(headers={**OWNER, "Origin": "https://elsewhere.example"}) as socket:
        assert await socket.ask("ping") == {"op": "pong"}


async def test_nobody_is_upgraded_without_a_login(served: Served) -> None:
    assert await status_of(served, headers=NOBODY) == 401
    assert await status_of(served, headers=NOBODY, key="wrong") == 404


async def test_a_plain_request_is_no_websocket(served: Served) -> None:
    assert (await served.get("ws")).code == 400


# Ends


async def test_a_draining_server_upgrades_nobody(served: Served) -> None:
    served.services.is_draining = True
    assert await status_of(served) == 503


async def test_a_full_server_says_so_by_its_code(served: Served, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(served.hub.connections, "bounds", ConnectionBounds(in_all=0))
    async with await served.websocket() as socket:
        assert await socket.close_code() == 4003
        assert socket.connection.close_reason == "limit"


async def test_what_is_said_to_a_full_server_is_not_heard(served: Served, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(served.hub.connections, "bounds", ConnectionBounds(in_all=0))
    async with await served.websocket() as socket:
        await socket.say("publish", room="train", records=[{}])
        await socket.close_code()
    assert served.hub.rooms == {}


async def test_a_server_that_stops_says_when_to_come_back(served: Served) -> None:
    async with await served.websocket() as socket:
        await socket.ask("subscribe", room="train")
        await served.running.drain()
        bye = await socket.hear()
        assert (bye["op"], bye["reason"], bye["retry_after_s"] > 0) == ("bye", "draining", True)
        assert await socket.close_code() == 4001


async def test_a_link_that_is_revoked_ends_its_connections(served: Served) -> None:
    link = await served.share()
    async with await served.websocket(headers=NOBODY, key=link["key"]) as socket:
        await socket.ask("subscribe", room="train")
        await served.request(f"links/{link['id']}", method="DELETE")
        assert await socket.hear() == {"op": "bye", "reason": "revoked"}
        assert await socket.close_code() == 4102


async def test_a_peer_that_answers_pings_stays_and_one_that_does_not_is_cut(served: Served) -> None:
    async with await served.websocket() as socket:
        await socket.ask("subscribe", room="train")
        (viewer,) = served.services.stage.viewers()
        before = viewer._answered_s
        end = asyncio.ensure_future(socket.hear_raw())  # who reads answers pings
        viewer._liveness = Liveness(ping_interval_s=0.0, answer_limit_s=1e9)
        await until(lambda: viewer._answered_s > before, "a pong came")
        assert not end.done()
        viewer._liveness = Liveness(ping_interval_s=1e9, answer_limit_s=0.0)
        assert await end is None
        assert socket.connection.close_code == 4000


async def test_a_peer_that_has_gone_leaves_no_session(served: Served) -> None:
    socket = await served.websocket()
    await socket.ask("subscribe", room="train")
    await socket.close()
    await until(lambda: served.hub.sessions() == [], "the session has ended")


async def test_a_message_above_the_bound_of_a_publish_ends_the_connection(
    served: Served, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(limits, "PUBLISH_BODY_BYTES", 1000)
    async with await served.websocket() as socket:
        await socket.connection.write_message(json.dumps({"op": "ping", "text": "x" * 2000}))
        assert await socket.close_code() == 1009


async def test_who_opens_it_without_an_upgrade_is_told_how(served: Served) -> None:
    answer = await served.get("ws")
    assert error_of(answer) == (400, "bad_request")
    assert "wss://" in answer.body.decode()
