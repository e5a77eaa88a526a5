"""Scripts that count into a room at a steady rate and that read it, and a page's reader: each keeps all that it was given."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from playwright.sync_api import Page

from tests.end_to_end.processes import Running, start, wait_until

RATE_HZ = 50
ROOM = "count"
LIMIT_S = 30.0

# the wall clock of a script is an hour behind from when the file `back` is there
SET_BACK = """import pathlib, sys, time
S, NS = time.time, time.time_ns
back = pathlib.Path('back')
time.time = lambda: S() - 3600 * back.exists()
time.time_ns = lambda: NS() - 3600 * 10**9 * back.exists()
import livedash as ld
"""
PUBLISH = """
rate, stop, n = float(sys.argv[1]), pathlib.Path('stop'), 0
start = time.monotonic()
while not stop.exists():
    n += 1
    ld.push('count', n=n)
    time.sleep(max(0, start + n / rate - time.monotonic()))
print(n, flush=True)
"""


READ = """
for record in ld.connect(sys.argv[1], rooms='count', since='earliest', on_gap=print):
    print(record['n'], flush=True)
"""


class Counter:
    """Pushes n = 1, 2, 3, … into the room `count` while it is entered; `environment` says where the hub is."""

    def __init__(self, folder: Path, environment: Mapping[str, str], rate_hz: float = RATE_HZ) -> None:
        self._folder, self._environment, self._rate_hz = folder, environment, rate_hz
        self._running: Running | None = None

    def __enter__(self) -> Self:
        self._folder.mkdir(parents=True, exist_ok=True)
        (self._folder / "count.py").write_text(SET_BACK + PUBLISH)
        command = [sys.executable, "count.py", str(self._rate_hz)]
        log_path = self._folder / "count.log"
        self._running = start(command, log_path=log_path, folder=self._folder, extra=self._environment)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if error is not None:
            error.add_note(f"the counter wrote: {self.process.log()[-2000:]}")
        self.process.end()

    @property
    def process(self) -> Running:
        assert self._running is not None
        return self._running

    def set_clock_back(self) -> None:
        """Its wall clock, by an hour."""
        (self._folder / "back").touch()

    def stop(self) -> int:
        """How far it counted; all of it has reached the hub."""
        (self._folder / "stop").touch()
        assert self.process.process.wait(LIMIT_S) == 0, self.process.log()
        return int(self.process.log().split()[-1])


class ScriptReader:
    """Reads the room `count` from its beginning by `ld.connect`, in a process of its own, while it is entered."""

    def __init__(self, folder: Path, url: str, token: str) -> None:
        self._folder, self._url, self._token = folder, url, token
        self._running: Running | None = None

    def __enter__(self) -> Self:
        self._folder.mkdir(parents=True, exist_ok=True)
        (self._folder / "read.py").write_text(SET_BACK + READ)
        self._running = start(
            [sys.executable, "read.py", self._url],
            log_path=self._folder / "read.log",
            folder=self._folder,
            extra={"LIVEDASH_TOKEN": self._token},
        )
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if error is not None:
            error.add_note(f"the reader wrote: {self.process.log()[-500:]}")
        self.process.end()

    @property
    def process(self) -> Running:
        assert self._running is not None
        return self._running

    @property
    def lines(self) -> list[str]:
        """The numbers, and gaps if there were any."""
        return self.process.log().splitlines()

    def set_clock_back(self) -> None:
        """Its wall clock, by an hour."""
        (self._folder / "back").touch()

    def wait_until_it_moves(self, limit_s: float) -> None:
        """Until it was given a record more than it has now."""
        before = len(self.lines)
        wait_until(lambda: len(self.lines) > before, limit_s, f"the reader has more than {before} records")

    def check(self, count: int) -> None:
        """It was given each number up to `count` once and in order, and was told of no gap."""
        wait_until(lambda: len(self.lines) >= count, LIMIT_S, f"the reader has {count} records")
        assert self.lines == [str(number) for number in range(1, count + 1)]


KEEP = """async (room) => {
  const servers = () => globalThis[Symbol.for("livedash")]?.servers;
  while (!servers()?.size) await new Promise((resolve) => setTimeout(resolve, 20));
  const kept = (globalThis.kept = { numbers: [], gaps: [], states: [], at: performance.now() });
  const numbers = (batch) => [...(batch.columns.get("n")?.values ?? [])];
  [...servers().values()][0].client.subscribe({ room, window: 1000000 }, {
    snapshot: (batch) => { kept.numbers = numbers(batch); kept.at = performance.now(); },
    append: (batch) => { kept.numbers.push(...numbers(batch)); kept.at = performance.now(); },
    gap: (gap) => kept.gaps.push(gap),
    status: (status) => kept.states.push(status),
    skipped: (count) => kept.gaps.push({ skipped: count }),
  });
}"""


class PageReader:
    """One reader more on the client that a page's panels share: it keeps all numbers of the room `count`."""

    def __init__(self, page: Page) -> None:
        """On a page that shows a panel already, or soon does."""
        self.page = page
        page.evaluate(KEEP, ROOM)

    @property
    def last(self) -> int:
        return int(self.page.evaluate("() => kept.numbers.at(-1) ?? 0"))

    @property
    def states(self) -> list[dict[str, Any]]:
        return list(self.page.evaluate("() => kept.states"))

    def wait_for(self, number: int, limit_s: float = LIMIT_S) -> None:
        """Until it was given this number."""
        wait_until(lambda: self.last >= number, limit_s, f"the page has record {number} (it has {self.last})")

    def wait_until_it_moves(self, limit_s: float) -> None:
        """Until it was given a number more than it has now."""
        self.wait_for(self.last + 1, limit_s)

    def check(self, count: int) -> None:
        """It was given each number up to `count` once and in order, and was told of no gap."""
        self.wait_for(count)
        numbers = self.page.evaluate("() => kept.numbers")
        wrong = [(at + 1, number) for at, number in enumerate(numbers) if number != at + 1]
        assert (wrong[:3], len(numbers), self.page.evaluate("() => kept.gaps")) == ([], count, [])
