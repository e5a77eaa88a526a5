"""The demo's life: a hub in this process, the demo's sources in one of their own, and the dashboard that shows them."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import sys
from collections.abc import Callable

from livedash import api as ld
from livedash.cli.demo_sources import CLASSES, STOCKS
from livedash.client.endpoint import TOKEN_VARIABLE, URL_VARIABLE
from livedash.client.process import PROCESS
from livedash.errors import LivedashError
from livedash.panels.panel import Panel

DASHBOARD = "demo"
_END_S = 5.0


def run_demo(on_started: Callable[[str], None], *, port: int, seconds: float | None) -> None:
    """Runs until Ctrl+C or SIGTERM, or for so long. `on_started` gets the URL of the page.

    Raises LivedashError where the sources end by themselves.
    """
    signal.signal(signal.SIGTERM, signal.default_int_handler)  # as Ctrl+C: the sources must not be left behind
    handle = ld.serve(port=port)
    environment = {**os.environ, URL_VARIABLE: handle.url, TOKEN_VARIABLE: handle.token}
    # a pipe as its stdin: it closes with this process however that ends, and so ends the sources
    command = [sys.executable, "-m", "livedash.cli.demo_sources"]
    sources = subprocess.Popen(command, env=environment, stdin=subprocess.PIPE)
    try:
        PROCESS.hub().access.put_dashboard(DASHBOARD, demo_dashboard().spec)
        on_started(f"{handle.url}view?dashboard={DASHBOARD}&key={handle.token}")
        _wait(sources, seconds)
    finally:
        sources.communicate(timeout=_END_S)
        handle.stop()


def _wait(sources: subprocess.Popen[bytes], seconds: float | None) -> None:
    with contextlib.suppress(subprocess.TimeoutExpired, KeyboardInterrupt):
        status = sources.wait(seconds)
        raise LivedashError(f"the demo's sources ended with status {status}; what they say is above")


def demo_dashboard() -> Panel:
    """This machine, a training run, and the stock market."""
    matrix = {
        "data": [
            {
                "type": "heatmap",
                "x": CLASSES,
                "y": CLASSES,
                "z": [],
                "showscale": False,
            }
        ],
        "layout": {
            "xaxis": {"title": {"text": "predicted"}, "dtick": 1},
            "yaxis": {"title": {"text": "true"}, "dtick": 1, "autorange": "reversed"},
        },
    }
    heatmap = ld.figure(
        matrix, {0: {"room": "training.confusion", "z": "matrix"}}, title="Confusion of a sample", height=300
    )
    return ld.dashboard(
        [
            [ld.number("training", ["loss", "accuracy", "validation_accuracy"], title="Training on digits")],
            [
                ld.line("training", ["loss"], title="Loss", height=300),
                ld.line("training", ["accuracy", "validation_accuracy"], title="Accuracy", height=300),
                heatmap,
            ],
            [
                ld.line("system", ["cpu_percent", "memory_percent", "disk_percent"], title="This machine, %"),
                ld.line(
                    "system",
                    ["net_in_mb_s", "net_out_mb_s", "disk_read_mb_s", "disk_write_mb_s"],
                    title="Network and disk, MB/s",
                ),
            ],
            [
                ld.line("stocks", STOCKS, title="Stocks, replayed", x="date"),
                ld.table("stocks", title="Stocks", height=220),
            ],
        ],
        title="livedash demo",
    )
