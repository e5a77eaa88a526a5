"""A server on this machine that answers as a test says, one connection after the other, and notes what it was asked."""

from __future__ import annotations

import socket
import threading
from collections.abc import Sequence
from pathlib import Path
from types import TracebackType
from typing import Self

from livedash.client.endpoint import Endpoint, endpoint_of_socket

LIMIT_S = 10.0
CUT = None  # hangs up instead of an answer


def answer(status: str, body: str = "{}", *headers: str) -> str:
    lines = [f"HTTP/1.1 {status}", f"Content-Length: {len(body)}", "Connection: close", *headers]
    return "\r\n".join([*lines, "", body])


class Answering:
    """`answers`: one for each connection, in order; then it hangs up. By TCP, or by a UNIX socket at `path`."""

    def __init__(self, *answers: str | None, path: Path | None = None) -> None:
        self._answers: Sequence[str | None] = answers
        self._path = path
        self.asked: list[str] = []  # the requests as they came

    def __enter__(self) -> Self:
        if self._path is None:
            self._listener = socket.create_server(("127.0.0.1", 0))
        else:
            self._listener = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
            self._listener.bind(str(self._path))
            self._listener.listen()
        self._thread = threading.Thread(target=self._serve)
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        self._thread.join(LIMIT_S)

    @property
    def endpoint(self) -> Endpoint:
        if self._path is not None:
            return endpoint_of_socket(str(self._path))
        return Endpoint(f"http://127.0.0.1:{self._listener.getsockname()[1]}/livedash/", token="t")

    def _serve(self) -> None:
        answers = iter(self._answers)
        while True:
            try:
                connection, _ = self._listener.accept()
            except OSError:  # closed
                return
            with connection:
                connection.settimeout(LIMIT_S)
                self.asked.append(_whole_request(connection))
                text = next(answers, CUT)
                if text is not CUT:
                    connection.sendall(text.encode())


def _whole_request(connection: socket.socket) -> str:
    data = b""
    while b"\r\n\r\n" not in data:
        data += connection.recv(65536)
    head, _, body = data.partition(b"\r\n\r\n")
    lengths = [line.split(b":")[1] for line in head.split(b"\r\n") if line.lower().startswith(b"content-length")]
    while lengths and len(body) < int(lengths[0]):
        body += connection.recv(65536)
    return (head + b"\r\n\r\n" + body).decode()
