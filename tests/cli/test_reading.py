from __future__ import annotations

import json
import signal
import subprocess
import sys

import pytest
from websockets.sync.client import connect

from tests.cli.conftest import Command
from tests.end_to_end.hosts import Host
from tests.end_to_end.serve import ServeProcess

LIMIT_S = 20.0


@pytest.fixture(autouse=True)
def _records(serve: ServeProcess) -> None:
    host = Host(serve.url, serve.token)
    if host.ask("GET", "rooms/lab3.temp")[0] == 404:
        host.publish("lab3.temp", *({"celsius": number} for number in range(1200)))
        host.publish("lab3.noise", {"db": 40})


def test_tail_prints_the_last_records_one_a_line(hub: Command) -> None:
    done = hub("tail", "lab3.temp", "--since", "-3", "-n", "2")
    assert (done.status, done.err) == (0, "")
    assert done.out == '{"celsius":1197}\n{"celsius":1198}\n'


def test_tail_of_a_glob_can_tell_its_rooms_apart(hub: Command) -> None:
    done = hub("tail", "lab3.*", "--since", "-1", "--count", "2", "--with-room")
    lines = sorted(map(json.loads, done.out.splitlines()), key=lambda line: str(line["room"]))
    assert lines == [{"room": "lab3.noise", "record": {"db": 40}}, {"room": "lab3.temp", "record": {"celsius": 1199}}]


def test_tail_reads_a_link_without_a_login(command: Command, serve: ServeProcess) -> None:
    link = Host(serve.url, serve.token).share("lab3.noise")
    for url in (link["url"], link["feed_url"]):
        done = command("tail", url, "-n", "1")
        assert (done.status, done.out) == (0, '{"db":40}\n')


def test_tail_of_a_dead_link_ends_with_1(command: Command, serve: ServeProcess) -> None:
    done = command("tail", f"{serve.url}view?key=nothing")
    assert done.status == 1
    assert done.err.startswith("livedash: ")


@pytest.mark.parametrize("words", [("no spaces",), ("lab3.temp", "--since", "soon")])
def test_tail_that_is_used_wrongly_says_so(hub: Command, words: tuple[str, ...]) -> None:
    done = hub("tail", *words)
    assert done.status == 2
    assert done.err.startswith("livedash: ")


def test_tail_takes_json_as_the_other_commands_do(hub: Command) -> None:
    done = hub("tail", "lab3.temp", "--json", "--since", "-1", "-n", "1")
    assert (done.status, json.loads(done.out)) == (0, {"celsius": 1199})


def test_a_login_that_the_hub_does_not_take_is_told_by_its_variable(
    hub: Command, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("LIVEDASH_TOKEN", "wrong")
    done = hub("rooms")
    assert (done.status, done.out) == (1, "")
    assert "set LIVEDASH_TOKEN" in done.err


def test_tail_tells_of_a_gap(hub: Command) -> None:
    done = hub("tail", "lab3.temp", "--since", "lab3.temp:gone-5", "-n", "1")
    assert "gap in lab3.temp (epoch)" in done.err


def test_rooms_are_a_table_or_json(hub: Command) -> None:
    lines = hub("rooms").out.splitlines()
    assert lines[0].split() == ["room", "records", "held", "viewers", "position"]
    assert lines[2].split()[:3] == ["lab3.temp", "1,200", "1,200"]
    rooms = json.loads(hub("rooms", "--json").out)
    assert [(room["name"], room["offset"]) for room in rooms] == [("lab3.noise", 1), ("lab3.temp", 1200)]


def test_status_is_told_in_lines_or_json(hub: Command, serve: ServeProcess) -> None:
    lines = hub("status").out.splitlines()
    assert serve.url in lines[0]
    assert len({len(line) - len(line.lstrip("abcdefghijklmnopqrstuvwxyz_").lstrip()) for line in lines}) == 1
    told = json.loads(hub("status", "--json").out)
    assert (told["rooms"], told["published"]) == (2, 1201)
    assert told["slow_viewers"]["disconnected"] == 0
    assert "slow_viewers" not in hub("status").out  # there was none
    with connect(
        f"{serve.url.replace('http', 'ws', 1)}ws", additional_headers={"Authorization": f"Bearer {serve.token}"}
    ) as socket:
        socket.send('{"op":"subscribe","room":"lab3.temp","since":"earliest","mode":"latest"}')
        while json.loads(socket.recv(LIMIT_S))["op"] != "records":
            pass
    assert "1,199 records conflated" in hub("status").out


def test_tail_ends_by_ctrl_c_with_130_and_by_a_closed_pipe_with_0(serve: ServeProcess) -> None:
    words = [sys.executable, "-m", "livedash", "tail", "lab3.*", "--since", "earliest"]
    environment = {**serve.environment, "PATH": ""}
    pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE}
    with subprocess.Popen(words, env=environment, **pipes) as running:  # type: ignore[call-overload]
        for _ in range(1201):
            assert running.stdout.readline()
        running.send_signal(signal.SIGINT)
        assert running.wait(LIMIT_S) == 130
        assert running.stderr.read() == b""
    with subprocess.Popen(words, env=environment, **pipes) as running:  # type: ignore[call-overload]
        assert running.stdout.readline()
        running.stdout.close()
        Host(serve.url, serve.token).publish("lab3.pipe", *({"x": number} for number in range(3)))
        assert running.wait(LIMIT_S) == 0
        assert running.stderr.read() == b""
