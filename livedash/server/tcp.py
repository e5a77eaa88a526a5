"""The connection below a handler: how it is reset, and how the system gives up a peer that takes nothing."""

from __future__ import annotations

import errno
import socket
import struct
from typing import Final

from tornado.iostream import IOStream
from tornado.web import RequestHandler

from livedash import limits

_TCP_USER_TIMEOUT: Final = getattr(socket, "TCP_USER_TIMEOUT", None)  # Linux has it
_TCP_KEEPIDLE: Final = getattr(socket, "TCP_KEEPIDLE", None)  # Linux and newer others
_ASKED_EACH_S: Final = 5
_NO_LINGER: Final = struct.pack("ii", 1, 0)


def stream_of(handler: RequestHandler) -> IOStream | None:
    """None once tornado has given the connection up."""
    stream: IOStream | None = getattr(handler.request.connection, "stream", None)
    return stream


def bound_silence(stream: IOStream | None) -> None:
    """A peer that is gone without a word acknowledges nothing, and its system's buffers take long to fill: after this time
    ours ends the connection (RFC 5482). It has keep-alives to acknowledge, ours or TCP's own (RFC 9293 3.8.4), and an event
    stream has no answer to a ping.
    """
    if stream is None or stream.closed() or not _is_tcp(stream):
        return
    if _TCP_USER_TIMEOUT is not None:
        stream.socket.setsockopt(socket.IPPROTO_TCP, _TCP_USER_TIMEOUT, round(limits.BLOCKED_WRITE_S * 1000))
    if _TCP_KEEPIDLE is not None:
        stream.socket.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
        stream.socket.setsockopt(socket.IPPROTO_TCP, _TCP_KEEPIDLE, round(limits.SILENT_PEER_S))
        stream.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_KEEPINTVL, _ASKED_EACH_S)


def send_at_once(stream: IOStream | None) -> None:
    """Else the system keeps a small piece back until the one before is acknowledged, which the peer may put off for 40 ms and
    more (RFC 896; RFC 1122 4.2.3.2).
    """
    if stream is not None and not stream.closed():
        stream.set_nodelay(True)


def was_given_up(stream: IOStream | None) -> bool:
    """True if the system has ended the connection, since the peer acknowledged or took nothing for so long."""
    error = None if stream is None else stream.error
    return isinstance(error, OSError) and error.errno == errno.ETIMEDOUT


def reset(stream: IOStream | None) -> None:
    """Closes it. Where the peer does not take what is sent, the system's buffers, megabytes perhaps, are emptied as well: they
    would be offered to it for minutes.
    """
    if stream is None or stream.closed():
        return
    if stream.writing() and _is_tcp(stream):
        stream.socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _NO_LINGER)
    stream.close()


def _is_tcp(stream: IOStream) -> bool:
    return stream.socket.family in (socket.AF_INET, socket.AF_INET6)
