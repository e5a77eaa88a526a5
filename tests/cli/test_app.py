from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from livedash.cli.app import app
from livedash.version import __version__
from tests.cli.conftest import Command
from tests.end_to_end.processes import free_port

COMMANDS = [info.name for info in app.registered_commands]


def test_version_is_printed(command: Command) -> None:
    done = command("--version")
    assert (done.status, done.out.strip()) == (0, __version__)


@pytest.mark.parametrize("name", COMMANDS)
def test_each_command_explains_itself(command: Command, name: str) -> None:
    done = command(name, "--help")
    assert done.status == 0
    assert "Usage" in done.out


@pytest.mark.parametrize("words", [["nothing"], ["tail"], ["serve", "--port", "many"], ["rooms", "--colour"]])
def test_command_that_is_used_wrongly_ends_with_2_and_says_how_it_is_meant(command: Command, words: list[str]) -> None:
    done = command(*words)
    assert done.status == 2
    assert done.err.startswith("livedash: ")
    assert done.err.count("\n") == 1
    assert "Traceback" not in done.err


@pytest.mark.parametrize(
    "words", [["rooms"], ["links"], ["status"], ["tail", "train"], ["publish", "train"], ["share", "train"]]
)
def test_command_without_a_hub_ends_with_3_and_says_how_to_get_one(command: Command, words: list[str]) -> None:
    done = command(*words)
    assert done.status == 3
    assert "livedash serve" in done.err
    done = command(*words, "--url", f"http://127.0.0.1:{free_port()}")
    assert done.status == 3
    assert "no hub answers at" in done.err


@pytest.mark.parametrize("program", [["-m", "livedash"], [str(Path(sys.executable).with_name("livedash"))]])
def test_module_and_script_are_the_same_command(program: list[str]) -> None:
    words = [sys.executable, *program] if program[0] == "-m" else program
    done = subprocess.run([*words, "rooms", "--colour"], capture_output=True, text=True, check=False)
    assert done.returncode == 2
    assert "colour" in done.stderr
