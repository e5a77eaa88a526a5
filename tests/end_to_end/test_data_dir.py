"""`livedash serve --data-dir` under real publishers and a real reader: killed at random moments, stopped, refused."""

from __future__ import annotations

import contextlib
import json
import os
import random
import shutil
import sqlite3
import subprocess
import sys
import threading
import time
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Page

from tests.end_to_end.hosts import Host
from tests.end_to_end.jupyter import Front, JupyterServer
from tests.end_to_end.panels import wait_until_painted
from tests.end_to_end.processes import running, wait_until
from tests.end_to_end.serve import ServeProcess

ROUNDS = int(os.environ.get("LIVEDASH_KILLS", "10"))
RATE_HZ = 1000
LIMIT_S = 60.0
PUSH = """import itertools, pathlib, sys, time
import livedash as ld
room, who, end = sys.argv[1], sys.argv[2], pathlib.Path(sys.argv[3])
start = time.perf_counter()
for n in itertools.count(1):
    time.sleep(max(0, start + n / {rate} - time.perf_counter()))
    ld.push(room, who=who, n=n)
    if n % 100 == 0 and end.exists():
        break
assert ld.flush(50) == 0, ld.status()
print(n)
"""


@pytest.fixture
def data(tmp_path: Path) -> Path:
    return tmp_path / "data"


@pytest.fixture
def serve(tmp_path: Path, data: Path) -> Iterator[ServeProcess]:
    with ServeProcess(tmp_path / "serve", arguments=["--data-dir", str(data)]) as process:
        yield process


class Publishers:
    """Scripts that push 1, 2, 3, … until they are told to end."""

    def __init__(self, serve: ServeProcess, folder: Path) -> None:
        self._serve, self._folder = serve, folder
        self._stack = contextlib.ExitStack()
        self._scripts: list[Any] = []
        (folder / "push.py").write_text(PUSH.format(rate=RATE_HZ))

    def start(self, room: str, who: str) -> None:
        command = [sys.executable, "push.py", room, who, str(self._folder / "end")]
        log = self._folder / f"{room}-{who}.log"
        script = running(command, log_path=log, folder=self._folder, extra=self._serve.environment)
        self._scripts.append(self._stack.enter_context(script))

    def end(self) -> list[int]:
        """How many records each one pushed; all of them are acknowledged then."""
        (self._folder / "end").write_text("")
        with self._stack:
            for script in self._scripts:
                assert script.process.wait(LIMIT_S) == 0, script.log()
            return [int(script.log().split()[-1]) for script in self._scripts]


class Reader(threading.Thread):
    """Long-polls a room whose records count up: each one follows the last, or a gap and then the state is told."""

    def __init__(self, host: Host, room: str) -> None:
        super().__init__(daemon=True)
        self._host, self._room = host, room
        self.last = 0
        self.gaps: list[dict[str, Any]] = []
        self.fault: str | None = None
        self.is_over = False

    def run(self) -> None:
        cursor: str | None = None
        while not self.is_over and self.fault is None:
            query = {"room": self._room, "timeout": "1", **({"cursor": cursor} if cursor else {"since": "earliest"})}
            with contextlib.suppress(OSError, urllib.error.URLError, ValueError):
                status, answer = self._host.ask("GET", f"poll?{urllib.parse.urlencode(query)}")
                if status == 200:
                    self._take(answer)
                    cursor = answer["cursor"]

    def _take(self, answer: dict[str, Any]) -> None:
        gap, state = answer["gaps"].get(self._room), answer["snapshots"].get(self._room)
        if gap is not None:
            self.gaps.append(gap)
        if state is not None:
            if gap is None:
                self.fault = "a snapshot came without a gap"
            self.last = state[-1]["n"] if state else 0
        for record in answer["records"].get(self._room, []):
            if record["n"] != self.last + 1:
                self.fault = f"{record['n']} came after {self.last}"
            self.last = record["n"]


def records_of(host: Host, room: str) -> list[dict[str, Any]]:
    status, records = host.ask("GET", f"rooms/{room}/records?limit=1000000")
    assert status == 200, records
    return list(records)


def check_file(data: Path, folder: Path) -> None:
    """A copy, as the process left it: SQLite's log is part of it, and looking at it would fold it into the file."""
    copy = folder / "copy"
    shutil.rmtree(copy, ignore_errors=True)
    shutil.copytree(data, copy)
    with contextlib.closing(sqlite3.connect(copy / "rooms.sqlite3")) as connection:
        assert connection.execute("PRAGMA integrity_check").fetchall() == [("ok",)]


def test_a_hub_that_is_killed_at_any_moment_comes_back_whole(
    serve: ServeProcess, data: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    seed = int(os.environ.get("LIVEDASH_SEED") or random.SystemRandom().randrange(2**32))
    with capsys.disabled():
        sys.stdout.write(f" LIVEDASH_SEED={seed} ")
    moments = random.Random(seed)
    host = Host(serve.url, serve.token)
    publishers = Publishers(serve, tmp_path)
    publishers.start("alone", "a")
    publishers.start("both", "b")
    publishers.start("both", "c")
    wait_until(lambda: {"alone", "both"} <= names(host), LIMIT_S, "the rooms exist")
    reader = Reader(host, "alone")
    reader.start()
    for _ in range(ROUNDS):
        time.sleep(moments.uniform(0, 1))  # the moment itself
        serve.kill()
        check_file(data, tmp_path)
        serve.start()
    pushed = publishers.end()
    wait_until(lambda: reader.fault is not None or reader.last == pushed[0], LIMIT_S, "the reader has all")
    reader.is_over = True
    assert reader.fault is None
    assert {gap["reason"] for gap in reader.gaps} <= {"beyond_top"}
    # who is alone in a room gives back what was not on disk yet
    assert [record["n"] for record in records_of(host, "alone")] == list(range(1, pushed[0] + 1))
    # of two, the last moment before a kill may be lost: the rest is there once, and in order
    shared = records_of(host, "both")
    for who, count in zip("bc", pushed[1:], strict=True):
        own = [record["n"] for record in shared if record["who"] == who]
        assert own == sorted(set(own))
        assert own[-1] == count
        assert len(own) > count / 2


def test_a_page_goes_on_over_kills_up_to_the_last_record(serve: ServeProcess, tmp_path: Path, page: Page) -> None:
    host = Host(serve.url, serve.token)
    publishers = Publishers(serve, tmp_path)
    publishers.start("alone", "a")
    wait_until(lambda: "alone" in names(host), LIMIT_S, "the room exists")
    page.goto(f"{serve.url}view?room=alone&key={serve.token}")
    wait_until_painted(page, "alone", RATE_HZ)
    for _ in range(2):
        serve.kill()
        serve.start()
        there = host.ask("GET", "rooms/alone")[1]["offset"]
        wait_until_painted(page, "alone", there + RATE_HZ)
    (pushed,) = publishers.end()
    wait_until_painted(page, "alone", pushed)


def names(host: Host) -> set[str]:
    with contextlib.suppress(OSError):
        status, answer = host.ask("GET", "rooms")
        return {room["name"] for room in answer["rooms"]} if status == 200 else set()
    return set()


def test_a_hub_that_is_stopped_loses_nothing_and_goes_on_in_the_same_epochs(
    serve: ServeProcess, data: Path, tmp_path: Path
) -> None:
    host = Host(serve.url, serve.token)
    publishers = Publishers(serve, tmp_path)
    publishers.start("both", "b")
    publishers.start("both", "c")
    wait_until(lambda: "both" in names(host), LIMIT_S, "the room exists")
    epoch = host.ask("GET", "rooms/both")[1]["epoch"]
    posted = 0
    for _ in range(3):
        for _ in range(20):
            posted += 1
            host.publish("posted", {"n": posted})
        assert serve.stop() == 0
        assert sorted(path.name for path in data.iterdir()) == ["lock", "rooms.sqlite3"]
        check_file(data, tmp_path)
        serve.start()
        assert [record["n"] for record in records_of(host, "posted")] == list(range(1, posted + 1))
    pushed = publishers.end()
    shared = records_of(host, "both")
    for who, count in zip("bc", pushed, strict=True):
        assert [record["n"] for record in shared if record["who"] == who] == list(range(1, count + 1))
    assert host.ask("GET", "rooms/both")[1]["epoch"] == epoch


def test_a_request_that_comes_again_after_a_kill_counts_once(serve: ServeProcess, data: Path) -> None:
    host = Host(serve.url, serve.token)

    def post() -> dict[str, Any]:
        headers = {**host.login, "Content-Type": "application/json", "Idempotency-Key": "k1"}
        request = urllib.request.Request(f"{host.url}rooms/train/records", b'{"n": 1}', headers)
        with urllib.request.urlopen(request, timeout=LIMIT_S) as answer:
            return dict(json.loads(answer.read()))

    first = post()
    wait_until(lambda: rows(data, "SELECT count(*) FROM requests") == 1, LIMIT_S, "it is on disk")
    serve.kill()
    serve.start()
    again = post()
    assert (again["offset"], records_of(host, "train")) == (first["offset"], [{"n": 1}])
    assert again["epoch"] != first["epoch"]


def rows(data: Path, query: str) -> object:
    with contextlib.closing(sqlite3.connect(data / "rooms.sqlite3")) as connection:
        return connection.execute(query).fetchone()[0]


def test_a_directory_in_use_is_refused_with_the_reason(serve: ServeProcess, data: Path) -> None:
    command = [sys.executable, "-m", "livedash", "serve", "--port", "0", "--data-dir", str(data)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=LIMIT_S, check=False)
    assert done.returncode == 2
    assert f"the data directory {data} is in use by another livedash" in done.stderr
    assert len(done.stderr.splitlines()) == 1


def test_a_hub_whose_disk_fails_says_so_everywhere_and_goes_on(serve: ServeProcess, data: Path) -> None:
    host = Host(serve.url, serve.token)
    host.publish("train", {"n": 1})
    assert host.ask("GET", "status")[1]["data_dir"]["state"] == "kept"
    assert host.ask("GET", "health/ready") == (200, {"status": "ready"})
    shutil.rmtree(data)
    data.write_text("")  # nothing can be written below a file
    wait_until(lambda: fails(host), LIMIT_S, "the loss is noticed")
    host.publish("train", {"n": 2})
    assert records_of(host, "train") == [{"n": 1}, {"n": 2}]
    status, ready = host.ask("GET", "health/ready")
    assert (status, ready["status"]) == (200, "ready")
    assert ready["reason"].startswith("rooms are not kept on disk: ")
    assert host.ask("GET", "health/ready", login=False) == (200, {"status": "ready"})
    command = [sys.executable, "-c", "import livedash as ld; ld.push('train', n=3); ld.flush(); print(ld.status())"]
    environment = {**os.environ, **serve.environment}
    told = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=LIMIT_S, check=True).stdout
    assert f"data directory {data}: failing" in told
    words = [sys.executable, "-m", "livedash", "status"]
    told = subprocess.run(words, env=environment, capture_output=True, text=True, timeout=LIMIT_S, check=True).stdout
    assert f"data_dir {data}: failing" in " ".join(told.split())
    assert "rooms are not kept on disk" in serve.process.log()
    data.unlink()
    wait_until(lambda: not fails(host), LIMIT_S, "all is written again")
    serve.stop()
    serve.start()
    assert records_of(host, "train") == [{"n": 1}, {"n": 2}, {"n": 3}]


def fails(host: Host) -> bool:
    host.publish("beat", {"n": 0})
    return bool(host.ask("GET", "status")[1]["data_dir"]["state"] != "kept")


def test_jupyter_server_keeps_its_rooms_and_a_second_one_says_that_it_can_not(tmp_path: Path, data: Path) -> None:
    folder = tmp_path / "root"
    folder.mkdir()
    settings = {"LiveDash.data_dir": data}
    with JupyterServer(Front.LAB, folder, tmp_path / "one", settings=settings) as one:
        Host(one.url("livedash/"), one.token).publish("train", {"n": 1})
        with JupyterServer(Front.LAB, folder, tmp_path / "two", settings=settings) as two:
            host = Host(two.url("livedash/"), two.token)
            assert "in use by another livedash" in host.ask("GET", "status")[1]["data_dir"]["reason"]
            host.publish("train", {"n": 2})
            assert records_of(host, "train") == [{"n": 2}]
            assert "in use by another livedash" in two.process.log()
    with JupyterServer(Front.LAB, folder, tmp_path / "three", settings=settings) as three:
        assert records_of(Host(three.url("livedash/"), three.token), "train") == [{"n": 1}]
