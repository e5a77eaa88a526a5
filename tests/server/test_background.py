from __future__ import annotations

import asyncio
import threading
import urllib.error
import urllib.request
from collections.abc import Coroutine, Iterator
from typing import Any

import pytest

from livedash.errors import SettingRefusedError
from livedash.server.background import ServerHandle, start_in_background
from livedash.server.lifecycle import ServeOptions

LIMIT_S = 20.0


class ThreadLoop:
    """A loop on a thread of its own."""

    def __init__(self) -> None:
        self.loop = asyncio.new_event_loop()
        self.thread = threading.Thread(target=self.loop.run_forever)
        self.thread.start()
        self.waits: list[float] = []

    def run(self, coroutine: Coroutine[Any, Any, Any], timeout_s: float = LIMIT_S) -> Any:
        self.waits.append(timeout_s)
        return asyncio.run_coroutine_threadsafe(coroutine, self.loop).result(timeout_s)

    def close(self) -> None:
        self.run(self._end_tasks())
        self.loop.call_soon_threadsafe(self.loop.stop)
        self.thread.join(LIMIT_S)
        self.loop.close()

    async def _end_tasks(self) -> None:
        tasks = asyncio.all_tasks() - {asyncio.current_task()}
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


@pytest.fixture
def loop() -> Iterator[ThreadLoop]:
    made = ThreadLoop()
    yield made
    made.close()


@pytest.fixture
def handle(loop: ThreadLoop) -> Iterator[ServerHandle]:
    made = start_in_background(loop, ServeOptions(port=0, token="abc"))
    yield made
    made.stop()


def fetch(url: str) -> int:
    with urllib.request.urlopen(url, timeout=LIMIT_S) as answer:
        return int(answer.status)


def test_a_server_runs_beside_its_caller(handle: ServerHandle) -> None:
    assert fetch(f"{handle.url}health/live") == 200
    assert (handle.token, handle.is_running) == ("abc", True)
    assert repr(handle) == f"<livedash server at {handle.url}>"


def test_its_owners_page_holds_the_token(handle: ServerHandle) -> None:
    assert handle.view_url == f"{handle.url}view?key=abc"
    assert fetch(f"{handle.url}rooms?key=abc") == 200


def test_a_server_stops_once_and_says_so(loop: ThreadLoop) -> None:
    stopped: list[str] = []
    handle = start_in_background(loop, ServeOptions(port=0), on_stop=lambda: stopped.append("stopped"))
    handle.stop()
    handle.stop()
    assert (stopped, handle.is_running) == (["stopped"], False)
    assert repr(handle) == f"<livedash server at {handle.url}, stopped>"
    with pytest.raises(urllib.error.URLError):
        fetch(f"{handle.url}health/live")


def test_a_stop_is_given_the_time_that_a_drain_takes(loop: ThreadLoop) -> None:
    handle = start_in_background(loop, ServeOptions(port=0))
    handle.stop()
    assert loop.waits[-1] > handle._running.services.config.drain_s


@pytest.mark.filterwarnings("ignore:unclosed <socket:ResourceWarning")  # tornado leaves a socket that it can't bind
def test_a_port_that_is_taken_is_told_to_the_caller(loop: ThreadLoop, handle: ServerHandle) -> None:
    port = int(handle.url.split(":")[2].partition("/")[0])
    with pytest.raises(SettingRefusedError, match="--port"):
        start_in_background(loop, ServeOptions(port=port))
