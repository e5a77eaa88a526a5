from __future__ import annotations

from livedash import limits
from livedash.core.grant import owner
from livedash.testing.viewer import records_of, snapshots_of
from livedash.transports.comm import CommSink, CommTransport
from livedash.wire.codec import MSGPACK
from livedash.wire.messages import Bye, Delivery, Error, HubMessage, Ping, Pong, Subscribe
from tests.transports.theatre import Theatre


class Page:
    """The other end of a comm."""

    def __init__(self, theatre: Theatre, *rooms: str, window: int | None = None) -> None:
        self._theatre = theatre
        self._sent: list[bytes] = []
        self.transport = CommTransport(theatre.stage, owner("owner"), self._sent.append, rooms, window)

    def take(self) -> list[HubMessage]:
        self._theatre.loop.settle()
        sent = [MSGPACK.decode_from_hub(data) for data in self._sent]
        self._sent.clear()
        return sent


def test_rooms_stream_from_their_state_without_being_asked(theatre: Theatre) -> None:
    theatre.push({"n": 1})
    page = Page(theatre, "train", "later")
    assert snapshots_of(page.take()) == [[{"n": 1}]]
    theatre.loop.advance(1.0)
    theatre.push({"n": 2})
    theatre.push({"n": 3}, room="later")
    assert records_of(page.take()) == [{"n": 2}, {"n": 3}]


def test_records_come_in_columns_as_panels_draw_them(theatre: Theatre) -> None:
    page = Page(theatre, "train")
    theatre.push({"n": 1})
    assert [message.shape for message in page.take() if isinstance(message, Delivery)] == ["columns"]


def test_the_window_bounds_the_state(theatre: Theatre) -> None:
    for number in range(5):
        theatre.push({"n": number})
    assert snapshots_of(Page(theatre, "train", window=2).take()) == [[{"n": 3}, {"n": 4}]]


def test_a_page_that_can_be_heard_is_answered(theatre: Theatre) -> None:
    page = Page(theatre)
    page.transport.receive(MSGPACK.encode_from_client(Ping()))
    page.transport.receive(MSGPACK.encode_from_client(Subscribe("train")))
    theatre.push({"n": 1})
    messages = page.take()
    assert messages[0] == Pong()
    assert records_of(messages) == [{"n": 1}]


def test_a_room_that_can_not_be_is_told_by_an_error(theatre: Theatre) -> None:
    (error,) = Page(theatre, "not a room").take()
    assert isinstance(error, Error)
    assert error.code == "bad_name"


def test_a_page_that_a_busy_kernel_can_not_hear_is_fed_all_the_same(theatre: Theatre) -> None:
    page = Page(theatre, "train")
    page.take()
    theatre.loop.advance(10 * limits.PONG_LIMIT_S)
    theatre.push({"n": 1})
    assert records_of(page.take()) == [{"n": 1}]


def test_a_closed_comm_gets_nothing_more_and_leaves_no_viewer(theatre: Theatre) -> None:
    page = Page(theatre, "train")
    page.take()
    page.transport.close()
    theatre.push({"n": 1})
    assert page.take() == []
    assert theatre.stage.viewers() == []


def test_a_hub_that_ends_says_so_and_leaves_the_comm_to_its_widget(theatre: Theatre) -> None:
    page = Page(theatre, "train")
    page.take()
    for viewer in theatre.stage.viewers():
        viewer.end("draining", 1.0)
    assert page.take() == [Bye("draining", 1.0)]


def test_a_comm_has_no_peer_to_ping_or_to_cut() -> None:
    sent: list[bytes] = []
    sink = CommSink(sent.append)
    sink.send(b"data")
    sink.ping()
    sink.end(4000, "idle")
    sink.abort()
    assert (sent, sink.pending_bytes) == ([b"data"], 0)
