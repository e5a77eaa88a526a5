"""Fixtures of the command line's tests."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from livedash.cli.app import run
from tests.end_to_end.serve import ServeProcess


@dataclass(frozen=True, slots=True)
class Done:
    """How a command ended, and what it printed."""

    status: int
    out: str
    err: str


Command = Callable[..., Done]


@pytest.fixture
def command(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Command:
    """Runs `livedash` with these words here, without a hub of the caller's."""
    for name in ("LIVEDASH_URL", "LIVEDASH_TOKEN"):
        monkeypatch.delenv(name, raising=False)

    def run_command(*words: str) -> Done:
        capsys.readouterr()
        status = run(list(words))
        return Done(status, *capsys.readouterr())

    return run_command


@pytest.fixture(scope="module")
def serve(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ServeProcess]:
    """A running `livedash serve`, for all tests of a file."""
    with ServeProcess(tmp_path_factory.mktemp("serve")) as process:
        yield process


@pytest.fixture
def hub(serve: ServeProcess, command: Command, monkeypatch: pytest.MonkeyPatch) -> Command:
    """As `command`, with that hub in the environment."""
    for name, value in serve.environment.items():
        monkeypatch.setenv(name, value)
    return command


@pytest.fixture
def stdin(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[Callable[[str], None]]:
    """Sets what the command reads."""
    opened = []

    def give(text: str) -> None:
        path = tmp_path / f"stdin{len(opened)}"
        path.write_text(text)
        opened.append(path.open())
        monkeypatch.setattr("sys.stdin", opened[-1])

    yield give
    for file in opened:
        file.close()
