from __future__ import annotations

from dataclasses import replace
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from livedash import limits
from livedash.core.grant import Grant, owner
from livedash.core.publish_rate import PublishRate
from livedash.errors import SettingRefusedError
from livedash.testing.viewer import notifications_of, records_of
from livedash.transports.conversation import Conversation, reading_of
from livedash.wire.batch import Batch
from livedash.wire.codec import JSON
from livedash.wire.messages import (
    ClientMessage,
    Delivery,
    Error,
    Failing,
    HubMessage,
    Joined,
    Left,
    Notice,
    Pong,
    Presence,
    Published,
    Subscribed,
    Welcome,
)
from livedash.wire.position import Position
from livedash.wire.since import After, Earliest, Last, Now, Snapshot, start_from
from tests.transports.theatre import Theatre


class Peer:
    """Says what it is told to, and reads the answers."""

    def __init__(self, theatre: Theatre, grant: Grant | None = None) -> None:
        self._theatre = theatre
        self.session = theatre.hub.open_session(grant or owner("peer"), "peer", lambda: None, 12.0)
        self._conversation = Conversation(theatre.stage, self.session)

    def say(self, op: str, **fields: Any) -> list[HubMessage]:
        self._conversation.receive(msgspec.convert({"op": op, **fields}, ClientMessage))
        return self.take()

    def take(self) -> list[HubMessage]:
        return list(self.session.take(self._theatre.loop.time(), limits.MESSAGE_BYTES))


@pytest.fixture
def peer(theatre: Theatre) -> Peer:
    return Peer(theatre)


@pytest.fixture
def link(theatre: Theatre) -> Peer:
    return Peer(theatre, Grant("link:1", read=("train", "lab.*"), link_id="1"))


def wire(*records: dict[str, Any]) -> dict[str, Any]:
    batch = Batch.from_records(records, [5] * len(records))
    columns = {name: JSON.wire_column(column) for name, column in batch.columns.items()}
    return {"count": batch.count, "times": batch.times_us(), "columns": msgspec.to_builtins(columns)}


def error_code(messages: list[HubMessage]) -> str:
    (message,) = messages
    assert isinstance(message, Error)
    return message.code


def test_ping_is_answered_by_pong(peer: Peer) -> None:
    assert peer.say("ping") == [Pong()]


def test_a_publish_is_answered_by_the_position_of_its_last_record(theatre: Theatre, peer: Peer) -> None:
    answer = peer.say("publish", room="train", records=[{"n": 1}, {"n": 2}], id=7)
    assert answer == [Published(theatre.hub.room("train").epoch, 2, 7)]


def test_a_repeated_seq_of_a_publisher_gets_the_first_answer_again(theatre: Theatre, peer: Peer) -> None:
    first = peer.say("publish", room="train", records=[{"n": 1}], publisher="p1", seq=12)
    assert peer.say("publish", room="train", records=[{"n": 1}], publisher="p1", seq=12) == first
    assert theatre.hub.room("train").history.top == 1


def test_a_publish_without_echo_reaches_all_viewers_but_its_own_connection(theatre: Theatre, peer: Peer) -> None:
    other = Peer(theatre)
    for each in (peer, other):
        each.say("subscribe", room="train")
    assert [type(message) for message in peer.say("publish", room="train", records=[{"n": 1}], echo=False)] == [
        Published
    ]
    assert records_of(other.take()) == [{"n": 1}]


def test_a_publish_in_columns_is_a_publish(theatre: Theatre, peer: Peer) -> None:
    peer.say("publish", room="train", **wire({"loss": 0.5}))
    assert theatre.hub.room("train").snapshot(1).records() == [{"loss": 0.5}]


def test_subscribe_is_answered_and_then_what_comes_is_read(theatre: Theatre, peer: Peer) -> None:
    theatre.push({"n": 1})
    epoch = theatre.hub.room("train").epoch
    assert peer.say("subscribe", room="train") == [Subscribed("train", epoch, 1, recovered=True)]
    theatre.push({"n": 2})
    assert records_of(peer.take()) == [{"n": 2}]


def test_options_of_a_subscription_reach_it(theatre: Theatre, peer: Peer) -> None:
    for number in range(5):
        theatre.push({"n": number})
    *_, snapshot = peer.say("subscribe", room="train", since="snapshot", shape="columns", window=2)
    assert isinstance(snapshot, Delivery)
    assert (snapshot.is_snapshot, snapshot.shape, snapshot.batch.count) == (True, "columns", 2)


def test_after_unsubscribe_nothing_more_is_read(theatre: Theatre, peer: Peer) -> None:
    peer.say("subscribe", room="train")
    peer.say("unsubscribe", room="train")
    theatre.push({"n": 1})
    assert peer.take() == []


def test_presence_tells_who_reads_a_room(theatre: Theatre, peer: Peer) -> None:
    peer.say("subscribe", room="train")
    assert peer.say("presence", room="train") == [Presence("train", [peer.session.viewer])]
    assert peer.say("presence", room="other") == [Presence("other", [])]


def test_who_subscribes_with_presence_is_told_of_others_that_join_and_leave(theatre: Theatre, peer: Peer) -> None:
    peer.say("subscribe", room="train", presence=True)
    other = Peer(theatre, Grant("link:1", read=("train",), link_id="1"))
    other.say("subscribe", room="train")
    assert peer.take() == [Joined("train", other.session.viewer)]
    other.say("unsubscribe", room="train")
    assert peer.take() == [Left("train", other.session.viewer)]
    other.say("subscribe", room="train", presence=True)
    peer.take()
    other.session.close()
    theatre.loop.advance(limits.PRESENCE_GRACE_S - 1)
    assert peer.take() == []
    theatre.loop.advance(2.0)
    assert peer.take() == [Left("train", other.session.viewer)]


def test_rooms_that_begin_or_are_given_back_have_the_settings_that_their_publisher_told(
    theatre: Theatre, peer: Peer
) -> None:
    keyed = {"key": "n"}
    peer.say("hello", publisher="p1", settings={"prices": keyed, "trades": keyed})
    peer.say("publish", room="prices", publisher="p1", seq=1, records=[{"n": 1}])
    peer.say("restore", room="trades", epoch="k3x9", first=5, id=1, **wire({"n": 5}))
    peer.say("publish", room="train", publisher="p1", seq=2, records=[{"n": 1}])
    assert {name: room.settings.key for name, room in theatre.hub.rooms.items()} == {
        "prices": "n",
        "trades": "n",
        "train": None,
    }


def test_hello_tells_a_publisher_what_the_hub_knows_of_its_rooms(theatre: Theatre, peer: Peer) -> None:
    (answer,) = peer.say("publish", room="train", publisher="p1", seq=1, records=[{"n": 1}])
    assert isinstance(answer, Published)
    rooms = {
        "train": {"epoch": answer.epoch, "first": 1, "last": 1},
        "other": {"epoch": "zz", "first": 1, "last": 9},
    }
    assert peer.say("hello", publisher="p1", rooms=rooms) == [Welcome({"train": "known", "other": "unknown"})]


def test_a_publisher_gives_back_what_a_former_hub_acknowledged(theatre: Theatre, peer: Peer) -> None:
    answer = peer.say("restore", room="train", epoch="k3x9", first=5, id=1, **wire({"n": 5}, {"n": 6}))
    assert answer == [Published("k3x9", 6, 1)]
    assert theatre.hub.room("train").position == Position("k3x9", 6)


def test_readers_are_told_what_a_publisher_lost(theatre: Theatre, peer: Peer) -> None:
    theatre.push({"n": 1})
    reader = Peer(theatre)
    reader.say("subscribe", room="train")
    assert peer.say("lost", room="train", publisher="p1", dropped=40) == []
    assert reader.take() == [Notice("train", "p1", 40)]


def test_readers_are_told_which_source_fails_and_when_it_does_no_more(theatre: Theatre, peer: Peer) -> None:
    theatre.push({"n": 1})
    reader = Peer(theatre)
    reader.say("subscribe", room="train")
    peer.say("source_failing", room="train", source="cpu", error="ValueError: no")
    assert reader.take() == [Failing("train", {"cpu": "ValueError: no"})]
    peer.say("source_failing", room="train", source="cpu", error=None)
    assert reader.take() == [Failing("train", {})]


# A rate


def test_a_publisher_that_said_hello_sends_again_what_was_put_off_before_anything_behind_it_is_taken() -> None:
    theatre = Theatre(publish_rate=PublishRate(records=1))
    peer = Peer(theatre)
    peer.say("hello", publisher="p1")

    def publish(seq: int) -> HubMessage:
        (answer,) = peer.say("publish", room="train", publisher="p1", seq=seq, id=seq, records=[{"n": seq}] * 3)
        return answer

    assert isinstance(publish(1), Published)
    error = publish(2)
    assert isinstance(error, Error)
    assert (error.code, error.id, error.retry_after_s) == ("rate_limited", 2, 2.0)
    theatre.loop.advance(2.0)
    assert isinstance(publish(3), Error)
    assert isinstance(publish(2), Published)
    theatre.loop.advance(3.0)
    assert isinstance(publish(3), Published)
    assert [record["n"] for record in theatre.hub.room("train").snapshot(9).records()] == [1] * 3 + [2] * 3 + [3] * 3


def test_who_did_not_say_hello_gives_up_what_was_put_off_if_it_likes() -> None:
    theatre = Theatre(publish_rate=PublishRate(records=1))
    peer = Peer(theatre)
    for _ in range(2):
        answers = peer.say("publish", room="train", publisher="p1", seq=1, records=[{"n": 1}] * 3)
    answers = peer.say("publish", room="train", publisher="p1", seq=2, records=[{"n": 2}])
    assert error_code(answers) == "rate_limited"
    theatre.loop.advance(2.0)
    assert isinstance(peer.say("publish", room="train", publisher="p1", seq=3, records=[{"n": 3}])[0], Published)


def test_who_names_no_publisher_pays_by_login_and_address() -> None:
    theatre = Theatre(publish_rate=PublishRate(records=1))
    here, there = (Peer(theatre, replace(owner("ada"), address=address)) for address in (None, "192.0.2.1"))
    assert isinstance(here.say("publish", room="train", records=[{"n": 1}] * 9)[0], Published)
    assert isinstance(there.say("publish", room="train", records=[{"n": 1}])[0], Published)
    assert error_code(here.say("publish", room="other", records=[{"n": 1}])) == "rate_limited"


# What is refused


@pytest.mark.parametrize(
    ("op", "fields"),
    [
        ("publish", {"records": [{"n": 1}]}),
        ("restore", {"epoch": "k3x9", "first": 1, **wire({"n": 1})}),
        ("lost", {"publisher": "p1", "dropped": 1}),
        ("source_failing", {"source": "cpu", "error": "no"}),
    ],
)
def test_a_link_may_not_write(theatre: Theatre, link: Peer, op: str, fields: dict[str, Any]) -> None:
    assert error_code(link.say(op, room="train", **fields)) == "not_allowed"
    assert theatre.hub.rooms == {}


def test_a_link_is_no_publisher_that_could_ask_which_rooms_there_are(theatre: Theatre, link: Peer) -> None:
    theatre.push({"n": 1})
    held = {"epoch": "e1", "first": 1, "last": 1}
    assert error_code(link.say("hello", publisher="p1", rooms={"train": held})) == "not_allowed"


@pytest.mark.parametrize("op", ["subscribe", "presence"])
def test_a_link_reads_no_other_room_and_learns_nothing_of_it(theatre: Theatre, link: Peer, op: str) -> None:
    theatre.push({"n": 1}, room="secret")
    told = [link.say(op, room=room) for room in ("secret", "nothing")]
    assert [error_code(messages) for messages in told] == ["not_found", "not_found"]


def test_a_link_reads_its_rooms_and_families(theatre: Theatre, link: Peer) -> None:
    assert [type(message) for message in link.say("subscribe", room="lab.*")] == [Subscribed]
    theatre.push({"n": 1}, room="lab.oven")
    theatre.push({"n": 2}, room="secret")
    assert records_of(link.take()) == [{"n": 1}]


def test_an_error_names_the_room_and_the_message_that_it_answers(peer: Peer) -> None:
    (error,) = peer.say("publish", room="open", records=[{}], id="a")
    assert isinstance(error, Error)
    assert (error.code, error.id, error.room) == ("bad_name", "a", "open")


@pytest.mark.parametrize(
    ("op", "fields", "code"),
    [
        ("publish", {"records": []}, "bad_message"),
        ("publish", {}, "bad_message"),
        ("publish", {"records": [{}], "times": [2**70]}, "bad_message"),
        ("restore", {"epoch": "!", "first": 1, **wire({"n": 1})}, "bad_message"),
        ("restore", {"epoch": "k3x9", "first": 0, **wire({"n": 1})}, "bad_message"),
        ("subscribe", {"since": "yesterday"}, "bad_setting"),
        ("subscribe", {"max_hz": 0}, "bad_setting"),
        ("subscribe", {"window": 0}, "bad_setting"),
    ],
)
def test_a_mistake_is_answered_and_the_connection_stays(peer: Peer, op: str, fields: dict[str, Any], code: str) -> None:
    assert error_code(peer.say(op, room="train", **fields)) == code
    assert peer.say("ping") == [Pong()]


def test_what_a_room_refuses_is_answered(theatre: Theatre, peer: Peer) -> None:
    theatre.hub.configure("prices", {"key": "sym"}, 0, 0.0)
    assert error_code(peer.say("publish", room="prices", records=[{"n": 1}])) == "bad_value"


SCALARS = st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8)
ANYTHING = st.recursive(
    SCALARS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=8,
)
COLUMN = st.fixed_dictionaries(
    {
        "type": st.sampled_from(["f8", "i8", "bool", "str", "time", "json", "x"]),
        "values": ANYTHING | st.binary(max_size=16),
    },
    optional={"absent": st.lists(st.integers(), max_size=3), "unit": st.text(max_size=2), "tz": st.text(max_size=8)},
)
TIMES = st.lists(st.integers(), max_size=3) | ANYTHING
FIELDS = st.fixed_dictionaries(
    {
        "op": st.sampled_from(["publish", "subscribe", "unsubscribe", "presence", "restore", "lost", "ping", "hello"]),
        "room": st.sampled_from(["train", "lab.*", "*", "open", ""]),
        "publisher": st.just("p1"),
        "dropped": st.integers(),
        "epoch": st.text(max_size=4),
        "first": st.integers(),
    },
    optional={
        "records": st.lists(st.dictionaries(st.text(max_size=8), ANYTHING, max_size=3), max_size=3),
        "times": TIMES,
        "seq": st.integers(),
        "echo": st.booleans(),
        "since": st.text(max_size=8),
        "max_hz": st.floats(),
        "window": st.integers(),
        "count": st.integers(-1, 3),
        "columns": st.dictionaries(st.text(max_size=4), COLUMN, max_size=2),
    },
)


@given(st.lists(FIELDS, max_size=5))
def test_whatever_a_peer_says_raises_nothing_and_it_is_answered_afterwards(said: list[dict[str, Any]]) -> None:
    theatre = Theatre()
    peer = Peer(theatre)
    for fields in said:
        try:
            message = msgspec.convert(fields, ClientMessage)
        except msgspec.ValidationError:
            continue  # the codec's business
        peer._conversation.receive(message)
        for each in peer.take():
            JSON.encode(each)
    assert notifications_of(peer.say("ping"))[-1] == Pong()


# What a reader may ask for


def test_a_reading_has_defaults() -> None:
    reading = reading_of("records", "all", None, None)
    assert (reading.shape, reading.mode, reading.max_hz, reading.window) == (
        "records",
        "all",
        None,
        limits.SNAPSHOT_RECORDS,
    )


@pytest.mark.parametrize(
    ("shape", "mode", "max_hz", "window", "named"),
    [
        ("rows", "all", None, None, "'rows'"),
        ("records", "some", None, None, "'some'"),
        ("records", "all", 0.0, None, "max_hz=0"),
        ("records", "all", -1.0, None, "max_hz=-1"),
        ("records", "all", limits.MAX_HZ + 1, None, "max_hz=1001"),
        ("records", "all", float("nan"), None, "max_hz=nan"),
        ("records", "all", None, 0, "window=0"),
        ("records", "all", None, limits.READ_LIMIT_MAX + 1, "window=1000001"),
    ],
)
def test_what_can_not_be_asked_for_is_refused_and_named(
    shape: str, mode: str, max_hz: float | None, window: int | None, named: str
) -> None:
    with pytest.raises(SettingRefusedError, match=named):
        reading_of(shape, mode, max_hz, window)


@pytest.mark.parametrize(
    ("text", "since"),
    [
        ("now", Now()),
        ("earliest", Earliest()),
        ("-3", Last(3)),
        ("snapshot", Snapshot()),
        ("train:k3x9-4", After(Position("k3x9", 4))),
        ("other:k3x9-4", Snapshot()),
    ],
)
def test_a_start_is_told_room_by_room(text: str, since: object) -> None:
    assert start_from(text)("train") == since


def test_a_start_that_is_no_word_is_refused_before_any_room_is_asked() -> None:
    with pytest.raises(SettingRefusedError):
        start_from("tomorrow")
