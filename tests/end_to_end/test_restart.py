"""A hub is restarted under some hundred viewers while a script publishes: each one has all records, once and in order."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.end_to_end.crowd import ROOM, CrowdProcess
from tests.end_to_end.processes import running, wait_until
from tests.end_to_end.serve import ServeProcess

VIEWERS = 300
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


@pytest.fixture(params=[False, True], ids=["in memory", "on disk"])
def hub(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[ServeProcess]:
    arguments = ["--data-dir", str(tmp_path / "rooms")] if request.param else []
    with ServeProcess(tmp_path / "hub", arguments=arguments) as serving:
        yield serving


@pytest.mark.parametrize("end", [ServeProcess.stop, ServeProcess.kill], ids=["SIGTERM", "SIGKILL"])
def test_all_viewers_of_a_hub_that_is_restarted_resume_without_a_hole_or_a_double(
    hub: ServeProcess, end: object, tmp_path: Path
) -> None:
    (tmp_path / "publish.py").write_text(PUBLISH)
    command = [sys.executable, "publish.py"]
    publishing = running(command, log_path=tmp_path / "publish.log", folder=tmp_path, extra=hub.environment)
    with publishing, CrowdProcess(hub.port, hub.token, VIEWERS) as crowd:
        wait_until(lambda: crowd.consistent() == VIEWERS, LIMIT_S, "each viewer reads what comes")
        for _ in range(2):
            crowd.begin()
            hub.kill() if end is ServeProcess.kill else hub.stop()
            hub.start()
            wait_until(lambda: crowd.consistent() >= VIEWERS, LIMIT_S, "each viewer reads what comes again")
            figures = crowd.figures()
            assert (figures.holes, figures.doubles, figures.gaps) == (0, 0, {})
            if end is ServeProcess.stop:
                assert figures.codes == {"4001": VIEWERS}
