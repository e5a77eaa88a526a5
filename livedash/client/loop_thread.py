"""The one background thread of livedash in a process, with its event loop: it sends, reads and runs an embedded hub."""

from __future__ import annotations

import asyncio
import os
import threading
import weakref
from collections.abc import Callable, Coroutine
from concurrent.futures import Future
from typing import Any, Final, TypeVar

from livedash import limits

T = TypeVar("T")


class LoopThread:
    """Starts when it is first used, and again in a forked child, where no thread survives. A daemon: it never holds an
    exit.

    Once the interpreter ends no thread can begin any more (from Python 3.12 on): whoever waits then runs the loop himself.
    """

    def __init__(self, name: str = "livedash") -> None:
        self._name = name
        self._lock = threading.Lock()
        self._loop: asyncio.AbstractEventLoop | None = None
        self._thread: threading.Thread | None = None
        self._turn = threading.Lock()  # of those who run the loop themselves
        _THREADS.add(self)

    @property
    def loop(self) -> asyncio.AbstractEventLoop:
        with self._lock:
            if self._loop is None:
                loop = asyncio.new_event_loop()
                thread = threading.Thread(target=self._run, args=(loop,), name=self._name, daemon=True)
                try:
                    thread.start()
                except RuntimeError:
                    if not is_interpreter_ending():
                        loop.close()
                        raise
                else:
                    self._thread = thread
                self._loop = loop
            return self._loop

    def is_current(self) -> bool:
        return threading.current_thread() is self._thread

    def wait_for(self, done: Future[T], timeout_s: float) -> T:
        """The result of what was given to the loop. Raises TimeoutError."""
        loop = self.loop
        if self._thread is not None:
            return done.result(timeout_s)
        with self._turn:
            return loop.run_until_complete(asyncio.wait_for(asyncio.wrap_future(done, loop=loop), timeout_s))

    def call_soon(self, function: Callable[..., object], *arguments: object) -> None:
        """From any thread."""
        self.loop.call_soon_threadsafe(function, *arguments)

    def run(self, coroutine: Coroutine[Any, Any, T], timeout_s: float = limits.REQUEST_TIMEOUT_S) -> T:
        """Waits for the result, from any other thread. Raises what the coroutine raises, or TimeoutError."""
        try:
            loop = self.loop
        except RuntimeError:
            coroutine.close()  # nobody will await it
            raise
        return self.wait_for(asyncio.run_coroutine_threadsafe(coroutine, loop), timeout_s)

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
        self._turn = threading.Lock()
        self._loop = self._thread = None


def is_interpreter_ending() -> bool:
    """True from when the main thread has ended: exit handlers run then, and threads that nobody waits for."""
    return not threading.main_thread().is_alive()


_THREADS: Final[weakref.WeakSet[LoopThread]] = weakref.WeakSet()
_INHERITED: Final[list[asyncio.AbstractEventLoop]] = []


def _begin_children() -> None:
    for thread in tuple(_THREADS):
        thread.begin_child()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_begin_children)
