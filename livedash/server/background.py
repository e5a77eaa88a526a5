"""A hub with its server on a background loop of the caller's, for `ld.serve()`."""

from __future__ import annotations

import os
from collections.abc import Callable, Coroutine
from typing import Any, Protocol, TypeVar

from livedash.server.lifecycle import RunningServer, ServeOptions, start

T = TypeVar("T")
_CLOSE_S = 5.0  # for what is left to do after the drain
_START_S = 600.0  # a slow disk may take minutes to give a gigabyte


class Loop(Protocol):
    """A loop on a thread of its own."""

    def run(self, coroutine: Coroutine[Any, Any, T], timeout_s: float = ...) -> T:
        """Waits for the result."""


class ServerHandle:
    """A server that runs until `stop()` or the end of the process."""

    def __init__(self, loop: Loop, running: RunningServer, on_stop: Callable[[], None]) -> None:
        self._loop = loop
        self._running = running
        self._on_stop = on_stop
        self.url = running.url  # of `…/livedash/`
        self.token = running.token
        self.is_running = True
        self._pid = os.getpid()

    @property
    def view_url(self) -> str:
        """The page of its owner, with the token: not for others; share by `ld.share`."""
        return f"{self.url}view?key={self.token}"

    def stop(self) -> None:
        """Sends viewers away, ends the server and its rooms."""
        if self.is_running:
            self.is_running = False
            self._loop.run(self._running.drain(), self._running.services.config.drain_s + _CLOSE_S)
            self._on_stop()

    def end_with_process(self) -> None:
        """Without a goodbye to viewers: what the rooms hold is on disk then, where there is a data directory."""
        if self.is_running and os.getpid() == self._pid:  # a forked child's copy is not the server
            self.is_running = False
            self._loop.run(self._detach(), _CLOSE_S)
            self._running.services.data_dir.finish()

    async def _detach(self) -> None:
        self._running.services.data_dir.detach()
        await self._running.services.replication.close()

    def __repr__(self) -> str:
        return f"<livedash server at {self.url}{'' if self.is_running else ', stopped'}>"


def start_in_background(loop: Loop, options: ServeOptions, on_stop: Callable[[], None] = lambda: None) -> ServerHandle:
    """Raises SettingRefusedError where the port is taken, or the data directory can't be used."""
    return ServerHandle(loop, loop.run(start(options), _START_S), on_stop)
