from __future__ import annotations

import socket
import threading
from collections.abc import Iterator

import pytest

from tests.end_to_end.tcp_proxy import TcpProxy

ANSWER_LIMIT_S = 5.0
SILENCE_S = 0.2


@pytest.fixture
def echo_port() -> Iterator[int]:
    """A server that says back what it hears."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        threading.Thread(target=_echo_all, args=[listener], daemon=True).start()
        yield listener.getsockname()[1]


def _echo_all(listener: socket.socket) -> None:
    while True:
        try:
            connection, _ = listener.accept()
        except OSError:
            return
        threading.Thread(target=_echo, args=[connection], daemon=True).start()


def _echo(connection: socket.socket) -> None:
    with connection:
        try:
            while data := connection.recv(1024):
                connection.sendall(data)
        except ConnectionError:
            return


def connect(proxy: TcpProxy) -> socket.socket:
    return socket.create_connection(("127.0.0.1", proxy.port), ANSWER_LIMIT_S)


def exchange(connection: socket.socket, data: bytes) -> bytes:
    connection.sendall(data)
    return connection.recv(1024)


def test_bytes_go_through_in_both_directions(echo_port: int) -> None:
    with TcpProxy(echo_port) as proxy, connect(proxy) as connection:
        assert exchange(connection, b"hello") == b"hello"
        assert proxy.accepted == 1


def test_paused_proxy_holds_bytes_and_gives_them_when_it_resumes(echo_port: int) -> None:
    with TcpProxy(echo_port) as proxy, connect(proxy) as connection:
        assert exchange(connection, b"before") == b"before"
        proxy.pause()
        connection.sendall(b"during")
        connection.settimeout(SILENCE_S)
        with pytest.raises(TimeoutError):
            connection.recv(1024)
        proxy.resume()
        connection.settimeout(ANSWER_LIMIT_S)
        assert connection.recv(1024) == b"during"


def test_cut_ends_connections_and_refuses_new_ones_until_it_resumes(echo_port: int) -> None:
    with TcpProxy(echo_port) as proxy, connect(proxy) as connection:
        assert exchange(connection, b"before") == b"before"
        proxy.cut()
        with pytest.raises(ConnectionResetError):
            connection.recv(1024)
        with pytest.raises(ConnectionRefusedError):
            connect(proxy)
        proxy.resume()
        with connect(proxy) as again:
            assert exchange(again, b"after") == b"after"


def test_end_of_one_side_reaches_the_other(echo_port: int) -> None:
    with TcpProxy(echo_port) as proxy, connect(proxy) as connection:
        connection.sendall(b"last words")
        connection.shutdown(socket.SHUT_WR)
        assert connection.recv(1024) == b"last words"
        assert connection.recv(1024) == b""


def test_forgotten_connection_carries_nothing_and_never_ends_while_new_ones_work(echo_port: int) -> None:
    with TcpProxy(echo_port) as proxy, connect(proxy) as old:
        assert exchange(old, b"before") == b"before"
        proxy.forget()
        old.sendall(b"lost")
        old.settimeout(SILENCE_S)
        with pytest.raises(TimeoutError):
            old.recv(1024)
        with connect(proxy) as new:
            assert exchange(new, b"after") == b"after"
        proxy.pause()
        proxy.resume()
        with pytest.raises(TimeoutError):
            old.recv(1024)


def test_connection_is_cut_when_it_is_so_old(echo_port: int) -> None:
    with TcpProxy(echo_port, cut_after_s=SILENCE_S) as proxy, connect(proxy) as connection:
        assert exchange(connection, b"young") == b"young"
        with pytest.raises(ConnectionResetError):
            connection.recv(1024)
        with connect(proxy) as again:
            assert exchange(again, b"young") == b"young"
