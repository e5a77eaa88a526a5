"""A real IPython kernel without a server, as its front ends drive it."""

from __future__ import annotations

import os
import textwrap
from collections.abc import Mapping
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from jupyter_client.blocking.client import BlockingKernelClient
from jupyter_client.manager import KernelManager

READY_LIMIT_S = 60.0
CELL_LIMIT_S = 60.0
SHUTDOWN_LIMIT_S = 20.0  # after which it would be killed


class Kernel:
    """Entering starts it, leaving ends it. `environment` is added to this process's own."""

    def __init__(self, folder: Path, environment: Mapping[str, str]) -> None:
        self._log_path = folder / "kernel.log"
        self._environment = {**os.environ, **environment}
        self._manager = KernelManager(shutdown_wait_time=SHUTDOWN_LIMIT_S)

    def __enter__(self) -> Self:
        self._output = self._log_path.open("ab")  # a restart opens no other one
        self._manager.start_kernel(env=self._environment, stdout=self._output, stderr=self._output)
        self._client = self._connected()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._client.stop_channels()
        self._manager.shutdown_kernel(now=True)
        self._output.close()

    def run(self, code: str) -> str:
        """What a cell prints. Raises AssertionError with the traceback where it fails."""
        reply, told = self._execute(code)
        assert reply["status"] == "ok", "\n".join(reply.get("traceback", [reply["status"]]))
        return told

    def run_failing(self, code: str) -> str:
        """The name of the error that a cell ends with."""
        reply, _ = self._execute(code)
        assert reply["status"] == "error"
        return str(reply["ename"])

    def begin(self, code: str) -> None:
        """Runs a cell without waiting for its end."""
        self._client.execute(textwrap.dedent(code), stop_on_error=False)  # it may be interrupted

    def interrupt(self) -> None:
        self._manager.interrupt_kernel()

    def restart(self, *, now: bool = False) -> None:
        """`now`: it is killed, else asked to end, and waited for."""
        self._client.stop_channels()
        self._manager.restart_kernel(now=now)
        self._client = self._connected()

    def end(self) -> None:
        """Asks it to end, and waits for that."""
        self._manager.shutdown_kernel()

    def log(self) -> str:
        return self._log_path.read_text()

    def _connected(self) -> BlockingKernelClient:
        client = self._manager.client()
        client.start_channels()
        client.wait_for_ready(READY_LIMIT_S)
        return client

    def _execute(self, code: str) -> tuple[dict[str, Any], str]:
        told: list[str] = []

        def hear(message: dict[str, Any]) -> None:
            if message["msg_type"] == "stream":
                told.append(message["content"]["text"])

        reply = self._client.execute_interactive(textwrap.dedent(code), timeout=CELL_LIMIT_S, output_hook=hear)
        return reply["content"], "".join(told)
