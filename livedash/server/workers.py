"""Several hubs of one server: processes that share its port (SO_REUSEPORT) and, over a broker, its rooms."""

from __future__ import annotations

import asyncio
import logging
import os
import signal
import socket
import sys
from collections.abc import Callable
from dataclasses import replace
from types import FrameType

from livedash import clock
from livedash.brokers.urls import open_broker
from livedash.errors import SettingRefusedError
from livedash.server.lifecycle import RunningServer, ServeOptions, new_token, port_refused, serve_until_signal

log = logging.getLogger("livedash")
REFUSED = 2  # a worker's exit status for what starting it again would not mend
_QUICK_S = 1.0  # one that ended so soon is not started again at once
_ENDING = (signal.SIGTERM, signal.SIGINT)
OnStarted = Callable[[RunningServer], None]


class Workers:
    """`on_started` is called in the first one. Before any thread or loop of this process: workers are forked.

    Raises SettingRefusedError, or MissingExtraError for the broker.
    """

    def __init__(self, count: int, options: ServeOptions, on_started: OnStarted) -> None:
        if options.broker is None:
            raise SettingRefusedError(
                f"{count} workers need a broker: each process would have rooms of its own, and viewers would see a part"
            )
        open_broker(options.broker)  # what it refuses no start mends
        if not hasattr(os, "fork") or not hasattr(socket, "SO_REUSEPORT"):
            raise SettingRefusedError("this system can't share a port between processes; run one worker")
        self._count = count
        self._options = replace(options, token=options.token or new_token(), shares_port=True)
        self._on_started = on_started
        self._started_s: dict[int, tuple[int, float]] = {}  # number and time of each, by its process
        self._is_stopping = False

    def run(self) -> int:
        """Until SIGTERM or SIGINT, and all have drained. The exit status."""
        held = self._hold_port()
        self._options = replace(self._options, port=held.getsockname()[1])
        for each in _ENDING:
            signal.signal(each, self._stop)
        for number in range(self._count):
            self._start(number)
        status = 0
        while self._started_s:
            pid, ended = os.wait()
            number, started_s = self._started_s.pop(pid)
            code = os.waitstatus_to_exitcode(ended)
            if code == REFUSED:
                status = code
                self._stop()
            elif not self._is_stopping:
                log.warning("worker %d ended with %d and is started again", number + 1, code)
                self._start(number, _QUICK_S if clock.monotonic_s() - started_s < _QUICK_S else 0.0)
        held.close()
        return status

    def _hold_port(self) -> socket.socket:
        """It never listens: the port stays ours, whichever worker is not there. Raises SettingRefusedError."""
        options = self._options
        family, _, _, _, address = socket.getaddrinfo(options.host or None, options.port, flags=socket.AI_PASSIVE)[0]
        held = socket.socket(family, socket.SOCK_STREAM)
        held.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
        try:
            held.bind(address)
        except OSError as error:
            held.close()
            raise port_refused(options, error) from error
        return held

    def _start(self, number: int, wait_s: float = 0.0) -> None:
        before = signal.pthread_sigmask(signal.SIG_BLOCK, _ENDING)  # a signal finds either process as it shall be
        if self._is_stopping:
            signal.pthread_sigmask(signal.SIG_SETMASK, before)
            return
        pid = os.fork()
        if pid:
            self._started_s[pid] = (number, clock.monotonic_s())
            signal.pthread_sigmask(signal.SIG_SETMASK, before)
            return
        status = 1
        try:
            for each in _ENDING:
                signal.signal(each, signal.SIG_DFL)
            signal.pthread_sigmask(signal.SIG_SETMASK, before)
            clock.sleep_s(wait_s)
            asyncio.run(serve_until_signal(self._options, self._on_started if number == 0 else _silently))
            status = 0
        except SettingRefusedError as error:
            sys.stderr.write(f"{error.message}\n")
            status = REFUSED
        finally:
            sys.stdout.flush()
            sys.stderr.flush()
            os._exit(status)

    def _stop(self, number: int = signal.SIGTERM, frame: FrameType | None = None) -> None:
        """A second signal ends the wait of each."""
        self._is_stopping = True
        for pid in tuple(self._started_s):
            os.kill(pid, signal.SIGTERM)


def _silently(_: RunningServer) -> None:
    """The first one speaks for all."""
