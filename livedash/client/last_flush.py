"""How a process's last records get to its hub, whichever way it ends, and what is told of those that do not.

Scripts and kernels end by `atexit`, where the package calls `run`. A child of `multiprocessing` skips that, unless it was
spawned, and runs finalizers.
What is pushed after the last flush, by an exit handler or by a thread that nobody waits for, is flushed by its own push.
Nothing can be done at `os._exit` or a signal that kills: what was acknowledged is at the hub, the rest is lost.
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from typing import Final

from livedash import limits
from livedash.client.publisher import Publisher
from livedash.clock import monotonic_s

_AFTER_ALL_OTHERS: Final = -1000  # priority of a finalizer: those of the user's may push


class LastFlush:
    """Of one publisher. `is_kernel`: then it has 2 s. `is_hub_inside`: the hub ends with this process."""

    def __init__(
        self, publisher: Publisher, *, is_kernel: Callable[[], bool], is_hub_inside: Callable[[], bool]
    ) -> None:
        self._publisher = publisher
        self._is_kernel = is_kernel
        self._is_hub_inside = is_hub_inside
        self._is_child = False
        self._in_kernel = False
        self._end_s: float | None = None  # of all that is waited for at exit
        self._is_told = False
        self._then: list[Callable[[], None]] = []

    def then(self, call: Callable[[], None]) -> None:
        """Is called once, when what was pushed has been delivered: for a hub inside this process."""
        self._then.append(call)

    def begin_process(self) -> None:
        """The first record of a process: what ends a child of `multiprocessing` must know of us."""
        process = sys.modules.get("multiprocessing.process")
        if process is not None and process.parent_process() is not None:
            sys.modules["multiprocessing.util"].Finalize(None, self.run, exitpriority=_AFTER_ALL_OTHERS)

    def begin_child(self) -> None:
        """In a forked child, which is no kernel even if its parent is one."""
        self._is_child = True
        self._then.clear()
        self._end_s = None
        self._is_told = False

    def run(self) -> None:
        """In a kernel 2 s at most; in a script until all is acknowledged, 30 s at most. Loss is told, never silent."""
        if self._end_s is None:
            self._in_kernel = not self._is_child and self._is_kernel()
            limit_s = limits.FLUSH_AT_EXIT_KERNEL_S if self._in_kernel else limits.FLUSH_AT_EXIT_SCRIPT_S
            self._end_s = monotonic_s() + limit_s
        try:
            left = self._publisher.end(max(0.0, self._end_s - monotonic_s()))
        except KeyboardInterrupt:  # nobody wants to wait
            self._end_s = monotonic_s()
            left = self._publisher.end(0.0)
        if left:
            reason = self._publisher.statistics().reason or "the hub did not acknowledge them in time"
            self._tell(f"{left} records were not delivered: {reason}")
        elif not self._in_kernel and self._is_hub_inside():
            self._tell_that_the_hub_ends()
        while self._then:
            self._then.pop()()

    def _tell_that_the_hub_ends(self) -> None:
        pushed = sum(room.pushed for room in self._publisher.statistics().rooms)
        if pushed:
            self._tell(
                f"no hub was named, so {pushed} records end with this process; "
                "run `livedash serve` and set LIVEDASH_URL to keep and show them"
            )

    def _tell(self, text: str) -> None:
        out = sys.__stderr__ if self._in_kernel else sys.stderr  # what a kernel prints now no page shows any more
        if not self._is_told and out is not None:
            self._is_told = True
            out.write(f"livedash: {text}\n")
