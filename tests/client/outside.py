"""Scripts as users run them, each a process of its own that finds its hub by the environment, and what the hub has of them."""

from __future__ import annotations

import itertools
import subprocess
import sys
import textwrap
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.end_to_end.hosts import Host
from tests.end_to_end.processes import Running, start
from tests.end_to_end.serve import ServeProcess

SCRIPT_LIMIT_S = 60.0
QUIET_FORKS = {"PYTHONWARNINGS": "ignore:This process:DeprecationWarning"}  # from 3.12 on, where there are threads


@dataclass(frozen=True, slots=True)
class Ended:
    """`said`: what the script wrote, on stdout and stderr. livedash itself says nothing unless records were lost."""

    status: int
    said: str


class Outside:
    def __init__(self, serve: ServeProcess, folder: Path) -> None:
        self._serve = serve
        self._folder = folder
        self._count = itertools.count(1)
        self.host = Host(serve.url, serve.token)

    def run(self, source: str, *, extra: Mapping[str, str] | None = None) -> Ended:
        """Runs a script to its end."""
        script = self.start(source, extra=extra)
        try:
            status = script.process.wait(SCRIPT_LIMIT_S)
        except subprocess.TimeoutExpired as error:
            script.end()
            error.add_note(script.log())
            raise
        return Ended(status, script.log())

    def start(self, source: str, *, extra: Mapping[str, str] | None = None) -> Running:
        number = next(self._count)
        path = self._folder / f"script{number}.py"
        path.write_text(textwrap.dedent(source))
        environment = {**self._serve.environment, **QUIET_FORKS, **(extra or {})}
        return start(
            [sys.executable, path.name],
            log_path=self._folder / f"script{number}.log",
            folder=self._folder,
            extra=environment,
        )

    def records(self, room: str) -> list[dict[str, Any]]:
        """All that the room has; none where there is no room."""
        status, records = self.host.ask("GET", f"rooms/{room}/records?limit=1000000")
        assert status in (200, 404), records
        return list(records) if status == 200 else []

    def values(self, room: str, field: str = "n") -> list[Any]:
        return [record[field] for record in self.records(room)]
