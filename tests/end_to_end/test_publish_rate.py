"""A script that pushes faster than the hub takes: it is asked to wait, says so, and nothing is lost or out of order."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

from tests.end_to_end.hosts import Host
from tests.end_to_end.serve import ServeProcess

RECORDS = 3000
RATE = 1000
LIMIT_S = 60.0
SCRIPT = f"""
import time
import livedash as ld
for n in range({RECORDS}):
    ld.push("train", n=n)
    time.sleep(0.0002)  # so that many batches are under way when the first one is put off
while any(room.waiting for room in ld.status().rooms):
    print(ld.status().reason)
    time.sleep(0.05)
"""


def test_nothing_is_lost_of_what_is_pushed_too_fast(tmp_path: Path) -> None:
    with ServeProcess(tmp_path / "serve", arguments=["--publish-rate-records", str(RATE)]) as serve:
        command = [sys.executable, "-c", SCRIPT]
        environment = {**os.environ, **serve.environment}
        done = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=LIMIT_S, check=False)
        assert (done.returncode, done.stderr) == (0, "")
        assert f"{RATE} records a second at most" in done.stdout
        _, records = Host(serve.url, serve.token).ask("GET", f"rooms/train/records?limit={RECORDS}")
        assert [record["n"] for record in records] == list(range(RECORDS))
