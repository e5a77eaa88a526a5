"""What a running source promises: it started at once, it runs one time at a time, it can be stopped, its errors are
seen.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Protocol

from livedash.client.contract import SourceState

Push = Callable[[str, Any], None]
TellFailing = Callable[[str, str, str | None], None]  # (room, source's name, error; None: it fails no more)


class RunningSource(Protocol):
    """Runs on a thread of its own, so that a busy cell does not hold it up for long."""

    def stop(self) -> None:
        """Ends it: what a run gives after this is not pushed. An async run is cancelled, a generator closed."""

    def wait(self, timeout_s: float | None = None) -> bool:
        """Waits until it has ended; False after the timeout."""

    def state(self) -> SourceState:
        """Of now; `error` keeps the last error, also after a success."""
