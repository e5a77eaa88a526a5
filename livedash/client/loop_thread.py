"""The one background thread of livedash in a process, with its event loop: it sends, reads and runs an embedded hub."""

from __future__ import annotations

import asyncio
import os
import threading
import weakref
from collections.abc import Callable, Coroutine
from typing import Any, Final, TypeVar

from livedash import limits

T = TypeVar("T")


class LoopThread:
    """Starts when it is first used, and again in a forked child, where no thread survives. A daemon: it never holds an
    exit.
    """

    def __init__(self, name: str = "livedash") -> None:
        self._name = name
        self._lock = threading.Lock()
        self._loop: asyncio.AbstractEventLoop | None = None
        self._thread: threading.Thread | None = None
        _THREADS.add(self)

    @property
    def loop(self) -> asyncio.AbstractEventLoop:
        with self._lock:
            if self._loop is None:
                self._loop = asyncio.new_event_loop()
                self._thread = threading.Thread(target=self._run, args=(self._loop,), name=self._name, daemon=True)
                self._thread.start()
            return self._loop

    def is_current(self) -> bool:
        return threading.current_thread() is self._thread

    def call_soon(self, function: Callable[..., object], *arguments: object) -> None:
        """From any thread."""
        self.loop.call_soon_threadsafe(function, *arguments)

    def run(self, coroutine: Coroutine[Any, Any, T], timeout_s: float = limits.REQUEST_TIMEOUT_S) -> T:
        """Waits for the result, from any other thread. Raises what the coroutine raises, or TimeoutError."""
        return asyncio.run_coroutine_threadsafe(coroutine, self.loop).result(timeout_s)

    def call(self, function: Callable[..., T], *arguments: object) -> T:
        """Runs a function on the loop's thread and waits for its result."""
        if self.is_current():
            return function(*arguments)

        async def run() -> T:
            return function(*arguments)

        return self.run(run())

    def _run(self, loop: asyncio.AbstractEventLoop) -> None:
        asyncio.set_event_loop(loop)
        loop.run_forever()

    def begin_child(self) -> None:
        """In a forked child: the loop is the parent's, and closing it would take the parent's sockets off its selector."""
        if self._loop is not None:
            _INHERITED.append(self._loop)
        self._lock = threading.Lock()
        self._loop = self._thread = None


_THREADS: Final[weakref.WeakSet[LoopThread]] = weakref.WeakSet()
_INHERITED: Final[list[asyncio.AbstractEventLoop]] = []


def _begin_children() -> None:
    for thread in tuple(_THREADS):
        thread.begin_child()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_begin_children)
