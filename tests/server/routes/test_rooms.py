from __future__ import annotations

import pytest

from tests.server.served import NOBODY, Served, error_of, json_of


async def test_a_server_without_records_has_no_rooms(served: Served) -> None:
    assert json_of(await served.get("rooms")) == {"rooms": []}


async def test_rooms_are_listed_by_name_with_their_state(served: Served) -> None:
    await served.push({"n": 1}, {"n": 2})
    await served.push({"n": 1}, room="lab.oven")
    rooms = json_of(await served.get("rooms"))["rooms"]
    assert [room["name"] for room in rooms] == ["lab.oven", "train"]
    epoch = served.hub.room("train").epoch
    assert {name: rooms[1][name] for name in ("epoch", "offset", "first", "records", "viewers")} == {
        "epoch": epoch,
        "offset": 2,
        "first": 1,
        "records": 2,
        "viewers": 0,
    }
    assert (rooms[1]["bytes"] > 0, rooms[1]["publishers_dropped"], rooms[1]["settings"]) == (True, 0, {})


async def test_a_link_sees_its_rooms_and_no_others(served: Served) -> None:
    for room in ("train", "lab.oven", "secret"):
        await served.push({"n": 1}, room=room)
    link = await served.share("train", "lab.*")
    rooms = json_of(await served.get("rooms", headers=NOBODY, key=link["key"]))["rooms"]
    assert [room["name"] for room in rooms] == ["lab.oven", "train"]


async def test_a_room_has_a_state_from_its_first_record_on(served: Served) -> None:
    assert error_of(await served.get("rooms/train")) == (404, "not_found")
    await served.push({"n": 1})
    assert json_of(await served.get("rooms/train"))["offset"] == 1


async def test_a_link_does_not_learn_which_other_rooms_there_are(served: Served) -> None:
    await served.push({"n": 1}, room="secret")
    link = await served.share()
    answers = [await served.get(f"rooms/{room}", headers=NOBODY, key=link["key"]) for room in ("secret", "nothing")]
    assert [error_of(answer) for answer in answers] == [(404, "not_found")] * 2
    assert answers[0].body.replace(b"secret", b"nothing") == answers[1].body


async def test_viewers_of_a_room_are_counted(served: Served) -> None:
    await served.push({"n": 1})
    async with await served.stream(room="train") as stream:
        await stream.next()
        assert json_of(await served.get("rooms/train"))["viewers"] == 1


# Settings


async def test_settings_begin_a_room_and_are_kept_with_it(served: Served) -> None:
    answer = json_of(await served.request("rooms/prices", method="PUT", body={"key": "sym", "history_records": 100}))
    assert answer["settings"] == {"key": "sym", "history_records": 100}
    assert answer["offset"] == 0
    await served.push({"sym": "A", "p": 1}, room="prices")
    assert json_of(await served.get("rooms/prices"))["settings"]["key"] == "sym"


async def test_a_key_can_be_set_only_before_the_first_record(served: Served) -> None:
    await served.push({"sym": "A"}, room="prices")
    answer = await served.request("rooms/prices", method="PUT", body={"key": "sym"})
    assert error_of(answer) == (409, "conflict")
    assert json_of(await served.get("rooms/prices"))["settings"] == {}


async def test_a_cleared_room_takes_a_key_again(served: Served) -> None:
    await served.push({"sym": "A"}, room="prices")
    await served.post("rooms/prices/clear")
    assert (await served.request("rooms/prices", method="PUT", body={"key": "sym"})).code == 200


async def test_bounds_can_be_set_at_any_time(served: Served) -> None:
    await served.push({"n": 1}, {"n": 2}, {"n": 3})
    answer = json_of(await served.request("rooms/train", method="PUT", body={"history_records": 1}))
    assert (answer["settings"], answer["offset"]) == ({"history_records": 1}, 3)
    await served.push({"n": 4})
    assert json_of(await served.get("rooms/train"))["first"] == 4


@pytest.mark.parametrize(
    ("body", "error"),
    [
        ({"speed": 3}, (400, "bad_setting")),
        ({"history_records": 0}, (400, "bad_setting")),
        ({"history_records": "many"}, (400, "bad_setting")),
        ({"key": ""}, (400, "bad_setting")),
        ([], (400, "bad_setting")),
        (b"{", (400, "bad_message")),
        (b"", (400, "bad_message")),
    ],
)
async def test_settings_that_can_not_be_are_refused_and_begin_no_room(
    served: Served, body: object, error: tuple[int, str]
) -> None:
    assert error_of(await served.request("rooms/train", method="PUT", body=body)) == error
    assert served.hub.rooms == {}


async def test_settings_of_what_can_not_name_a_room_are_refused(served: Served) -> None:
    assert error_of(await served.request("rooms/open", method="PUT", body={})) == (400, "bad_name")


# The end of an epoch


async def test_clear_empties_the_room_and_begins_a_new_epoch(served: Served) -> None:
    before = await served.push({"n": 1}, {"n": 2})
    answer = json_of(await served.post("rooms/train/clear"))
    assert answer["offset"] == 0
    assert f"train:{answer['epoch']}-2" != before
    assert json_of(await served.get("rooms/train"))["records"] == 0


async def test_delete_removes_the_room_and_its_next_record_begins_a_new_epoch(served: Served) -> None:
    before = await served.push({"n": 1})
    answer = await served.request("rooms/train", method="DELETE")
    assert (answer.code, answer.body) == (204, b"")
    assert error_of(await served.get("rooms/train")) == (404, "not_found")
    after = await served.push({"n": 1})
    assert after.partition("-")[0] != before.partition("-")[0]


@pytest.mark.parametrize("ended", ["cleared", "deleted"])
async def test_readers_of_an_epoch_that_was_ended_are_told_how(served: Served, ended: str) -> None:
    await served.push({"n": 1})
    async with await served.stream(room="train") as stream:
        await stream.next()
        if ended == "cleared":
            await served.post("rooms/train/clear")
        else:
            await served.request("rooms/train", method="DELETE")
        gap, snapshot = await stream.take(2)
    assert (gap.event, f'"reason":"{ended}"' in gap.data, snapshot.event) == ("livedash.gap", True, "livedash.snapshot")


@pytest.mark.parametrize(("method", "path"), [("DELETE", "rooms/train"), ("POST", "rooms/train/clear")])
async def test_a_room_that_is_not_there_can_not_be_ended(served: Served, method: str, path: str) -> None:
    body = b"" if method == "POST" else None
    assert error_of(await served.request(path, method=method, body=body)) == (404, "not_found")


# Presence


def label_of(viewers: list[dict[str, object]]) -> list[object]:
    return sorted(str(viewer["label"]) for viewer in viewers)


async def test_presence_tells_who_reads_over_whichever_transport_and_links_by_their_label(served: Served) -> None:
    keys = [(await served.share("train", label=label))["key"] for label in ("by stream", "by poll")]
    async with await served.stream(headers=NOBODY, key=keys[0]) as stream, await served.websocket() as socket:
        await stream.next()
        await socket.ask("subscribe", room="train")
        await served.get("poll", headers=NOBODY, key=keys[1], timeout=0)
        told = json_of(await served.get("rooms/train/presence"))
        assert (told["room"], label_of(told["viewers"])) == ("train", ["by poll", "by stream", "owner"])
        assert {tuple(viewer) for viewer in told["viewers"]} == {("id", "label", "since")}
        assert told["viewers"] == (await socket.ask("presence", room="train"))["viewers"]
        as_link = json_of(await served.get("rooms/train/presence", headers=NOBODY, key=keys[1]))["viewers"]
        assert label_of(as_link) == ["", "", "by poll"]


async def test_presence_of_a_room_without_viewers_is_empty_also_before_it_begins(served: Served) -> None:
    assert json_of(await served.get("rooms/train/presence")) == {"room": "train", "viewers": []}
    assert error_of(await served.get("rooms/open/presence")) == (400, "bad_name")


async def test_presence_of_other_rooms_is_nothing_for_a_link(served: Served) -> None:
    key = (await served.share("train"))["key"]
    assert error_of(await served.get("rooms/other/presence", headers=NOBODY, key=key)) == (404, "not_found")


SECRET = "a-secret-of-mine"


async def test_a_viewer_that_moves_to_another_transport_by_its_secret_is_told_neither_as_left_nor_as_joined(
    served: Served,
) -> None:
    async with await served.websocket() as watcher:
        await watcher.ask("subscribe", room="train", presence=True)
        async with await served.websocket(viewer=SECRET) as socket:
            await socket.ask("subscribe", room="train")
            joined = await watcher.hear()
        async with await served.stream(room="train", viewer=SECRET) as stream:
            await stream.next()
        await served.get("poll", room="train", viewer=SECRET, timeout=0)
        async with await served.websocket(viewer="another-secret") as socket:
            await socket.ask("subscribe", room="train")
            other = await watcher.hear()
    assert (joined["op"], other["op"]) == ("joined", "joined")
    assert joined["viewer"]["id"] != other["viewer"]["id"]


@pytest.mark.parametrize("secret", ["short", "x" * 65, "with spaces", "ümläute-sind-keine"])
async def test_a_text_that_can_be_guessed_or_is_none_is_no_secret(served: Served, secret: str) -> None:
    answers = [await served.get(path, room="train", viewer=secret) for path in ("feed", "poll", "ws")]
    assert [error_of(answer) for answer in answers] == [(400, "bad_setting")] * 3
