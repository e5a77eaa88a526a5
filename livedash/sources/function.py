"""`@ld.source`: a function of the user's as a source."""

from __future__ import annotations

import functools
import inspect
from collections.abc import Callable
from typing import Any

from livedash.client.contract import SourceState
from livedash.errors import SettingRefusedError
from livedash.sharing.duration import duration_s
from livedash.sources.contract import Push, TellFailing
from livedash.sources.running import Source
from livedash.sources.turns import Function


class FunctionSource:
    """What the decorator leaves under the function's name: the running source, which can still be called."""

    def __init__(self, function: Function, running: Source) -> None:
        functools.update_wrapper(self, function)
        self._function = function
        self._running = running

    def __call__(self) -> Any:
        """The function itself, once, here."""
        return self._function()

    def __repr__(self) -> str:
        state = self.state
        text = f"livedash source {state.name} -> {state.room}: {state.state}, {state.runs:,} runs"
        return f"<{text}>" if state.error is None else f"<{text}, {state.failures:,} failed; last error: {state.error}>"

    @property
    def room(self) -> str:
        return self._running.room

    @property
    def state(self) -> SourceState:
        return self._running.state()

    def stop(self) -> None:
        """Ends it: what a run gives after this is not pushed. An async run is cancelled, a generator closed."""
        self._running.stop()

    def wait(self, timeout_s: float | None = None) -> bool:
        """Waits until it has ended; False after the timeout."""
        return self._running.wait(timeout_s)


def source_decorator(
    push: Push, tell_failing: TellFailing, room: str, every: str | float | None
) -> Callable[[Function], FunctionSource]:
    """`every` None: a generator gives as fast as it likes. Raises SettingRefusedError."""
    every_s = 0.0 if every is None else duration_s(every)

    def decorate(function: Function) -> FunctionSource:
        _check(function, every_s)
        return start(push, tell_failing, function, room, every_s, name_of(function))

    return decorate


def start(
    push: Push, tell_failing: TellFailing, function: Function, room: str, every_s: float, name: str
) -> FunctionSource:
    running = Source(push, tell_failing, function, room, every_s, name)
    running.start()
    return FunctionSource(function, running)


def name_of(function: Function) -> str:
    """The function's qualified name: who defines it again means the same source."""
    name = getattr(function, "__qualname__", type(function).__qualname__)
    module = getattr(function, "__module__", None)
    return name if module in (None, "__main__") else f"{module}.{name}"


def _check(function: Function, every_s: float) -> None:
    if not callable(function):
        raise SettingRefusedError("@ld.source decorates a function: @ld.source('cpu', every='2s') above a def")
    if every_s == 0 and not (inspect.isgeneratorfunction(function) or inspect.isasyncgenfunction(function)):
        raise SettingRefusedError("a function that is no generator needs a period: @ld.source('cpu', every='2s')")
    try:
        inspect.signature(function).bind()
    except TypeError as error:
        raise SettingRefusedError(
            f"a source is called without arguments, and {name_of(function)} can't be: {error}; give them defaults"
        ) from error
    except ValueError:  # a builtin tells no signature
        return
