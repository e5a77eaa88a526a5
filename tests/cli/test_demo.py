from __future__ import annotations

import re
import signal
import sys
from importlib import util
from pathlib import Path

import psutil
import pytest

from livedash.cli import demo
from livedash.cli.demo_run import demo_dashboard
from livedash.cli.demo_sources import training_steps
from tests.cli.conftest import Command
from tests.end_to_end.hosts import Host
from tests.end_to_end.processes import Running, running, wait_until

LIMIT_S = 40.0
DEMO = [sys.executable, "-m", "livedash", "demo", "--no-browser"]
ROOMS = {"system", "training", "training.confusion", "stocks"}


def host_of(process: Running) -> Host:
    process.wait_until(lambda: "the demo is at" in process.log(), LIMIT_S, "it says where it is")
    told = re.search(r"the demo is at (\S+)view\?dashboard=demo&key=(\S+)", process.log())
    assert told is not None
    return Host(told[1], told[2])


def rooms_of(host: Host) -> set[str]:
    return {room["name"] for room in host.ask("GET", "rooms")[1]["rooms"]}


def test_demo_publishes_real_input_to_the_rooms_of_its_dashboard(tmp_path: Path) -> None:
    with running(DEMO, log_path=tmp_path / "log", folder=tmp_path) as process:
        host = host_of(process)
        process.wait_until(lambda: rooms_of(host) >= ROOMS, LIMIT_S, "all rooms have records")
        dashboard = host.ask("GET", "dashboards/demo")[1]
        assert {room for row in dashboard["rows"] for panel in row for room in panel["rooms"]} == ROOMS


@pytest.mark.parametrize("end", [signal.SIGINT, signal.SIGTERM, signal.SIGKILL])
def test_demo_leaves_no_process_behind_however_it_ends(tmp_path: Path, end: signal.Signals) -> None:
    with running(DEMO, log_path=tmp_path / "log", folder=tmp_path) as process:
        host_of(process)
        children = psutil.Process(process.pid).children(recursive=True)
        assert children
        process.process.send_signal(end)
        process.process.wait(LIMIT_S)
        wait_until(lambda: not any(map(is_alive, children)), LIMIT_S, "the sources end")
        assert "Traceback" not in process.log()


def is_alive(process: psutil.Process) -> bool:
    return process.is_running() and process.status() != psutil.STATUS_ZOMBIE


def test_demo_ends_after_the_seconds_that_it_was_given(tmp_path: Path) -> None:
    with running([*DEMO, "--seconds", "0.1"], log_path=tmp_path / "log", folder=tmp_path) as process:
        assert process.process.wait(LIMIT_S) == 0


def test_network_learns_the_digits() -> None:
    steps = list(training_steps(epochs=12))
    assert [record["step"] for record, _ in steps] == list(range(1, len(steps) + 1))
    last, matrix = steps[-1]
    assert last["validation_accuracy"] > 0.9
    assert matrix is not None
    assert (len(matrix), sum(map(sum, matrix))) == (10, 300)
    assert [matrix is not None for _, matrix in steps].count(True) == 12


def test_dashboard_shows_lines_numbers_a_table_and_a_heatmap() -> None:
    kinds = {panel.kind for row in demo_dashboard().spec.rows for panel in row}
    assert kinds == {"line", "number", "table", "figure"}


@pytest.mark.parametrize(("words", "module"), [(["demo"], "sklearn"), (["demo", "--notebook"], "jupyterlab")])
def test_demo_without_its_extra_gives_the_command_that_installs_it(
    command: Command, monkeypatch: pytest.MonkeyPatch, words: list[str], module: str
) -> None:
    found = util.find_spec
    monkeypatch.setattr(demo.util, "find_spec", lambda name: None if name == module else found(name))
    done = command(*words)
    assert done.status == 1
    assert 'pip install "livedash[demo]"' in done.err


def test_notebook_demo_opens_jupyterlab_on_a_copy(command: Command, monkeypatch: pytest.MonkeyPatch) -> None:
    started: list[list[str]] = []

    class Done:
        returncode = 0

    monkeypatch.setattr(demo.subprocess, "run", lambda words, **_: started.append(words) or Done())
    assert command("demo", "--notebook", "--no-browser").status == 0
    root = Path(next(word for word in started[0] if word.startswith("--ServerApp.root_dir=")).partition("=")[2])
    assert min(path.stem for path in root.glob("*.ipynb")) == "01_first_chart"
    assert "--no-browser" in started[0]
