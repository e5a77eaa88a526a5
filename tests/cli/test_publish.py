from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable

import pytest

from livedash.cli import publish as module
from tests.cli.conftest import Command
from tests.end_to_end.hosts import Host
from tests.end_to_end.processes import wait_until
from tests.end_to_end.serve import ServeProcess

LIMIT_S = 20.0
Stdin = Callable[[str], None]


def records(serve: ServeProcess, room: str) -> list[dict[str, object]]:
    return list(Host(serve.url, serve.token).ask("GET", f"rooms/{room}/records?limit=1000000")[1])


def test_lines_of_json_are_published(hub: Command, serve: ServeProcess, stdin: Stdin) -> None:
    stdin('{"step": 1}\n{"step": 2, "loss": 0.5}\n')
    done = hub("publish", "json")
    assert (done.status, done.out, done.err) == (0, "", "")
    assert records(serve, "json") == [{"step": 1}, {"step": 2, "loss": 0.5}]


def test_csv_is_published(hub: Command, serve: ServeProcess, stdin: Stdin) -> None:
    stdin("at,celsius,place\n2026-01-02T03:04:05Z,21.5,lab\n")
    assert hub("publish", "lab3.csv", "--format", "csv").status == 0
    assert records(serve, "lab3.csv") == [{"at": "2026-01-02T03:04:05Z", "celsius": 21.5, "place": "lab"}]


def test_bad_line_ends_it_and_what_came_before_is_published(hub: Command, serve: ServeProcess, stdin: Stdin) -> None:
    stdin('{"step": 1}\nstep,loss\n')
    done = hub("publish", "halted")
    assert done.status == 1
    assert "line 2 is no JSON" in done.err
    assert records(serve, "halted") == [{"step": 1}]


def test_many_records_are_published_without_loss(
    hub: Command, serve: ServeProcess, stdin: Stdin, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "_MOST_WAITING", 100)
    count = 60_000
    stdin("step\n" + "\n".join(map(str, range(count))))
    assert hub("publish", "many", "--format", "csv").status == 0
    assert [record["step"] for record in records(serve, "many")] == list(range(count))


@pytest.mark.parametrize("room", ["no spaces", "open", "livedash.own"])
def test_name_that_no_room_can_have_ends_it_with_2(hub: Command, stdin: Stdin, room: str) -> None:
    stdin('{"step": 1}\n')
    assert hub("publish", room).status == 2


def test_wrong_token_is_told_before_anything_is_read(
    hub: Command, stdin: Stdin, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("LIVEDASH_TOKEN", "wrong")
    stdin("no json\n")
    done = hub("publish", "train")
    assert done.status == 1
    assert "line 1" not in done.err


def test_records_arrive_while_stdin_is_still_open(serve: ServeProcess) -> None:
    words = [sys.executable, "-m", "livedash", "publish", "piped"]
    with subprocess.Popen(words, stdin=subprocess.PIPE, env={**serve.environment, "PATH": ""}, text=True) as running:
        assert running.stdin is not None
        running.stdin.write('{"step": 1}\n')
        running.stdin.flush()
        host = Host(serve.url, serve.token)
        wait_until(lambda: host.ask("GET", "rooms/piped")[0] == 200, LIMIT_S, "the record arrives")
        assert running.poll() is None
        running.stdin.close()
        assert running.wait(LIMIT_S) == 0
