from __future__ import annotations

import asyncio

import pytest

from livedash import limits
from livedash.core.connections import ConnectionBounds
from livedash.server.routes.poll import Poll
from tests.server.served import NOBODY, Served, error_of, json_of, until


async def test_a_poll_waits_until_something_comes(served: Served) -> None:
    asked = asyncio.ensure_future(served.get("poll", room="train"))
    await until(lambda: len(served.hub.sessions()) == 1, "the poll waits")
    cursor = await served.push({"n": 1})
    answer = await asked
    assert json_of(answer) == {"records": {"train": [{"n": 1}]}, "gaps": {}, "snapshots": {}, "cursor": cursor}
    assert answer.headers["Cache-Control"] == "no-store"
    assert served.hub.sessions() == []


async def test_a_poll_with_news_answers_at_once(served: Served) -> None:
    await served.push({"n": 1})
    answer = json_of(await served.get("poll", room="train", since="earliest", timeout=60))
    assert answer["records"] == {"train": [{"n": 1}]}


async def test_a_poll_without_news_answers_empty_after_its_timeout(served: Served) -> None:
    cursor = await served.push({"n": 1})
    answer = json_of(await served.get("poll", room="train", timeout=0.1))
    assert answer == {"records": {}, "gaps": {}, "snapshots": {}, "cursor": cursor}


async def test_polls_one_after_the_other_miss_nothing_and_share_nothing(served: Served) -> None:
    cursor, seen = "", []
    for number in range(6):
        await served.push({"n": number})
        params = {"cursor": cursor} if cursor else {"since": "earliest"}
        answer = json_of(await served.get("poll", room="train", timeout=5, **params))
        seen += answer["records"]["train"]
        cursor = answer["cursor"]
        assert served.hub.sessions() == []  # so that any node can answer the next one
    assert [record["n"] for record in seen] == list(range(6))


async def test_a_room_that_does_not_exist_yet_gives_offset_1_without_a_gap(served: Served) -> None:
    first = json_of(await served.get("poll", room="train", timeout=0))
    assert first["cursor"] == "train:0-0"
    await served.push({"n": 1})
    second = json_of(await served.get("poll", room="train", cursor=first["cursor"], timeout=5))
    assert (second["records"], second["gaps"]) == ({"train": [{"n": 1}]}, {})


async def test_columns_are_the_protocols_messages(served: Served) -> None:
    cursor = await served.push({"n": 1})
    answer = json_of(await served.get("poll", room="train", since="earliest", shape="columns"))
    (message,) = answer["messages"]
    assert (message["op"], message["columns"]["n"]["values"], answer["cursor"]) == ("columns", [1], cursor)


@pytest.mark.parametrize("text", ["nan", "inf", "soon", "1_0", "-"])
async def test_a_timeout_that_is_no_number_is_refused(served: Served, text: str) -> None:
    assert error_of(await served.get("poll", room="train", timeout=text)) == (400, "bad_setting")


@pytest.mark.parametrize(
    ("asked", "timeout_s"),
    [("", limits.POLL_TIMEOUT_S), ("-5", 0.0), ("7.5", 7.5), ("1e9", limits.POLL_TIMEOUT_MAX_S)],
)
async def test_a_timeout_lies_between_nothing_and_a_minute(
    served: Served, asked: str, timeout_s: float, monkeypatch: pytest.MonkeyPatch
) -> None:
    waits: list[float] = []

    async def may_wait(self: Poll, end_s: float, due_s: float | None) -> bool:
        waits.append(end_s - self.services.stage.clock_s())
        return False

    monkeypatch.setattr(Poll, "_may_wait", may_wait)
    await served.get("poll", room="train", **({"timeout": asked} if asked else {}))
    assert waits[0] == pytest.approx(timeout_s, abs=0.5)


async def test_a_cursor_that_waits_for_its_publisher_is_told_when_nobody_came(
    served: Served, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(limits, "TAKEOVER_WAIT_S", 0.1)
    answer = json_of(await served.get("poll", room="train", cursor="train:k3x9-4", timeout=20))
    assert answer["gaps"]["train"]["reason"] == "restarted"
    assert (answer["snapshots"], answer["cursor"]) == ({"train": []}, "train:0-0")


# Ends


async def test_a_poll_ends_with_its_link(served: Served) -> None:
    link = await served.share()
    asked = asyncio.ensure_future(served.get("poll", headers=NOBODY, key=link["key"], timeout=60))
    await until(lambda: len(served.hub.sessions()) == 1, "the poll waits")
    await served.request(f"links/{link['id']}", method="DELETE")
    assert json_of(await asked)["records"] == {}
    assert error_of(await served.get("poll", headers=NOBODY, key=link["key"])) == (404, "not_found")


async def test_a_poll_ends_when_the_server_drains_and_none_is_taken_after_that(served: Served) -> None:
    asked = asyncio.ensure_future(served.get("poll", room="train", timeout=60))
    await until(lambda: len(served.hub.sessions()) == 1, "the poll waits")
    served.services.is_draining = True
    assert json_of(await asked)["records"] == {}
    answer = await served.get("poll", room="train")
    assert error_of(answer) == (503, "limit_reached")
    assert int(answer.headers["Retry-After"]) > 0


async def test_a_reader_that_has_gone_leaves_no_session(served: Served) -> None:
    stream = await served.stream("health/live")  # any connection: what it asks is written by hand
    stream._request = stream._request.replace(b"health/live?", b"poll?room=train&timeout=60")
    await stream.close()
    opened = asyncio.ensure_future(stream.open())
    await until(lambda: len(served.hub.sessions()) == 1, "the poll waits")
    stream._writer.close()
    await until(lambda: served.hub.sessions() == [], "the poll has ended")
    with pytest.raises(asyncio.IncompleteReadError):
        await opened


async def test_a_poll_counts_as_a_connection(served: Served, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(served.hub.connections, "bounds", ConnectionBounds(in_all=0))
    assert error_of(await served.get("poll", room="train")) == (503, "limit_reached")
