from __future__ import annotations

import json
from typing import Any

import pytest

from livedash import limits
from livedash.core.grant import owner
from livedash.core.reading import Reading
from livedash.core.session import Session
from livedash.transports.sse import EventFraming, liveness
from livedash.wire.messages import Bye, Notice
from livedash.wire.since import start_from
from livedash.wire.sse import Event, Parser
from tests.transports.theatre import Theatre


class Stream:
    """A reader of an event stream, with the bytes of its whole life."""

    def __init__(self, theatre: Theatre, *rooms: str, since: str = "now", **reading: Any) -> None:
        self._theatre = theatre
        self._parser = Parser()
        self.session: Session = theatre.hub.open_session(owner("reader"), "", lambda: None, 0.0)
        for room in rooms:
            self.session.subscribe(room, start_from(since), Reading(**reading), theatre.loop.time())
        self.framing = EventFraming(rooms, retry_ms=2000)
        self.text = self.framing.begin(self.session)
        self.start = self._parser.feed(self.text)[0]

    def take(self) -> list[Event]:
        pieces = self.framing.pieces(self.session.take(self._theatre.loop.time(), limits.MESSAGE_BYTES))
        assert len(pieces) <= 1
        self.text = b"".join(pieces)
        return self._parser.feed(self.text)

    @property
    def retry_ms(self) -> int | None:
        return self._parser.retry_ms


def data(event: Event) -> Any:
    return json.loads(event.data)


def test_the_first_event_carries_the_cursor_so_that_a_cut_before_the_first_record_is_no_hole(theatre: Theatre) -> None:
    epoch = theatre.push({"n": 1}).epoch
    stream = Stream(theatre, "train")
    assert stream.start.event == "livedash.start"
    assert stream.start.event_id == f"train:{epoch}-1"
    assert data(stream.start) == {"cursor": f"train:{epoch}-1", "rooms": ["train"]}
    assert stream.retry_ms == 2000


def test_a_start_without_a_place_has_no_id_that_would_wipe_out_the_readers(theatre: Theatre) -> None:
    theatre.push({"n": 1})
    assert b"\nid:" not in Stream(theatre, "train", since="snapshot").text


def test_with_one_room_an_event_is_exactly_a_record_with_its_position(theatre: Theatre) -> None:
    stream = Stream(theatre, "train")
    position = theatre.push({"n": 1}, {"n": 2})
    events = stream.take()
    assert stream.text == (
        f'data: {{"n":1}}\nid: train:{position.epoch}-1\n\ndata: {{"n":2}}\nid: train:{position.epoch}-2\n\n'.encode()
    )
    assert [event.event for event in events] == ["message", "message"]


def test_readers_of_one_room_share_the_bytes(theatre: Theatre) -> None:
    streams = [Stream(theatre, "train") for _ in range(2)]
    theatre.push({"n": 1})
    for stream in streams:
        stream.take()
    assert streams[0].text == streams[1].text != b""
    (stored,) = theatre.hub.room("train").history.read(0, 10_000)
    assert any(key[0] == "sse-single" for key in stored.batch.cache if isinstance(key, tuple))


@pytest.mark.parametrize("rooms", [("train", "prices"), ("*",), ("tr*", "pr*")])
def test_with_several_rooms_an_event_has_its_rooms_name_and_the_cursor_of_all(
    theatre: Theatre, rooms: tuple[str, ...]
) -> None:
    train, prices = theatre.push({"n": 1}), theatre.push({"p": 1}, room="prices")
    stream = Stream(theatre, *rooms)
    theatre.push({"n": 2}, {"n": 3})
    theatre.push({"p": 2}, room="prices")
    events = stream.take()
    assert [(event.event, data(event)) for event in events] == [
        ("train", {"n": 2}),
        ("train", {"n": 3}),
        ("prices", {"p": 2}),
    ]
    assert [dict(part.split(":") for part in event.event_id.split(",")) for event in events] == [
        {"train": f"{train.epoch}-2", "prices": f"{prices.epoch}-1"},
        {"train": f"{train.epoch}-3", "prices": f"{prices.epoch}-1"},
        {"train": f"{train.epoch}-3", "prices": f"{prices.epoch}-2"},
    ]


def test_a_cursor_taken_anywhere_leads_to_the_rest_and_nothing_else(theatre: Theatre) -> None:
    first = Stream(theatre, "train", "prices")
    for number in range(3):
        theatre.push({"n": number})
        theatre.push({"p": number}, room="prices")
    events = first.take()
    for taken, event in enumerate(events, 1):
        rest = Stream(theatre, "train", "prices", since=event.event_id).take()
        assert [each.data for each in rest] == [each.data for each in events[taken:]]


def test_a_room_that_begins_under_a_glob_comes_into_the_cursor(theatre: Theatre) -> None:
    stream = Stream(theatre, "lab.*")
    assert stream.start.event_id == ""
    position = theatre.push({"t": 1}, room="lab.oven")
    (event,) = stream.take()
    assert (event.event, event.event_id) == ("lab.oven", f"lab.oven:{position}")


def test_a_room_that_begins_with_settings_alone_comes_into_the_next_cursor(theatre: Theatre) -> None:
    stream = Stream(theatre, "lab.*")
    room = theatre.hub.configure("lab.empty", {}, 0, theatre.loop.time())
    position = theatre.push({"t": 1}, room="lab.oven")
    (event,) = stream.take()
    assert event.event_id == f"lab.empty:{room.epoch}-0,lab.oven:{position}"


def test_columns_are_sent_as_a_batch_with_one_id(theatre: Theatre) -> None:
    stream = Stream(theatre, "train", shape="columns")
    position = theatre.push({"n": 1}, {"n": 2})
    (event,) = stream.take()
    assert (event.event, event.event_id) == ("message", f"train:{position}")
    assert data(event)["columns"]["n"] == {"type": "i8", "values": [1, 2]}


def test_columns_of_several_rooms_have_their_names(theatre: Theatre) -> None:
    stream = Stream(theatre, "train", "prices", shape="columns")
    theatre.push({"p": 1}, room="prices")
    assert [event.event for event in stream.take()] == ["prices"]


def test_a_snapshot_is_an_event_of_our_own_and_moves_the_cursor(theatre: Theatre) -> None:
    position = theatre.push({"n": 1}, {"n": 2})
    (event,) = Stream(theatre, "train", since="snapshot").take()
    assert (event.event, event.event_id) == ("livedash.snapshot", f"train:{position}")
    assert data(event)["records"] == [{"n": 1}, {"n": 2}]


def test_a_gap_has_no_id_and_the_snapshot_after_it_has_one(theatre: Theatre) -> None:
    position = theatre.push({"n": 1})
    stream = Stream(theatre, "train", since="train:zzzz-7")
    gap, snapshot = stream.take()
    assert (gap.event, data(gap)) == ("livedash.gap", {"op": "gap", "room": "train", "reason": "epoch"})
    assert b"id:" not in stream.text.split(b"\n\n")[0]
    assert (snapshot.event, snapshot.event_id) == ("livedash.snapshot", f"train:{position}")


def test_what_a_mode_leaves_out_is_told_before_the_record_that_follows(theatre: Theatre) -> None:
    stream = Stream(theatre, "train", mode="latest")
    position = theatre.push({"n": 1}, {"n": 2}, {"n": 3})
    skipped, record = stream.take()
    assert (skipped.event, data(skipped)) == ("livedash.skipped", {"op": "skipped", "room": "train", "skipped": 2})
    assert b"id:" not in stream.text.split(b"\n\n")[0]
    assert (data(record), record.event_id) == ({"n": 3}, f"train:{position}")


def test_what_is_left_out_of_several_rooms_leaves_the_cursor_at_the_last_record(theatre: Theatre) -> None:
    stream = Stream(theatre, "train", "prices", mode="sample")
    theatre.push({"n": 1}, {"n": 2}, {"n": 3})
    stream.take()
    theatre.push({"p": 1}, room="prices")
    *_, event = stream.take()
    assert event.event_id.startswith(f"train:{theatre.hub.room('train').position},")


def test_what_a_publisher_lost_is_told_by_an_event_without_id(theatre: Theatre) -> None:
    theatre.push({"n": 1})
    stream = Stream(theatre, "train")
    stream.take()
    theatre.hub.note_lost("train", "p1", 40)
    (event,) = stream.take()
    assert (event.event, data(event)["dropped"]) == ("livedash.notice", 40)
    assert b"id:" not in stream.text


@pytest.mark.parametrize(("retry_after_s", "retry_ms"), [(1.25, 1250), (None, 2000)])
def test_a_bye_says_when_to_come_back(theatre: Theatre, retry_after_s: float | None, retry_ms: int) -> None:
    stream = Stream(theatre, "train")
    (piece,) = stream.framing.pieces([Bye("draining", retry_after_s)])
    (event,) = stream._parser.feed(piece)
    assert (event.event, data(event)["reason"], stream.retry_ms) == ("livedash.bye", "draining", retry_ms)


def test_nothing_to_tell_is_no_piece(theatre: Theatre) -> None:
    stream = Stream(theatre, "train")
    stream.take()
    assert stream.take() == []
    assert stream.text == b""
    assert stream.framing.pieces([Notice("train", "p1", 1)])[0].startswith(b"event: livedash.notice")


def test_a_text_with_line_breaks_writes_no_event_of_its_own(theatre: Theatre) -> None:
    stream = Stream(theatre, "train")
    theatre.push({"text": "a\n\nevent: livedash.bye\ndata: {}\r\rid: x"})
    (event,) = stream.take()
    assert (event.event, data(event)["text"][:3]) == ("message", "a\n\n")


def test_a_quiet_stream_gets_a_comment_every_15_s() -> None:
    assert (liveness().ping_interval_s, liveness(4.0).ping_interval_s, liveness().answer_limit_s) == (15.0, 4.0, None)


def test_keys_of_keyed_rooms_are_told_in_the_first_event(theatre: Theatre) -> None:
    theatre.push({"n": 1})
    theatre.hub.configure("prices", {"key": "symbol"}, 0, 0.0)
    assert data(Stream(theatre, "*").start)["keys"] == {"prices": "symbol"}
    assert data(Stream(theatre, "prices").start)["keys"] == {"prices": "symbol"}


@pytest.mark.parametrize("asked", ["prices", "pr*"])
def test_key_of_a_room_that_begins_later_is_an_event_before_its_records(theatre: Theatre, asked: str) -> None:
    stream = Stream(theatre, asked)
    theatre.hub.configure("prices", {"key": "symbol"}, 0, 0.0)
    theatre.push({"symbol": "A"}, room="prices")
    keyed, record = stream.take()
    assert (keyed.event, data(keyed)) == ("livedash.keyed", {"op": "keyed", "room": "prices", "key": "symbol"})
    assert (keyed.event_id, data(record)) == (stream.start.event_id, {"symbol": "A"})


@pytest.mark.parametrize("rooms", [("prices",), ("prices", "train")])
def test_records_that_a_key_left_between_others_have_their_own_offsets_so_that_a_cut_loses_no_key(
    theatre: Theatre, rooms: tuple[str, ...]
) -> None:
    theatre.hub.configure("prices", {"key": "symbol"}, 0, 0.0)
    stream = Stream(theatre, *rooms, mode="latest")
    theatre.push({"symbol": "A", "p": 1}, {"symbol": "B", "p": 2}, {"symbol": "C", "p": 3}, room="prices")
    theatre.push({"symbol": "C", "p": 4}, room="prices")
    first, second, skipped, last = stream.take()
    epoch = theatre.hub.room("prices").epoch
    assert [data(event)["p"] for event in (first, second, last)] == [1, 2, 4]
    assert (skipped.event, data(skipped)["skipped"]) == ("livedash.skipped", 1)
    assert [event.event_id.split(",")[0] for event in (first, second, last)] == [
        f"prices:{epoch}-{offset}" for offset in (1, 2, 4)
    ]
    resumed = Stream(theatre, *rooms, since=first.event_id, mode="latest")
    assert [data(event)["p"] for event in resumed.take() if event.event != "livedash.skipped"] == [2, 4]


def test_a_hub_that_is_degraded_says_so_by_an_event_without_id(theatre: Theatre) -> None:
    theatre.push({"n": 1})
    stream = Stream(theatre, "train")
    theatre.hub.tell_degraded("the broker is away")
    theatre.hub.tell_degraded(None)
    told = [(event.event, data(event)) for event in stream.take()]
    assert told == [
        ("livedash.degraded", {"op": "degraded", "reason": "the broker is away"}),
        ("livedash.degraded", {"op": "degraded"}),
    ]
    assert b"id:" not in stream.text
