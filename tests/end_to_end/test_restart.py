"""A hub is restarted under some hundred viewers while a script publishes: each one has all records, once and in order."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from tests.end_to_end.crowd import ROOM, CrowdProcess, Figures
from tests.end_to_end.processes import running, wait_until
from tests.end_to_end.serve import ServeProcess

VIEWERS = 300
RESTARTS = 2
LIMIT_S = 60.0

PUBLISH = f"""
import pathlib, time
import livedash as ld
n = 0
while not pathlib.Path("stop").exists():
    n += 1
    ld.push({ROOM!r}, n=n, sent_ns=time.monotonic_ns())
    time.sleep(0.05)
"""


# on a machine that is busy with other things, the publisher may be late
PATIENT = """
from livedash import limits
limits.TAKEOVER_WAIT_S = 60.0
from livedash.cli import main
main()
"""


@pytest.fixture(params=[False, True], ids=["in memory", "on disk"])
def hub(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[ServeProcess]:
    arguments = ["--data-dir", str(tmp_path / "rooms")] if request.param else []
    with ServeProcess(tmp_path / "hub", arguments=arguments, program=("-c", PATIENT)) as serving:
        yield serving


@contextmanager
def publishing(hub: ServeProcess, folder: Path) -> Iterator[None]:
    (folder / "publish.py").write_text(PUBLISH)
    command = [sys.executable, "publish.py"]
    with running(command, log_path=folder / "publish.log", folder=folder, extra=hub.environment):
        yield


def restarted(hub: ServeProcess, end: Callable[[ServeProcess], Any]) -> Iterator[Figures]:
    """What the viewers tell of each restart."""
    with CrowdProcess(hub.port, hub.token, VIEWERS) as crowd:
        wait_until(lambda: crowd.consistent() == VIEWERS, LIMIT_S, "each viewer reads what comes")
        for _ in range(RESTARTS):
            crowd.begin()
            end(hub)
            hub.start()
            wait_until(lambda: crowd.consistent() >= VIEWERS, LIMIT_S, "each viewer reads what comes again")
            yield crowd.figures()


def test_all_viewers_of_a_hub_that_is_stopped_and_started_resume_without_a_hole_or_a_double(
    hub: ServeProcess, tmp_path: Path
) -> None:
    with publishing(hub, tmp_path):
        for figures in restarted(hub, ServeProcess.stop):
            assert (figures.holes, figures.doubles, figures.gaps) == (0, 0, {})
            assert figures.codes == {"4001": VIEWERS}


def test_all_viewers_of_a_hub_that_is_killed_come_back_without_a_silent_hole_or_a_double(
    hub: ServeProcess, tmp_path: Path
) -> None:
    with publishing(hub, tmp_path):
        for figures in restarted(hub, ServeProcess.kill):
            assert (figures.holes, figures.doubles, figures.codes) == (0, 0, {})
            # what was shown and not yet answered to its publisher lies in the new epoch of a hub that was killed
            assert figures.gaps.keys() <= {"beyond_top"}
