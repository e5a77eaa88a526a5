from __future__ import annotations

import errno
import socket
from collections.abc import AsyncIterator
from types import SimpleNamespace

import pytest
from tornado.iostream import IOStream, StreamClosedError

from livedash.server import tcp
from tests.server.served import until

LARGE = b"x" * 20_000_000  # more than the buffers of both ends hold


@pytest.fixture
async def ends() -> AsyncIterator[tuple[IOStream, socket.socket]]:
    """A stream of ours and the peer's socket."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        peer = socket.create_connection(listener.getsockname())
        taken, _ = listener.accept()
    stream = IOStream(taken)
    yield stream, peer
    stream.close()
    peer.close()


async def test_what_a_peer_does_not_take_is_not_offered_any_more_after_a_reset(
    ends: tuple[IOStream, socket.socket],
) -> None:
    stream, peer = ends
    sent = stream.write(LARGE)
    tcp.reset(stream)
    with pytest.raises(StreamClosedError):
        await sent
    with peer.makefile("rb") as reader, pytest.raises(ConnectionResetError):
        reader.read()


async def test_a_peer_that_has_taken_all_sees_a_plain_end(ends: tuple[IOStream, socket.socket]) -> None:
    stream, peer = ends
    await stream.write(b"all")
    tcp.reset(stream)
    tcp.reset(stream)
    assert (peer.recv(10), peer.recv(10)) == (b"all", b"")


async def test_a_handler_without_a_connection_has_no_stream() -> None:
    handler = SimpleNamespace(request=SimpleNamespace(connection=None))
    assert tcp.stream_of(handler) is None  # type: ignore[arg-type]
    tcp.reset(None)
    tcp.bound_silence(None)
    tcp.send_at_once(None)
    assert not tcp.was_given_up(None)


async def test_the_system_gives_up_a_peer_that_takes_nothing(
    ends: tuple[IOStream, socket.socket], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("livedash.limits.BLOCKED_WRITE_S", 0.2)
    stream, _ = ends
    tcp.bound_silence(stream)
    sent = stream.write(LARGE)
    await until(stream.closed, "the system ends it")
    with pytest.raises(StreamClosedError):
        await sent
    assert isinstance(stream.error, OSError)
    assert stream.error.errno == errno.ETIMEDOUT
    assert tcp.was_given_up(stream)


async def test_a_system_without_that_limit_and_a_socket_without_tcp_are_left_alone(
    ends: tuple[IOStream, socket.socket], monkeypatch: pytest.MonkeyPatch
) -> None:
    stream, _ = ends
    before = stream.socket.getsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT)
    ours, theirs = socket.socketpair()
    local = IOStream(ours)
    tcp.bound_silence(local)
    local.write(LARGE).add_done_callback(lambda done: done.exception())
    tcp.reset(local)
    theirs.close()
    monkeypatch.setattr(tcp, "_TCP_USER_TIMEOUT", None)
    monkeypatch.setattr(tcp, "_TCP_KEEPIDLE", None)
    tcp.bound_silence(stream)
    assert stream.socket.getsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT) == before
    assert not stream.socket.getsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE)
