from __future__ import annotations

import json
from typing import Any

from livedash import limits
from livedash.core.grant import owner
from livedash.core.reading import Reading
from livedash.core.session import Session
from livedash.transports.longpoll import Answer
from livedash.wire.since import start_from
from tests.transports.theatre import Theatre


class Poll:
    """One request: a session of its own."""

    def __init__(self, theatre: Theatre, *rooms: str, since: str = "now", **reading: Any) -> None:
        self._theatre = theatre
        self.session: Session = theatre.hub.open_session(owner("reader"), "", lambda: None, 0.0)
        for room in rooms:
            self.session.subscribe(room, start_from(since), Reading(**reading), theatre.loop.time())
        self.answer = Answer(reading.get("shape", "records"))

    def take(self) -> bool:
        return self.answer.take(self.session, self._theatre.loop.time())

    def body(self) -> Any:
        return json.loads(self.answer.body(self.session))


def test_without_news_an_answer_is_empty_and_says_where_to_go_on(theatre: Theatre) -> None:
    position = theatre.push({"n": 1})
    poll = Poll(theatre, "train")
    assert not poll.take()
    assert poll.body() == {"records": {}, "gaps": {}, "snapshots": {}, "cursor": f"train:{position}"}


def test_an_answer_has_all_that_came_room_by_room(theatre: Theatre) -> None:
    poll = Poll(theatre, "train", "prices")
    for number in range(3):
        theatre.push({"n": number})
    prices = theatre.push({"p": 1}, room="prices")
    assert poll.take()
    body = poll.body()
    assert body["records"] == {"train": [{"n": 0}, {"n": 1}, {"n": 2}], "prices": [{"p": 1}]}
    assert body["cursor"] == f"train:{theatre.hub.room('train').position},prices:{prices}"


def test_the_cursor_of_an_answer_leads_to_what_comes_next(theatre: Theatre) -> None:
    theatre.push({"n": 1})
    first = Poll(theatre, "train", since="earliest")
    first.take()
    theatre.push({"n": 2})
    second = Poll(theatre, "train", since=first.body()["cursor"])
    second.take()
    assert second.body()["records"] == {"train": [{"n": 2}]}


def test_a_gap_and_the_state_after_it_are_in_one_answer(theatre: Theatre) -> None:
    theatre.push({"n": 1})
    poll = Poll(theatre, "train", since="train:zzzz-7")
    assert poll.take()
    body = poll.body()
    assert body["gaps"] == {"train": {"op": "gap", "room": "train", "reason": "epoch"}}
    assert body["snapshots"] == {"train": [{"n": 1}]}
    assert body["records"] == {}


def test_what_a_mode_leaves_out_is_counted_over_all_deliveries(theatre: Theatre) -> None:
    poll = Poll(theatre, "train", mode="latest")
    theatre.push({"n": 1}, {"n": 2})
    assert poll.take()
    theatre.push({"n": 3}, {"n": 4}, {"n": 5})
    assert poll.take()
    body = poll.body()
    assert (body["records"], body["skipped"]) == ({"train": [{"n": 2}, {"n": 5}]}, {"train": 3})


def test_columns_are_the_messages_of_the_protocol_in_order(theatre: Theatre) -> None:
    theatre.push({"n": 1})
    poll = Poll(theatre, "train", since="train:zzzz-7", shape="columns")
    poll.take()
    theatre.push({"n": 2})
    poll.take()
    body = poll.body()
    assert [message["op"] for message in body["messages"]] == ["gap", "snapshot", "columns"]
    assert body["cursor"] == f"train:{theatre.hub.room('train').position}"


def test_an_answer_takes_about_an_outbox_and_the_next_one_goes_on_there(theatre: Theatre) -> None:
    theatre.push_bytes(3 * limits.OUTBOX_BYTES)
    records = theatre.hub.room("train").history.records
    cursor, seen = "earliest", 0
    answers = 0
    while seen < records:
        poll = Poll(theatre, "train", since=cursor)
        assert poll.take()
        body = poll.body()
        cursor, count = body["cursor"], len(body["records"]["train"])
        assert count * 500_000 <= limits.OUTBOX_BYTES + 2 * limits.MESSAGE_BYTES
        seen, answers = seen + count, answers + 1
    assert (seen, answers) == (records, 3)


def test_a_source_that_fails_is_told_with_an_answer_and_is_none_itself(theatre: Theatre) -> None:
    theatre.push({"n": 1})
    publisher = theatre.hub.open_session(owner("publisher"), "", lambda: None, 0.0)
    theatre.hub.note_failing("train", "cpu", "ValueError: no", publisher)
    poll = Poll(theatre, "train")
    assert not poll.take()
    assert poll.body()["failing"] == {"train": {"cpu": "ValueError: no"}}


def test_a_hub_that_is_degraded_is_told_with_each_answer_and_that_is_none_itself(theatre: Theatre) -> None:
    theatre.push({"n": 1})
    theatre.hub.tell_degraded("the broker is away")
    for _ in range(2):
        poll = Poll(theatre, "train")
        assert not poll.take()
        assert poll.body()["degraded"] == "the broker is away"
    theatre.hub.tell_degraded(None)
    assert not poll.take()
    assert "degraded" not in poll.body()


def test_notifications_are_no_answer(theatre: Theatre) -> None:
    theatre.push({"n": 1})
    poll = Poll(theatre, "train")
    theatre.hub.note_lost("train", "p1", 40)
    assert not poll.take()


def test_keys_of_keyed_rooms_stand_in_each_answer_and_are_no_reason_for_one(theatre: Theatre) -> None:
    poll = Poll(theatre, "train", "prices")
    theatre.hub.configure("prices", {"key": "symbol"}, 0, 0.0)
    assert not poll.take()
    assert poll.body()["keys"] == {"prices": "symbol"}
    assert Poll(theatre, "prices").body()["keys"] == {"prices": "symbol"}
