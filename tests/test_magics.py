from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from IPython.core.interactiveshell import InteractiveShell

import livedash as ld
from livedash.client.link import Link
from livedash.magics import COMMANDS, line_parser
from livedash.panels.panel import Panel
from livedash.sources.running import running_sources, stop_all
from tests.end_to_end.processes import wait_until

LIMIT_S = 10.0


@pytest.fixture(scope="module")
def shell(tmp_path_factory: pytest.TempPathFactory) -> Iterator[InteractiveShell]:
    """A shell of its own, with the extension loaded."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("IPYTHONDIR", str(tmp_path_factory.mktemp("ipython")))
        made: Any = InteractiveShell.instance()
        made.history_manager.enabled = False
        made.run_line_magic("load_ext", "livedash")
        yield made
        made.run_line_magic("unload_ext", "livedash")
        made.history_manager.end_session()
        InteractiveShell.clear_instance()


@pytest.fixture(autouse=True)
def _ended() -> Iterator[None]:
    yield
    stop_all()


def run(shell: Any, cell: str) -> Any:
    outcome = shell.run_cell(cell)
    assert outcome.success
    return outcome.result


def tab(shell: Any, line: str) -> list[str]:
    from IPython.core.completer import provisionalcompleter

    with provisionalcompleter():
        return [completion.text for completion in shell.Completer.completions(line, len(line))]


def test_show_gives_a_panel(shell: Any) -> None:
    panel = run(shell, "%livedash show train 'lab3.*' --title both --window 50")
    assert isinstance(panel, Panel)
    assert (panel.rooms, panel.spec.title, panel.spec.rows[0][0].window) == (("train", "lab3.*"), "both", 50)


def test_rooms_and_status_are_the_api_s(shell: Any) -> None:
    ld.push("magic.room", x=1)
    assert "magic.room" in repr(run(shell, "%livedash rooms"))
    assert "magic.room: 1 pushed" in repr(run(shell, "%livedash status"))


def test_room_is_served_shared_listed_and_revoked(shell: Any) -> None:
    handle = run(shell, "%livedash serve")
    try:
        link = run(shell, "%livedash share magic.room --for 30m --label 'for Ada'")
        assert isinstance(link, Link)
        assert link.label == "for Ada"
        assert [listed.id for listed in run(shell, "%livedash links")] == [link.id]
        assert list(run(shell, f"%livedash revoke {link.id}")) == []
    finally:
        handle.stop()


@pytest.mark.parametrize("cell", ["%livedash", "%livedash --help", "%livedash share --help", "%%livedash --help\n1"])
def test_help_is_printed(shell: Any, cell: str, capsys: pytest.CaptureFixture[str]) -> None:
    run(shell, cell)
    assert capsys.readouterr().out.startswith(f"usage: {cell.split(maxsplit=1)[0]}")


@pytest.mark.parametrize(
    ("cell", "words"),
    [
        ("%livedash shwo train", "invalid choice: 'shwo'"),
        ("%livedash show", "the following arguments are required: rooms"),
        ("%livedash show 'no spaces'", "can't be a room's name"),
        ("%livedash show train --window many", "invalid int value"),
        ("%livedash show 'unclosed", "No closing quotation"),
        ("%livedash share train", "ld.serve()"),
        ("%livedash revoke nothing", "no link 'nothing'"),
        ("%%livedash cpu --every soon\n1", "'soon' is no duration"),
        ("%%livedash cpu\nx = 1", "no expression"),
        ("%%livedash\n1", "required: room"),
    ],
)
def test_mistake_is_told_in_words_without_a_traceback(
    shell: Any, cell: str, words: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert not shell.run_cell(cell).success
    told = "".join(capsys.readouterr())
    assert words in told
    assert told.startswith("UsageError: livedash: ")
    assert "Traceback" not in told


def test_cell_runs_in_the_background_and_its_last_expression_is_pushed(shell: Any) -> None:
    source = run(shell, "%%livedash magic.cell --every 0.01s\nn = globals().get('n', 0) + 1\n{'n': n}")
    room = ld.room("magic.cell")
    wait_until(lambda: (room.latest() or {}).get("n", 0) >= 3, LIMIT_S, "three records")
    assert source.room == "magic.cell"
    assert shell.user_ns["n"] >= 3


def test_cell_that_runs_again_takes_the_place_of_the_former(shell: Any) -> None:
    former = run(shell, "%%livedash magic.again --every 1h\n{'n': 1}")
    source = run(shell, "%%livedash magic.again --every 1h\n{'n': 2}")
    assert former.state.state == "stopped"
    assert [running.room for running in running_sources()] == ["magic.again"]
    assert source.state.state == "running"


def test_error_in_the_cell_is_told_by_its_source(shell: Any) -> None:
    source = run(shell, "%%livedash magic.bad --every 1h\n{'n': 1 / 0}")
    wait_until(lambda: source.state.failures > 0, LIMIT_S, "a failure")
    assert source.state.error == "ZeroDivisionError: division by zero"


def test_tab_offers_commands_options_and_rooms_and_nothing_of_python(shell: Any) -> None:
    ld.push("magic.room", x=1)
    assert ld.flush(LIMIT_S) == 0
    assert tab(shell, "%livedash ") == [*COMMANDS, "--help"]
    assert tab(shell, "%livedash sh") == ["show", "share"]
    assert "magic.room" in tab(shell, "%livedash show ")
    assert tab(shell, "%livedash show magic.ro") == ["magic.room"]
    assert tab(shell, "%livedash share magic.room --") == ["--for", "--label", "--help"]
    assert tab(shell, "%livedash rooms ") == ["--help"]
    assert tab(shell, "%%livedash magic.ro") == ["magic.room"]
    assert tab(shell, "%%livedash magic.room --e") == ["--every"]


def test_tab_leaves_other_lines_alone(shell: Any) -> None:
    shell.user_ns["livedash_number"] = 1
    assert "livedash_number" in tab(shell, "livedash_nu")
    assert "%livedash" in tab(shell, "%live")


def test_offered_commands_and_options_are_those_that_the_magic_knows() -> None:
    parser = line_parser()
    for command, options in COMMANDS.items():
        words = [word for option in options for word in (option, "1")]
        needed = ["x"] if command in ("show", "share", "revoke") else []
        assert parser.parse_args([command, *needed, *words]).command == command


def test_unloaded_extension_leaves_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("IPYTHONDIR", str(tmp_path))
    shell: Any = InteractiveShell()
    shell.history_manager.enabled = False
    ld.load_ipython_extension(shell)
    ld.unload_ipython_extension(shell)
    assert not shell.run_cell("%livedash status").success
    assert shell.Completer.custom_matchers == []
    shell.history_manager.end_session()
