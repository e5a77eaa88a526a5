"""Certificates of the tests' own, and a door that speaks TLS before a server that does not."""

from __future__ import annotations

import contextlib
import socket
import ssl
import subprocess
import threading
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Self

CHUNK_BYTES = 64 * 1024
END_LIMIT_S = 10.0
TLS_HANDSHAKE = b"\x16"  # RFC 8446, section 5.1: what a client's first byte is then


@dataclass(frozen=True, slots=True)
class Certificate:
    """Of 127.0.0.1, signed by itself: so it is its own authority."""

    certificate: Path
    key: Path


def certificate(folder: Path) -> Certificate:
    made = Certificate(folder / "certificate.pem", folder / "key.pem")
    of = ("-subj", "/CN=livedash", "-addext", "subjectAltName=IP:127.0.0.1", "-days", "2")
    to = ("-keyout", str(made.key), "-out", str(made.certificate))
    command = ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", *of, *to]
    subprocess.run(command, check=True, capture_output=True)
    return made


class TlsDoor:
    """127.0.0.1:`port` → 127.0.0.1:`upstream_port`; who begins without TLS, as a sentinel does, gets through as well."""

    def __init__(self, upstream_port: int, shown: Certificate) -> None:
        self._upstream_port = upstream_port
        self._context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
        self._context.load_cert_chain(shown.certificate, shown.key)
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port: int = self._listener.getsockname()[1]
        self.with_tls = 0  # connections
        self._accepting = threading.Thread(target=self._accept, daemon=True)

    def __enter__(self) -> Self:
        self._accepting.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        self._accepting.join(END_LIMIT_S)

    def _accept(self) -> None:
        with contextlib.suppress(OSError):  # it is closed
            while True:
                near, _ = self._listener.accept()
                threading.Thread(target=self._serve, args=(near,), daemon=True).start()

    def _serve(self, near: socket.socket) -> None:
        with contextlib.suppress(OSError), contextlib.ExitStack() as open_sockets:
            open_sockets.enter_context(near)
            if near.recv(1, socket.MSG_PEEK) == TLS_HANDSHAKE:
                near = open_sockets.enter_context(self._context.wrap_socket(near, server_side=True))
                self.with_tls += 1
            far = open_sockets.enter_context(socket.create_connection(("127.0.0.1", self._upstream_port)))
            back = threading.Thread(target=_carry, args=(far, near), daemon=True)
            back.start()
            _carry(near, far)
            back.join(END_LIMIT_S)


def _carry(source: socket.socket, sink: socket.socket) -> None:
    with contextlib.suppress(OSError):
        while chunk := source.recv(CHUNK_BYTES):
            sink.sendall(chunk)
    for each in (source, sink):
        with contextlib.suppress(OSError):
            each.shutdown(socket.SHUT_RDWR)
