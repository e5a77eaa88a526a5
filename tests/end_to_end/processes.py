"""Processes that a test starts: a free port, waiting until one answers, and its end with all its children."""

from __future__ import annotations

import contextlib
import os
import signal
import socket
import subprocess
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import psutil

POLL_S = 0.05
END_LIMIT_S = 15.0
LOG_CHARACTERS = 3000


def free_port() -> int:
    """A TCP port of 127.0.0.1 that nobody listens on now."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        port: int = listener.getsockname()[1]
        return port


def wait_until(condition: Callable[[], bool], limit_s: float, what: str) -> None:
    """Returns once `condition()` is true; TimeoutError says that `what` did not happen."""
    deadline = time.monotonic() + limit_s
    while not condition():
        if time.monotonic() > deadline:
            raise TimeoutError(f"{what}: not within {limit_s} s")
        time.sleep(POLL_S)


@dataclass(frozen=True, slots=True)
class Running:
    """A started process and the file that its output goes to."""

    process: subprocess.Popen[bytes]
    log_path: Path

    @property
    def pid(self) -> int:
        return self.process.pid

    def log(self) -> str:
        return self.log_path.read_text(errors="replace")

    def wait_until(self, condition: Callable[[], bool], limit_s: float, what: str) -> None:
        """As `wait_until`, but gives up at once, with the log's end, when the process has ended."""

        def ended_or_true() -> bool:
            return self.process.poll() is not None or condition()

        try:
            wait_until(ended_or_true, limit_s, what)
        except TimeoutError as error:
            error.add_note(self.log()[-LOG_CHARACTERS:])
            raise
        if self.process.poll() is not None:
            raise RuntimeError(
                f"{what}: the process ended with {self.process.returncode}: {self.log()[-LOG_CHARACTERS:]}"
            )

    def pause(self) -> None:
        """SIGSTOP: it keeps its connections and answers nothing until `resume`. Returns once all its threads stand."""
        self.process.send_signal(signal.SIGSTOP)
        os.waitid(os.P_PID, self.pid, os.WSTOPPED | os.WEXITED | os.WNOWAIT)

    def resume(self) -> None:
        self.process.send_signal(signal.SIGCONT)

    def kill(self) -> None:
        """SIGKILL, without any goodbye."""
        self.process.kill()
        self.process.wait(END_LIMIT_S)

    def end(self) -> int:
        """SIGTERM, and SIGKILL for what of its family is left after a while; the exit status."""
        family = _family(self.process.pid)
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGCONT)
            self.process.terminate()
        with contextlib.suppress(subprocess.TimeoutExpired):
            self.process.wait(END_LIMIT_S)
        for left in family:
            with contextlib.suppress(psutil.NoSuchProcess):
                left.kill()
        return self.process.wait(END_LIMIT_S)


def start(
    command: Sequence[str | os.PathLike[str]], *, log_path: Path, folder: Path, extra: Mapping[str, str] | None = None
) -> Running:
    """Starts `command` in `folder`, with `extra` in its environment and no livedash variable of the caller's."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith("LIVEDASH_")}
    with log_path.open("ab") as output:
        process = subprocess.Popen(
            command, cwd=folder, env={**kept, **(extra or {})}, stdin=subprocess.DEVNULL, stdout=output, stderr=output
        )
    return Running(process, log_path)


@contextlib.contextmanager
def running(
    command: Sequence[str | os.PathLike[str]], *, log_path: Path, folder: Path, extra: Mapping[str, str] | None = None
) -> Iterator[Running]:
    """`start`, and `end` on leaving; an error in the block carries the log's end as a note."""
    started = start(command, log_path=log_path, folder=folder, extra=extra)
    try:
        yield started
    except Exception as error:
        error.add_note(f"{log_path.name} ends: {started.log()[-LOG_CHARACTERS:]}")
        raise
    finally:
        started.end()


def _family(pid: int) -> list[psutil.Process]:
    try:
        root = psutil.Process(pid)
        return [root, *root.children(recursive=True)]
    except psutil.NoSuchProcess:
        return []
