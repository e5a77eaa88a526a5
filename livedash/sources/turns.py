"""What a source's function gives, turn by turn, whatever kind of function it is: plain, async, generator or async
generator.
"""

from __future__ import annotations

import asyncio
import contextlib
import inspect
from collections.abc import AsyncGenerator, Awaitable, Callable, Coroutine, Generator
from typing import Any

Function = Callable[[], Any]
_Generator = Generator[Any, None, None] | AsyncGenerator[Any, None]


class ExhaustedError(Exception):
    """There is no further turn."""


class Turns:
    """One thread takes turns and closes; any thread may interrupt.

    A generator is started once and gives a record a turn. Async functions run in an event loop of their own, so that
    one that blocks holds up no other source.
    """

    def __init__(self, function: Function) -> None:
        self._function = function
        self._generator: _Generator | None = None
        self._loop: asyncio.AbstractEventLoop | None = None
        self._task: asyncio.Task[Any] | None = None
        self._is_interrupted = False

    def take(self) -> Any:
        """Raises ExhaustedError, or whatever the function raises; then the next turn starts the function anew."""
        try:
            return self._take()
        except BaseException:
            self._generator = None
            raise

    def interrupt(self) -> None:
        """Cancels what an async function waits for; `take` then raises ExhaustedError."""
        self._is_interrupted = True
        if self._loop is not None:
            with contextlib.suppress(RuntimeError):  # closed already
                self._loop.call_soon_threadsafe(self._cancel)

    def close(self) -> None:
        """Closes a generator, so that its `finally` runs now. Raises what that raises."""
        generator, self._generator = self._generator, None
        try:
            if isinstance(generator, Generator):
                generator.close()
            elif generator is not None and self._loop is not None:
                self._loop.run_until_complete(generator.aclose())
        finally:
            if self._loop is not None:
                self._loop.run_until_complete(self._loop.shutdown_asyncgens())
                self._loop.close()

    def _take(self) -> Any:
        if self._generator is None:
            made = self._function()
            if inspect.isawaitable(made):
                return self._wait_for(made)
            if not isinstance(made, Generator | AsyncGenerator):
                return made
            self._generator = made
        try:
            if isinstance(self._generator, Generator):
                return next(self._generator)
            return self._wait_for(anext(self._generator))
        except (StopIteration, StopAsyncIteration):
            raise ExhaustedError from None

    def _wait_for(self, awaitable: Awaitable[Any]) -> Any:
        loop = self._loop = self._loop or asyncio.new_event_loop()
        self._task = loop.create_task(_awaited(awaitable))
        if self._is_interrupted:  # before there was a loop to be told on
            self._task.cancel()
        try:
            return loop.run_until_complete(self._task)
        except asyncio.CancelledError:
            if isinstance(awaitable, Coroutine):
                awaitable.close()  # where it was cancelled before its first step
            if self._is_interrupted:
                raise ExhaustedError from None
            raise

    def _cancel(self) -> None:
        if self._task is not None:
            self._task.cancel()


async def _awaited(awaitable: Awaitable[Any]) -> Any:
    return await awaitable
