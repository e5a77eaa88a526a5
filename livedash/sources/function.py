"""`@ld.source`: a function of the user's as a source."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from livedash.errors import SettingRefusedError
from livedash.sharing.duration import duration_s
from livedash.sources.contract import Push, SourceStatistics
from livedash.sources.running import Source


class FunctionSource:
    """What the decorator leaves under the function's name: the running source, which can still be called."""

    def __init__(self, function: Callable[[], Any], running: Source) -> None:
        self._function = function
        self._running = running
        self.__doc__ = function.__doc__

    def __call__(self) -> Any:
        """The function itself, once, here."""
        return self._function()

    def __repr__(self) -> str:
        statistics = self._running.statistics()
        return f"<livedash source {statistics.name} -> {statistics.room}: {statistics.state}, {statistics.runs} runs>"

    @property
    def room(self) -> str:
        return self._running.room

    @property
    def status(self) -> SourceStatistics:
        return self._running.statistics()

    def stop(self) -> None:
        self._running.stop()

    def wait(self, timeout_s: float | None = None) -> bool:
        """Waits until it has ended; False after the timeout."""
        return self._running.wait(timeout_s)

    def statistics(self) -> SourceStatistics:
        return self._running.statistics()


def source_decorator(push: Push, room: str, every: str | float | None) -> Callable[[Callable[[], Any]], FunctionSource]:
    """`every` None: a generator gives as fast as it likes. Raises SettingRefusedError."""
    every_s = 0.0 if every is None else duration_s(every)

    def decorate(function: Callable[[], Any]) -> FunctionSource:
        if not callable(function):
            raise SettingRefusedError("@ld.source decorates a function: @ld.source('cpu', every='2s') above a def")
        is_plain = not _gives_by_itself(function)
        if is_plain and every_s == 0:
            raise SettingRefusedError("a function that is no generator needs a period: @ld.source('cpu', every='2s')")
        name = f"{getattr(function, '__module__', '')}.{getattr(function, '__qualname__', repr(function))}"
        return start(push, function, room, every_s, name)

    return decorate


def start(push: Push, function: Callable[[], Any], room: str, every_s: float, name: str) -> FunctionSource:
    running = Source(push, function, room, every_s, name)
    running.start()
    return FunctionSource(function, running)


def _gives_by_itself(function: Callable[[], Any]) -> bool:
    import inspect

    return inspect.isgeneratorfunction(function) or inspect.isasyncgenfunction(function)
