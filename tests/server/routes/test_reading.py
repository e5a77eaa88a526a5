from __future__ import annotations

import json
from typing import Any

import pytest

from livedash import limits
from livedash.wire.position import START, Position
from livedash.wire.since import After, BadCursor, Snapshot, Start
from tests.server.served import NOBODY, OWNER, Served, error_of, json_of, until

ROUTES = pytest.mark.parametrize("route", ["feed", "poll"])


async def records(served: Served, *, headers: Any = None, **params: Any) -> dict[str, list[Any]]:
    """What a poll reads at once."""
    answer = await served.get("poll", headers={**OWNER, **(headers or {})}, timeout=0, **params)
    read: dict[str, list[Any]] = json_of(answer)["records"]
    return read


# Rooms


@ROUTES
async def test_who_is_logged_in_says_which_room_to_read(served: Served, route: str) -> None:
    answer = await served.get(route)
    assert error_of(answer) == (400, "bad_setting")
    assert "?room=train" in answer.body.decode()


async def test_a_link_reads_all_its_rooms_unless_told(served: Served) -> None:
    for room in ("train", "lab.oven", "secret"):
        await served.push({"n": 1}, room=room)
    key = (await served.share("train", "lab.*"))["key"]
    answer = json_of(await served.get("poll", headers=NOBODY, key=key, since="earliest", timeout=0))
    assert set(answer["records"]) == {"train", "lab.oven"}


async def test_a_room_that_is_named_twice_is_read_once(served: Served) -> None:
    await served.push({"n": 1})
    assert await records(served, room=["train", "train"], since="earliest") == {"train": [{"n": 1}]}


@ROUTES
@pytest.mark.parametrize(
    ("room", "error"),
    [
        ("open", (400, "bad_name")),
        ("a b", (400, "bad_name")),
        ("a..*", (400, "bad_name")),
        ("x" * 129, (400, "bad_name")),
    ],
)
async def test_what_can_not_name_a_room_is_refused_before_the_stream_begins(
    served: Served, route: str, room: str, error: tuple[int, str]
) -> None:
    assert error_of(await served.get(route, room=["train", room])) == error


@ROUTES
async def test_a_link_reads_no_other_room_and_no_wider_family(served: Served, route: str) -> None:
    key = (await served.share("train", "lab.*"))["key"]
    for room in ("secret", "*.x", "la*"):
        answer = await served.get(route, headers=NOBODY, key=key, room=["train", room])
        assert error_of(answer) == (404, "not_found"), room


@ROUTES
async def test_more_than_fifty_rooms_are_refused(served: Served, route: str) -> None:
    rooms = [f"r{number}" for number in range(limits.FEED_ROOMS + 1)]
    answer = await served.get(route, room=rooms)
    assert error_of(answer) == (413, "too_large")
    assert "50 rooms at most, not 51" in answer.body.decode()


async def test_fifty_rooms_are_read(served: Served) -> None:
    rooms = [f"r{number}" for number in range(limits.FEED_ROOMS)]
    await served.push({"n": 1}, room=rooms[-1])
    assert await records(served, room=rooms, since="earliest") == {rooms[-1]: [{"n": 1}]}


# Where to start


async def test_last_event_id_beats_cursor_beats_since(served: Served) -> None:
    cursors = [await served.push({"n": number}) for number in range(1, 5)]
    await served.push({"n": 5})

    async def first(**asked: Any) -> int:
        header = {"Last-Event-ID": asked.pop("last")} if "last" in asked else {}
        read = await records(served, room="train", headers=header, **asked)
        return int(read["train"][0]["n"])

    assert await first(since="-4") == 2
    assert await first(since="-4", cursor=cursors[1]) == 3
    assert await first(since="-4", cursor=cursors[1], last=cursors[2]) == 4


async def test_an_empty_last_event_id_is_none(served: Served) -> None:
    cursor = await served.push({"n": 1})
    await served.push({"n": 2})
    assert await records(served, room="train", cursor=cursor, headers={"Last-Event-ID": ""}) == {"train": [{"n": 2}]}


@ROUTES
@pytest.mark.parametrize("since", ["yesterday", "-", "--3", "5", ""])
async def test_a_start_that_is_none_is_refused_before_the_stream_begins(served: Served, route: str, since: str) -> None:
    assert error_of(await served.get(route, room="train", since=since)) == (400, "bad_setting")
    assert served.hub.sessions() == []


async def test_a_room_that_the_cursor_does_not_name_is_read_from_its_first_record(served: Served) -> None:
    cursor = await served.push({"n": 1})
    await served.push({"p": 1}, room="prices")
    assert await records(served, room=["train", "prices"], cursor=cursor) == {"prices": [{"p": 1}]}


async def test_a_room_that_the_cursor_does_not_name_is_read_from_its_state_if_that_was_asked_for(
    served: Served,
) -> None:
    cursor = await served.push({"n": 1})
    await served.push({"p": 1}, room="prices")
    answer = await served.get("poll", room=["train", "prices"], cursor=cursor, since="snapshot", timeout=0)
    assert (json_of(answer)["records"], json_of(answer)["snapshots"]) == ({}, {"prices": [{"p": 1}]})


async def test_a_cursor_that_is_none_is_told_by_a_gap_in_each_room(served: Served) -> None:
    for room in ("train", "prices"):
        await served.push({"n": 1}, room=room)
    answer = json_of(await served.get("poll", room=["train", "prices"], cursor="nonsense", timeout=0))
    assert {room: gap["reason"] for room, gap in answer["gaps"].items()} == {
        "train": "bad_cursor",
        "prices": "bad_cursor",
    }
    assert answer["snapshots"] == {"train": [{"n": 1}], "prices": [{"n": 1}]}


@ROUTES
async def test_a_cursor_above_four_kilobytes_is_refused(served: Served, route: str) -> None:
    long = ",".join(f"{'r' * 100}{number}:k3x9-1" for number in range(50))
    for answer in (
        await served.get(route, room="train", cursor=long),
        await served.get(route, room="train", headers={"Authorization": "Bearer the-token", "Last-Event-ID": long}),
    ):
        assert error_of(answer) == (413, "too_large")
        assert "over the WebSocket" in answer.body.decode()


@ROUTES
async def test_rooms_whose_cursor_could_not_come_back_are_refused_at_once(served: Served, route: str) -> None:
    for number in range(limits.FEED_ROOMS):
        await served.push({"n": 1}, room=f"lab.{'r' * 100}.{number}")
    assert error_of(await served.get(route, room="lab.*")) == (413, "too_large")
    assert served.hub.sessions() == []


@pytest.mark.parametrize(
    ("cursor", "since"),
    [
        ("train:k3x9-4", After(Position("k3x9", 4))),
        ("train:0-0", After(START)),
        ("other:k3x9-4", Snapshot()),
        ("?", BadCursor()),
    ],
)
def test_a_cursor_is_looked_up_room_by_room(cursor: str, since: object) -> None:
    assert Start(Snapshot(), cursor)("train") == since


# How


@ROUTES
@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("shape", "rows"),
        ("mode", "some"),
        ("max_hz", "0"),
        ("max_hz", "-1"),
        ("max_hz", "nan"),
        ("max_hz", "fast"),
        ("max_hz", "1001"),
        ("window", "0"),
        ("window", "nan"),
        ("window", "inf"),
        ("window", "1.5"),
        ("window", "1000001"),
    ],
)
async def test_what_can_not_be_asked_for_is_told_by_a_status(served: Served, route: str, name: str, value: str) -> None:
    answer = await served.get(route, room="train", **{name: value})
    assert error_of(answer) == (400, "bad_setting")
    assert f"{name}=" in answer.body.decode()


@pytest.mark.parametrize("keep_alive", ["0", "0.5", "16", "nan", "often"])
async def test_signs_of_life_are_asked_for_within_bounds(served: Served, keep_alive: str) -> None:
    answer = await served.get("feed", room="train", keep_alive=keep_alive)
    assert error_of(answer) == (400, "bad_setting")
    assert "keep_alive=" in answer.body.decode()


async def test_signs_of_life_come_as_often_as_a_reader_asks_for_them(served: Served) -> None:
    for asked, interval_s in (
        ({"keep_alive": limits.KEEP_ALIVE_MIN_S}, limits.KEEP_ALIVE_MIN_S),
        ({}, limits.KEEP_ALIVE_S),
    ):
        async with await served.stream(room="train", **asked) as stream:
            await stream.next()
            (viewer,) = served.services.stage.viewers()
            assert viewer._liveness.ping_interval_s == interval_s
        await until(lambda: served.services.stage.viewers() == [], "the reader has gone")


async def test_mode_rate_and_window_reach_the_reading(served: Served) -> None:
    await served.push({"n": 1}, {"n": 2}, {"n": 3})
    answer = json_of(await served.get("poll", room="train", since="earliest", mode="latest", max_hz=5, timeout=0))
    assert (answer["records"], answer["skipped"]) == ({"train": [{"n": 3}]}, {"train": 2})
    state = json_of(await served.get("poll", room="train", since="snapshot", window=2, timeout=0))
    assert state["snapshots"] == {"train": [{"n": 2}, {"n": 3}]}


@pytest.mark.parametrize("route", ["feed", "poll"])
async def test_the_glob_of_all_reads_what_the_caller_may_and_no_more(served: Served, route: str) -> None:
    await served.push({"n": 1}, room="train")
    await served.push({"n": 2}, room="secret")
    link = await served.share("train")
    asked = {"room": "*", "since": "earliest", "timeout": 0, "key": link["key"]}
    if route == "poll":
        answer = json_of(await served.get("poll", headers=NOBODY, **asked))
        assert answer["records"] == {"train": [{"n": 1}]}
        return
    async with await served.stream(headers=NOBODY, **asked) as stream:
        start, record = await stream.take(2)
    assert (json.loads(start.data)["rooms"], record.event, record.data) == (["train"], "train", '{"n":1}')
