"""What holds for every test: a skip fails the session where CI is set, and Hypothesis has no deadline."""

from __future__ import annotations

import os
import signal

import pytest
from hypothesis import settings

# two cores, shared with browsers and servers: a slow example is no failure
settings.register_profile("livedash", deadline=None)
settings.load_profile("livedash")


class NoSkip:
    """Counts skipped tests and modules; a session with one fails, so that no check goes missing unseen."""

    def __init__(self) -> None:
        self._skipped: list[str] = []

    def pytest_collectreport(self, report: pytest.CollectReport) -> None:
        if report.skipped:
            self._skipped.append(report.nodeid)

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        if report.skipped and not hasattr(report, "wasxfail"):
            self._skipped.append(report.nodeid)

    @pytest.hookimpl(trylast=True)
    def pytest_sessionfinish(self, session: pytest.Session) -> None:
        if self._skipped and session.exitstatus == pytest.ExitCode.OK:
            session.exitstatus = pytest.ExitCode.TESTS_FAILED

    def pytest_terminal_summary(self, terminalreporter: pytest.TerminalReporter) -> None:
        for nodeid in self._skipped:
            terminalreporter.write_line(f"skipped, and CI allows no skip: {nodeid}", red=True)


def pytest_configure(config: pytest.Config) -> None:
    if (
        signal.getsignal(signal.SIGINT) is signal.SIG_IGN
    ):  # a shell starts it so in the background, and children inherit that
        signal.signal(signal.SIGINT, signal.default_int_handler)
    if os.environ.get("CI"):
        config.pluginmanager.register(NoSkip(), "no-skip")
