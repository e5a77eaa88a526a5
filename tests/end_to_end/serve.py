"""`livedash serve` as a process of its own, on a free port, with a token."""

from __future__ import annotations

import contextlib
import secrets
import sys
import urllib.error
import urllib.request
from collections.abc import Mapping, Sequence
from pathlib import Path
from types import TracebackType
from typing import Self

from tests.end_to_end.processes import Running, free_port, start

START_LIMIT_S = 30.0
ANSWER_LIMIT_S = 5.0


class ServeProcess:
    """A hub outside Jupyter. Entering starts it; `stop` and `start` restart it on the same port with the same token.

    `port` and `token` are the caller's, or made here; `arguments` are added to the command line. `program`: how Python runs it.
    """

    def __init__(
        self,
        folder: Path,
        *,
        port: int | None = None,
        token: str | None = None,
        arguments: Sequence[str] = (),
        extra: Mapping[str, str] | None = None,
        program: Sequence[str] = ("-m", "livedash"),
    ) -> None:
        self.folder, self.port, self.token = folder, port or free_port(), token or secrets.token_hex(16)
        self._arguments, self._extra, self._program = arguments, dict(extra or {}), program
        self._running: Running | None = None

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}/livedash/"

    @property
    def environment(self) -> dict[str, str]:
        """What a script needs to find this hub."""
        return {"LIVEDASH_URL": self.url, "LIVEDASH_TOKEN": self.token}

    @property
    def process(self) -> Running:
        if self._running is None:
            raise RuntimeError("the hub is not running; enter its context, or call start()")
        return self._running

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._running is not None:
            if error is not None:
                error.add_note(f"livedash serve wrote: {self._running.log()[-3000:]}")
            self.stop()

    def start(self) -> None:
        """Returns once it answers."""
        command = [sys.executable, *self._program, "serve", "--port", str(self.port), "--token", self.token]
        self.folder.mkdir(parents=True, exist_ok=True)
        self._running = start(
            [*command, *self._arguments], log_path=self.folder / "serve.log", folder=self.folder, extra=self._extra
        )
        try:
            self._running.wait_until(self._is_live, START_LIMIT_S, f"livedash serve answers on port {self.port}")
        except BaseException:
            self.stop()
            raise

    def stop(self) -> int:
        """SIGTERM: it drains and ends. The exit status."""
        running, self._running = self.process, None
        return running.end()

    def kill(self) -> None:
        """SIGKILL: it ends without a word."""
        running, self._running = self.process, None
        running.kill()

    def _is_live(self) -> bool:
        with (
            contextlib.suppress(OSError),
            urllib.request.urlopen(f"{self.url}health/live", timeout=ANSWER_LIMIT_S) as answer,
        ):
            return bool(answer.status == 200)
        return False
