"""RFC 6455, case by case: the echo handler and our own route are spoken to in raw bytes over a real socket."""

from __future__ import annotations

import socket
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass

import pytest
from tornado import web
from tornado.httpserver import HTTPServer
from tornado.netutil import bind_sockets

from livedash import limits
from livedash.client.loop_thread import LoopThread
from livedash.server.lifecycle import RunningServer, ServeOptions, start
from livedash.server.websocket_handler import WebSocketHandler, fault_of_close
from tests.server import autobahn_cases, utf8_cases
from tests.server.autobahn_cases import NORMAL, PROTOCOL_ERROR, Case
from tests.server.raw_websocket import CLOSE, PING, TEXT, Frame, RawWebSocket, Received, close

TOO_BIG, INTERNAL_ERROR = 1009, 1011
MAX_BYTES = 1_000_000
CASES = [
    *autobahn_cases.frames(),
    *autobahn_cases.pings(),
    *autobahn_cases.reserved_bits(),
    *autobahn_cases.reserved_opcodes(),
    *autobahn_cases.fragments(),
    *utf8_cases.texts(),
    *utf8_cases.sequences(),
    *autobahn_cases.closings(),
    *autobahn_cases.automatic_fragments(),
]


def number_of(case: Case) -> str:
    return case.number


class Echo(WebSocketHandler):
    @property
    def max_message_size(self) -> int:
        return MAX_BYTES

    def on_message(self, message: str | bytes) -> None:
        if message == "fail":
            raise ZeroDivisionError("as a bug of ours would")
        if message == "cut":
            self.cut()
            return
        self.write_message(message, binary=isinstance(message, bytes))


@dataclass(frozen=True, slots=True)
class Servers:
    """An echo server, and a livedash server's own route, on one loop."""

    echo_port: int
    route_port: int
    route: str

    def echo(self) -> RawWebSocket:
        return RawWebSocket(self.echo_port, "/")

    def our_route(self) -> RawWebSocket:
        return RawWebSocket(self.route_port, self.route)


@pytest.fixture(scope="module")
def servers() -> Iterator[Servers]:
    thread = LoopThread("test servers")

    async def begin() -> tuple[HTTPServer, int, RunningServer]:
        sockets = bind_sockets(0, "127.0.0.1", socket.AF_INET)
        echo = HTTPServer(web.Application([("/", Echo)]))
        echo.add_sockets(sockets)
        return echo, sockets[0].getsockname()[1], await start(ServeOptions(port=0))

    echo, echo_port, ours = thread.run(begin())
    route_port = int(ours.url.split(":")[2].split("/")[0])
    yield Servers(echo_port, route_port, f"/livedash/ws?key={ours.token}")
    thread.run(ours.drain())
    thread.call(echo.stop)


def closing(received: Received | None) -> int | None:
    """The code in a close frame."""
    assert received is not None
    opcode, payload = received
    assert opcode == CLOSE
    return int.from_bytes(payload[:2]) if payload else None


def spoken(connection: RawWebSocket, case: Case) -> None:
    with connection as peer:
        peer.send(case.writes)
        *came, last = peer.receive_all()
    assert came == list(case.comes)
    assert closing(last) == case.code


def test_the_cases_are_those_of_the_suite() -> None:
    sections = Counter(case.number.split(".")[0] for case in CASES)
    assert sections == {"1": 16, "2": 11, "3": 7, "4": 10, "5": 20, "6": 145, "7": 37, "10": 1}
    assert len({case.number for case in CASES}) == 247


@pytest.mark.parametrize("case", CASES, ids=number_of)
def test_the_handler_answers_a_case_of_the_autobahn_suite_as_it_demands(servers: Servers, case: Case) -> None:
    spoken(servers.echo(), case)


@pytest.mark.parametrize("case", [case for case in CASES if not case.wants_echo], ids=number_of)
def test_our_route_answers_a_case_without_an_echo_the_same(servers: Servers, case: Case) -> None:
    spoken(servers.our_route(), case)


# What the suite does not ask


def answer_to(connection: RawWebSocket, *sends: Frame) -> int | None:
    with connection as peer:
        peer.send(frame.encoded() for frame in sends)
        (last,) = peer.receive_all()
    return closing(last)


@pytest.mark.parametrize("opcode", [TEXT, PING, CLOSE])
def test_a_frame_without_a_mask_is_refused(servers: Servers, opcode: int) -> None:
    assert answer_to(servers.our_route(), Frame(opcode, is_masked=False)) == PROTOCOL_ERROR


def test_a_peer_that_sends_too_much_hears_so_though_nobody_reads_what_it_sends(servers: Servers) -> None:
    declared = bytes((0x82, 0xFF)) + (limits.PUBLISH_BODY_BYTES + 1).to_bytes(8) + b"mask"
    with servers.our_route() as peer:
        peer.send([declared])
        peer.send([bytes(limits.MIB)] * 8)
        (last,) = peer.receive_all()
    assert closing(last) == TOO_BIG


def test_nothing_is_done_with_what_follows_a_fault(servers: Servers) -> None:
    assert answer_to(servers.echo(), Frame(TEXT, rsv=1), Frame(TEXT, b"hello"), Frame(PING)) == PROTOCOL_ERROR


def test_a_bug_of_ours_is_told_as_one(servers: Servers, caplog: pytest.LogCaptureFixture) -> None:
    assert answer_to(servers.echo(), Frame(TEXT, b"fail")) == INTERNAL_ERROR
    assert "ZeroDivisionError" in caplog.text


def test_a_connection_that_is_cut_ends_without_a_word(servers: Servers) -> None:
    with servers.echo() as peer:
        peer.send([Frame(TEXT, b"cut").encoded()])
        assert peer.receive_all() == []


def test_nothing_is_said_of_what_follows_a_close_frame(servers: Servers) -> None:
    with servers.our_route() as peer:
        peer.send([close(NORMAL).encoded() + Frame(TEXT, rsv=1).encoded()])
        assert [closing(frame) for frame in peer.receive_all()] == [NORMAL]


@pytest.mark.parametrize(
    ("payload", "fault"),
    [
        (b"", None),
        (b"\x03", PROTOCOL_ERROR),
        *((code.to_bytes(2), None) for code in (*autobahn_cases.VALID_CLOSE_CODES, 1012, 1013, 1014, 4002)),
        *((code.to_bytes(2), PROTOCOL_ERROR) for code in (*autobahn_cases.INVALID_CLOSE_CODES, 1015, 5000, 65535)),
        (b"\x03\xe8" + "größe".encode(), None),
        (b"\x03\xe8\xff", autobahn_cases.INVALID_DATA),
        (b"\x00\x00\xff", PROTOCOL_ERROR),
    ],
)
def test_a_close_frame_is_judged_by_its_code_and_its_reason(payload: bytes, fault: int | None) -> None:
    assert fault_of_close(payload) == fault
