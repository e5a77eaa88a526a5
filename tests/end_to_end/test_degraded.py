"""While the broker is away, a page keeps its chart and says 'degraded'; once it is back, the page goes on with every record."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from tests.brokers.redis_server import Persistence, RedisServer
from tests.end_to_end.browser import PageErrors
from tests.end_to_end.hosts import Host
from tests.end_to_end.panels import painted_offset, statistics, wait_until_painted
from tests.end_to_end.processes import wait_until
from tests.end_to_end.serve import ServeProcess

LIMIT_S = 30.0
PANEL, BAR = ".ld-panel .ld-badge", "#livedash > header .ld-badge"
BEFORE, MEANWHILE = 50, 200
PUSH = f"""
import livedash as ld
for step in range({BEFORE}, {BEFORE + MEANWHILE}):
    ld.push("train", step=step, loss=1 / (1 + step))
print("pushed", flush=True)
while ld.flush(1.0):
    pass
"""


@pytest.fixture
def redis(tmp_path: Path) -> Iterator[RedisServer]:
    with RedisServer(tmp_path / "redis", persistence=Persistence.AOF) as server:
        yield server


@pytest.fixture
def hub(tmp_path: Path, redis: RedisServer) -> Iterator[ServeProcess]:
    with ServeProcess(tmp_path / "hub", arguments=["--broker", redis.url]) as serve:
        yield serve


def record(step: int) -> dict[str, object]:
    return {"step": step, "loss": 1 / (1 + step)}


def leave(redis: RedisServer, how: str) -> None:
    redis.pause() if how == "stopped" else redis.kill()


def come_back(redis: RedisServer, how: str) -> None:
    redis.resume() if how == "stopped" else redis.start()


def expect_degraded(page: Page) -> str:
    """Both the page's own badge and the panel's; the reason as the panel has it."""
    panel, bar = page.locator(PANEL).first, page.locator(BAR)
    expect(panel).to_have_text("live · degraded", timeout=LIMIT_S * 1000)
    expect(panel).to_have_attribute("data-tone", "warn")
    expect(bar).to_have_text("live · degraded", timeout=LIMIT_S * 1000)
    return panel.get_attribute("title") or ""


def expect_live(page: Page) -> None:
    expect(page.locator(PANEL).first).to_have_attribute("data-tone", "good", timeout=LIMIT_S * 1000)
    expect(page.locator(BAR)).to_have_text("live", timeout=LIMIT_S * 1000)


def output_of(words: list[str], environment: dict[str, str]) -> str:
    command = [sys.executable, *words]
    return subprocess.run(command, env=environment, capture_output=True, text=True, timeout=LIMIT_S, check=True).stdout


def broker_of(host: Host) -> dict[str, object]:
    return dict(host.ask("GET", "status")[1]["broker"])


@pytest.mark.parametrize("how", ["stopped", "killed"])
def test_page_keeps_its_chart_says_degraded_and_goes_on_with_every_record(
    tmp_path: Path, redis: RedisServer, hub: ServeProcess, page: Page, how: str
) -> None:
    host, errors = Host(hub.url, hub.token), PageErrors(page)
    host.publish("train", *map(record, range(BEFORE)))
    page.goto(f"{hub.url}view?room=train&key={hub.token}")
    wait_until_painted(page, "train", BEFORE)
    expect_live(page)
    leave(redis, how)
    script = tmp_path / "push.py"
    script.write_text(PUSH)
    environment = {**os.environ, **hub.environment}
    with subprocess.Popen([sys.executable, str(script)], env=environment, stdout=subprocess.PIPE) as pushing:
        assert pushing.stdout is not None
        assert pushing.stdout.readline() == b"pushed\n"
        assert f"the broker at {redis.url} can't be used: " in expect_degraded(page)
        assert painted_offset(page, "train") == BEFORE
        wait_until(lambda: broker_of(host)["waiting"] != 0, LIMIT_S, "what was pushed waits at the hub")
        page.reload()
        wait_until_painted(page, "train", BEFORE)
        expect_degraded(page)
        for words in (["-m", "livedash", "status"], ["-c", "import livedash as ld; print(ld.status())"]):
            assert f" broker {redis.url}: away, " in " ".join(output_of(words, environment).split())
        come_back(redis, how)
        wait_until_painted(page, "train", BEFORE + MEANWHILE)
        assert pushing.wait(LIMIT_S) == 0
    expect_live(page)
    records = host.ask("GET", "rooms/train/records?since=earliest")[1]
    assert [each["step"] for each in records] == list(range(BEFORE + MEANWHILE))
    assert errors.messages == []


@pytest.mark.parametrize("transport", ["websocket", "sse", "longpoll"])
def test_reader_by_a_link_sees_it_over_each_transport_and_nothing_of_the_broker(
    redis: RedisServer, hub: ServeProcess, page: Page, transport: str
) -> None:
    host = Host(hub.url, hub.token)
    host.publish("train", {"step": 1, "loss": 0.5})
    heard: list[str] = []
    page.on("websocket", lambda socket: socket.on("framereceived", lambda data: heard.append(repr(data))))
    if transport != "websocket":
        page.add_init_script("delete globalThis.WebSocket")
    if transport == "longpoll":
        page.route("**/feed?*", lambda route: route.fulfill(status=405))
    page.goto(host.share("train")["url"])
    wait_until_painted(page, "train", 1)
    assert statistics(page)["transport"] == transport
    redis.pause()
    title = expect_degraded(page)
    assert "the hub is cut off from the others" in title
    assert f":{redis.port}" not in page.content() + "".join(heard)
    redis.resume()
    expect_live(page)
    host.publish("train", {"step": 2, "loss": 0.25})
    wait_until_painted(page, "train", 2)


def test_plain_event_source_sees_nothing_of_it(redis: RedisServer, hub: ServeProcess, page: Page) -> None:
    host = Host(hub.url, hub.token)
    host.publish("train", {"step": 1})
    page.goto(f"{hub.url}health/live")
    page.evaluate(
        """(url) => {
          globalThis.seen = { message: [], degraded: [] };
          const source = new EventSource(url);
          source.onmessage = ({ data }) => seen.message.push(JSON.parse(data));
          source.addEventListener("livedash.degraded", ({ data }) => seen.degraded.push(JSON.parse(data)));
        }""",
        host.share("train")["feed_url"] + "&since=earliest",
    )
    redis.pause()
    page.wait_for_function("() => seen.degraded.length === 1", timeout=LIMIT_S * 1000)
    redis.resume()
    page.wait_for_function("() => seen.degraded.length === 2", timeout=LIMIT_S * 1000)
    host.publish("train", {"step": 2})
    page.wait_for_function("() => seen.message.length === 2", timeout=LIMIT_S * 1000)
    assert page.evaluate("() => seen") == {
        "message": [{"step": 1}, {"step": 2}],
        "degraded": [{"op": "degraded", "reason": ""}, {"op": "degraded"}],
    }
