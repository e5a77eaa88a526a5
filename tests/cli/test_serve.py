from __future__ import annotations

import json
import re
import subprocess
import sys
from pathlib import Path

import pytest

from tests.cli.conftest import Command
from tests.end_to_end.hosts import Host
from tests.end_to_end.processes import running
from tests.end_to_end.serve import ServeProcess

LIMIT_S = 20.0
SERVE = [sys.executable, "-m", "livedash", "serve"]


def test_it_prints_where_it_is_and_a_token_that_it_made(tmp_path: Path) -> None:
    with running([*SERVE, "--port", "0"], log_path=tmp_path / "log", folder=tmp_path) as process:
        process.wait_until(lambda: "LIVEDASH_TOKEN=" in process.log(), LIMIT_S, "it says where it is")
        told = re.search(r"LIVEDASH_URL=(\S+) LIVEDASH_TOKEN=(\S+)", process.log())
        assert told is not None
        assert Host(told[1], told[2]).ask("GET", "rooms") == (200, {"rooms": []})
        assert f"{told[1]}view?key={told[2]}" in process.log()
        assert process.end() == 0


def test_it_prints_the_same_as_json_to_who_asks(tmp_path: Path) -> None:
    with running([*SERVE, "--port", "0", "--json"], log_path=tmp_path / "log", folder=tmp_path) as process:
        process.wait_until(lambda: "}" in process.log(), LIMIT_S, "it says where it is")
        told = json.loads(process.log())
        assert Host(told["url"], told["token"]).ask("GET", "rooms") == (200, {"rooms": []})


def test_token_that_was_given_is_not_printed(serve: ServeProcess) -> None:
    assert "is serving at" in serve.process.log()
    assert serve.token not in serve.process.log()


@pytest.mark.parametrize(
    ("words", "reason"),
    [
        (("--workers", "2"), "need a broker"),
        (("--broker", "http://localhost"), "redis://host:6379"),
        (("--broker", "redis+sentinel://localhost:26379"), "names no master"),
        (("--broker", "redis://localhost", "--data-dir", "rooms"), "give one of the two"),
    ],
)
def test_what_a_broker_needs_or_can_not_be_is_refused_with_the_reason(
    command: Command, words: tuple[str, ...], reason: str
) -> None:
    done = command("serve", "--port", "0", *words)
    assert done.status == 2
    assert reason in done.err


def test_port_that_is_taken_is_told(serve: ServeProcess) -> None:
    done = subprocess.run([*SERVE, "--port", str(serve.port)], capture_output=True, text=True, check=False)
    assert done.returncode == 2
    assert f"can't listen on 127.0.0.1:{serve.port}" in done.stderr


def test_bounds_that_were_given_hold(tmp_path: Path) -> None:
    words = ("--publish-rate-records", "1", "--link-connections", "0", "--rooms-per-connection", "9")
    more = ("--connections", "7", "--address-connections", "5", "--publish-rate-bytes", "1e6")
    with ServeProcess(tmp_path / "serve", arguments=[*words, *more]) as serve:
        host = Host(serve.url, serve.token)
        host.publish("train", *[{"n": n} for n in range(60)])
        assert host.ask("POST", "rooms/train/records", {"n": 61})[0] == 429
        key = host.share("train")["key"]
        assert host.ask("GET", f"poll?key={key}", login=False)[0] == 503
