from __future__ import annotations

import asyncio
from dataclasses import FrozenInstanceError, fields
from typing import Any

import pytest

from livedash import limits
from livedash.errors import SettingRefusedError
from livedash.server.config import ServerConfig
from tests.server.served import NOBODY, Served, error_of, json_of, serve

LONG = {"text": {"type": "str", "values": ["x" * 2000]}}


def test_a_server_that_is_told_nothing_keeps_to_the_limits() -> None:
    config = ServerConfig()
    assert (config.history_bytes, config.hub_history_bytes) == (limits.HISTORY_BYTES, limits.HUB_HISTORY_BYTES)
    assert (config.connections, config.drain_s) == (limits.CONNECTIONS, limits.DRAIN_S)
    assert (config.address_connections, config.link_connections) == (
        limits.ADDRESS_CONNECTIONS,
        limits.LINK_CONNECTIONS,
    )
    assert config.rooms_per_connection == limits.SUBSCRIPTIONS_PER_CONNECTION
    assert (config.publish_rate_records, config.publish_rate_bytes) == (0, 0)
    assert (config.base_path, config.public_url, config.frame_ancestors) == ("/livedash/", None, ("'self'",))


def test_a_configuration_is_replaced_and_never_changed() -> None:
    with pytest.raises(FrozenInstanceError):
        ServerConfig().drain_s = 1.0  # type: ignore[misc]
    assert all(field.default is not None or field.type == "str | None" for field in fields(ServerConfig))


async def test_what_is_replaced_while_a_server_runs_is_what_it_tells(served: Served) -> None:
    served.change(save_after_show=False)
    assert json_of(await served.get("health/live"))["save_after_show"] is False


async def test_a_link_that_has_its_connections_is_told_to_come_again_on_each_transport_and_others_are_not() -> None:
    served = await serve(link_connections=1)
    key = (await served.share("train"))["key"]
    async with await served.websocket(headers=NOBODY, key=key) as first:
        await first.ask("ping")
        async with await served.websocket(headers=NOBODY, key=key) as socket:
            assert await socket.close_code() == 4003
        async with await served.stream(headers=NOBODY, key=key) as stream:
            (bye,) = await stream.rest()
        assert (stream.status, bye.event, bool(stream.parser.retry_ms)) == (200, "livedash.bye", True)
        answer = await served.get("poll", headers=NOBODY, key=key)
        assert error_of(answer) == (503, "limit_reached")
        assert int(answer.headers["Retry-After"]) > 0
        assert json_of(await served.get("status"))["connections_refused"] == 3
        other = (await served.share("train"))["key"]
        assert (await served.get("poll", headers=NOBODY, key=other, timeout=0)).code == 200
    await served.close()


async def test_rooms_of_a_connection_are_bounded_by_its_setting() -> None:
    served = await serve(rooms_per_connection=1)
    async with await served.websocket() as socket:
        await socket.ask("subscribe", room="a")
        error = await socket.ask("subscribe", room="b")
    assert (error["code"], "1 rooms at most" in error["message"]) == ("limit_reached", True)
    await served.close()


@pytest.mark.parametrize("shape", [{"records": [{"text": "x" * 2000}]}, {"count": 1, "times": [1], "columns": LONG}])
async def test_records_are_bounded_by_their_setting_in_either_shape(shape: dict[str, Any]) -> None:
    served = await serve(record_bytes=1000)
    async with await served.websocket() as socket:
        error = await socket.ask("publish", room="train", **shape)
    assert (error["code"], "1000 bytes at most" in error["message"]) == ("too_large", True)
    assert error_of(await served.post("rooms/train/records", {"text": "x" * 2000})) == (413, "too_large")
    await served.push(*[{"text": "x" * 500}] * 20)
    await served.close()


async def test_a_publish_is_bounded_by_its_setting_on_each_way_in() -> None:
    served = await serve(publish_body_bytes=1000)
    answer = await served.post("rooms/train/records", {"text": "x" * 2000})
    assert (error_of(answer), "1000 bytes at most" in answer.body.decode()) == ((413, "too_large"), True)
    async with await served.websocket() as socket:
        await socket.say("ping", text="x" * 2000)
        assert await socket.close_code() == 1009
    await served.close()


async def test_who_publishes_too_fast_over_http_is_told_how_long_to_wait() -> None:
    served = await serve(publish_rate_records=2)
    await served.push(*[{"n": n} for n in range(7)])
    answer = await served.post("rooms/train/records", {"n": 8})
    assert error_of(answer) == (429, "rate_limited")
    assert int(answer.headers["Retry-After"]) == 3
    assert json_of(await served.get("status"))["publishes_put_off"] == 1
    assert served.hub.room("train").history.top == 7
    await served.close()


async def test_who_publishes_too_fast_on_a_websocket_is_told_how_long_to_wait_and_may_send_it_again() -> None:
    served = await serve(publish_rate_bytes=10_000)
    records = [{"text": "x" * 12_000}]
    async with await served.websocket() as socket:
        said = {"room": "train", "records": records, "publisher": "p1"}
        assert (await socket.ask("publish", id=1, seq=1, **said))["op"] == "published"
        error = await socket.ask("publish", id=2, seq=2, **said)
        assert (error["op"], error["code"], error["id"]) == ("error", "rate_limited", 2)
        assert 0 < error["retry_after_s"] < 0.5
        assert (await socket.ask("publish", id=3, seq=1, **said))["offset"] == 1  # what it has already costs nothing
        await asyncio.sleep(error["retry_after_s"])  # as it was told
        assert (await socket.ask("publish", id=2, seq=2, **said))["offset"] == 2
    await served.close()


@pytest.mark.parametrize("url", ["lab", "lab.example.org", "ftp://lab", "https://", "https://lab/?a=b", ""])
def test_a_public_url_that_no_link_can_carry_is_refused(url: str) -> None:
    with pytest.raises(SettingRefusedError, match=r"write it as https://lab\.example\.org"):
        ServerConfig(public_url=url)
