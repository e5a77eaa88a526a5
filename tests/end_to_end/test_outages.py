"""The hub stops, freezes or loses its connections while a loop pushes: nothing is lost, and pages go on."""

from __future__ import annotations

import sys
import time
from pathlib import Path

import pytest
from playwright.sync_api import Page

from tests.end_to_end.hosts import Host
from tests.end_to_end.jupyter import Front, JupyterServer, NotebookPage, write_notebook
from tests.end_to_end.panels import wait_until_painted
from tests.end_to_end.processes import running
from tests.end_to_end.serve import ServeProcess
from tests.end_to_end.tcp_proxy import TcpProxy

RATE_HZ = 1000
LOOP = """import time
import livedash as ld
start = time.perf_counter()
for step in range(1, {count} + 1):
    time.sleep(max(0, start + step / {rate} - time.perf_counter()))
    ld.push('train', step=step, loss=1 / step)
"""
SHOW = "import livedash as ld\nld.show('train')"
CATCH_UP_LIMIT_S = 60.0


def loop(seconds: int) -> str:
    return LOOP.format(count=RATE_HZ * seconds, rate=RATE_HZ)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    made = tmp_path / "root"
    made.mkdir()
    return made


def all_steps(host: Host) -> list[int]:
    status, records = host.ask("GET", "rooms/train/records?limit=1000000")
    assert status == 200, records
    return [record["step"] for record in records]


def test_stopped_hub_comes_back_with_its_epoch_and_every_record_and_the_page_goes_on(
    serve: ServeProcess, folder: Path, page: Page
) -> None:
    seconds, outage_s = 16, 5
    (folder / "push.py").write_text(loop(seconds))
    host = Host(serve.url, serve.token)
    command = [sys.executable, "push.py"]
    with running(command, log_path=folder / "push.log", folder=folder, extra=serve.environment) as script:
        script.wait_until(lambda: host.ask("GET", "rooms/train")[0] == 200, CATCH_UP_LIMIT_S, "the room exists")
        page.goto(f"{serve.url}view?room=train&key={serve.token}")
        wait_until_painted(page, "train", RATE_HZ)
        epoch = host.ask("GET", "rooms/train")[1]["epoch"]
        serve.stop()
        page.wait_for_timeout(outage_s * 1000)
        serve.start()
        assert script.process.wait(CATCH_UP_LIMIT_S) == 0, script.log()
    assert all_steps(host) == list(range(1, RATE_HZ * seconds + 1))
    assert host.ask("GET", "rooms/train")[1]["epoch"] == epoch
    wait_until_painted(page, "train", RATE_HZ * seconds)


def test_frozen_jupyter_server_loses_nothing_of_a_running_cell(folder: Path, tmp_path: Path, page: Page) -> None:
    seconds, frozen_s = 16, 10
    write_notebook(folder / "demo.ipynb", [SHOW, loop(seconds)])
    with JupyterServer(Front.LAB, folder, tmp_path / "home") as server:
        notebook = NotebookPage(page)
        notebook.open(server.notebook_url("demo.ipynb"))
        notebook.run_to_end(0)
        notebook.run_cell(1)
        wait_until_painted(page, "train", RATE_HZ)
        server.process.pause()
        page.wait_for_timeout(frozen_s * 1000)
        server.process.resume()
        wait_until_painted(page, "train", RATE_HZ * seconds, CATCH_UP_LIMIT_S)
        host = Host(server.url("livedash/"), server.token)
        assert all_steps(host) == list(range(1, RATE_HZ * seconds + 1))


def test_browser_that_was_cut_off_goes_on_where_it_was(folder: Path, tmp_path: Path, page: Page) -> None:
    seconds, cut_s = 14, 5
    write_notebook(folder / "demo.ipynb", [SHOW, loop(seconds)])
    with JupyterServer(Front.LAB, folder, tmp_path / "home") as server, TcpProxy(server.port) as proxy:
        notebook = NotebookPage(page)
        notebook.open(server.notebook_url("demo.ipynb", origin_port=proxy.port))
        notebook.run_to_end(0)
        notebook.run_cell(1)
        wait_until_painted(page, "train", RATE_HZ)
        proxy.cut()
        page.wait_for_timeout(cut_s * 1000)
        proxy.resume()
        wait_until_painted(page, "train", RATE_HZ * seconds, CATCH_UP_LIMIT_S)


def test_publisher_that_was_cut_off_sends_again_what_was_not_acknowledged(serve: ServeProcess, folder: Path) -> None:
    seconds, cut_s = 10, 5
    (folder / "push.py").write_text(loop(seconds))
    host = Host(serve.url, serve.token)
    with TcpProxy(serve.port) as proxy:
        address = {**serve.environment, "LIVEDASH_URL": f"http://127.0.0.1:{proxy.port}/livedash/"}
        command = [sys.executable, "push.py"]
        with running(command, log_path=folder / "push.log", folder=folder, extra=address) as script:
            script.wait_until(lambda: host.ask("GET", "rooms/train")[0] == 200, CATCH_UP_LIMIT_S, "the room exists")
            proxy.cut()
            time.sleep(cut_s)  # the outage itself
            proxy.resume()
            assert script.process.wait(CATCH_UP_LIMIT_S) == 0, script.log()
    assert all_steps(host) == list(range(1, RATE_HZ * seconds + 1))
