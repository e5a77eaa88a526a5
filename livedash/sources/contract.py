"""What a running source promises: it started at once, it runs one time at a time, it can be stopped, its errors are seen."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Protocol

Push = Callable[[str, Any], None]


@dataclass(frozen=True, slots=True)
class SourceStatistics:
    """`state`: running, failing (it tries again), ended (its generator is exhausted) or stopped. `error`: the last one."""

    name: str
    room: str
    state: str
    runs: int
    failures: int
    error: str | None


class RunningSource(Protocol):
    def stop(self) -> None:
        """Ends it; a run that is under way ends first."""

    def statistics(self) -> SourceStatistics: ...
