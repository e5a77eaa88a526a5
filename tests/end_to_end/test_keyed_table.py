"""A keyed room is a table of one row a key, whichever transport brings it: its content is the room's snapshot."""

from __future__ import annotations

import re
import sys
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from tests.end_to_end.browser import PageErrors
from tests.end_to_end.hosts import Host
from tests.end_to_end.panels import statistics, wait_until_painted
from tests.end_to_end.processes import running
from tests.end_to_end.serve import ServeProcess

LIMIT_S = 30.0
SCRIPT = """
import random
import livedash as ld

dice = random.Random(7)
room = ld.room("prices", key="symbol")
ld.push("prices", symbol="QUIET", price=1.0, venue="never updated")
for number in range(12_000):
    symbol = f"SYM{dice.randrange(200):03}"
    if dice.random() < 0.1:
        ld.push("prices", symbol=symbol, _deleted=True)
    else:
        record = {"symbol": symbol, "price": round(dice.uniform(1, 500), 2), "size": dice.randrange(1000)}
        ld.push("prices", record | ({"venue": "XNAS"} if dice.random() < 0.5 else {}))
assert ld.flush() == 0
"""
SLOW_SCRIPT = """
import time
import livedash as ld

ld.room("prices", key="symbol")
ld.push("prices", symbol="LIVE", price=0)
ld.push("prices", [{"symbol": f"SYM{number}", "price": 0} for number in range(300)])
for price in range(1, 1_000_000):
    ld.push("prices", symbol="LIVE", price=price)
    time.sleep(0.01)
"""
# the table is scrolled through: only the rows in view are in the page
ROWS = """async () => {
  const frame = () => new Promise(requestAnimationFrame);
  const scroll = document.querySelector(".ld-scroll");
  const names = [...document.querySelectorAll("[role=columnheader]")].map((head) => head.textContent);
  const rows = new Map();
  for (scroll.scrollTop = 0; ; scroll.scrollTop += scroll.clientHeight / 2) {
    await frame();
    await frame();
    for (const row of document.querySelectorAll(".ld-line-row")) {
      rows.set(Number(row.ariaRowIndex), Object.fromEntries(names.map((name, at) => [name, row.children[at].textContent])));
    }
    if (scroll.scrollTop + scroll.clientHeight >= scroll.scrollHeight - 1) break;
  }
  scroll.scrollTop = 0;
  await frame();
  return [...rows].sort(([one], [other]) => one - other).map(([, row]) => row);
}"""
NO_SOCKETS = "delete globalThis.WebSocket;"
NO_STREAMS = """{
  const plain = globalThis.fetch;
  const isFeed = (url) => new URL(url, location.href).pathname.endsWith("/feed");
  globalThis.fetch = (url, ...rest) => (isFeed(url) ? Promise.reject(new TypeError("no streams here")) : plain(url, ...rest));
}"""
WITHOUT = {"websocket": "", "sse": NO_SOCKETS, "longpoll": NO_SOCKETS + NO_STREAMS}
NOTE_FLASHES = """
globalThis.flashes = new Set();
addEventListener("animationstart", ({ target }) => flashes.add(target.dataset.tone), true);
"""


def snapshot(serve: ServeProcess) -> tuple[int, list[dict[str, Any]]]:
    """The room's offset, and the latest record of each key."""
    host = Host(serve.url, serve.token)
    status, records = host.ask("GET", "rooms/prices/records?since=snapshot")
    assert status == 200, records
    return host.ask("GET", "rooms/prices")[1]["offset"], records


def plain(rows: list[dict[str, str]]) -> list[dict[str, Any]]:
    """The records that rows show, as far as a text tells."""
    return [
        {"symbol": row["symbol"], "venue": row["venue"], "price": float(row["price"]), "size": row["size"]}
        for row in rows
    ]


def as_shown(records: list[dict[str, Any]]) -> list[dict[str, Any]]:
    return [
        {
            "symbol": record["symbol"],
            "venue": record.get("venue", ""),
            "price": record["price"],
            "size": str(record.get("size", "")),
        }
        for record in records
    ]


@pytest.mark.parametrize("transport", WITHOUT)
def test_table_has_what_the_room_has_in_its_order_and_after_a_reload_too(
    serve: ServeProcess, tmp_path: Path, page: Page, transport: str
) -> None:
    (tmp_path / "push.py").write_text(SCRIPT)
    errors = PageErrors(page)
    page.add_init_script(WITHOUT[transport] + NOTE_FLASHES)
    page.goto(f"{serve.url}view?room=prices&key={serve.token}")
    expect(page.locator(".ld-message")).to_contain_text("Waiting", timeout=LIMIT_S * 1000)
    command = [sys.executable, "push.py"]
    with running(command, log_path=tmp_path / "push.log", folder=tmp_path, extra=serve.environment) as script:
        assert script.process.wait(LIMIT_S) == 0, script.log()
    offset, records = snapshot(serve)
    assert len(records) > 150
    assert records[0]["symbol"] == "QUIET"
    wait_until_painted(page, "prices", offset, LIMIT_S)
    assert plain(page.evaluate(ROWS)) == as_shown(records)
    expect(page.locator(".ld-count")).to_have_text(f"{len(records)} rows")
    Host(serve.url, serve.token).publish("prices", {"symbol": "QUIET", "price": 0.5, "venue": "at last"})
    offset, records = snapshot(serve)
    wait_until_painted(page, "prices", offset, LIMIT_S)
    page.wait_for_function("() => flashes.has('down')", timeout=LIMIT_S * 1000)
    page.reload()
    wait_until_painted(page, "prices", offset, LIMIT_S)
    assert plain(page.evaluate(ROWS)) == as_shown(records)
    assert statistics(page)["transport"] == transport
    assert errors.messages == []


def test_table_of_ten_thousand_keys_has_few_rows_in_the_page_and_sorts_by_what_is_newest(
    serve: ServeProcess, page: Page
) -> None:
    host = Host(serve.url, serve.token)
    assert host.ask("PUT", "rooms/prices", {"key": "symbol"})[0] == 200
    host.publish("prices", *({"symbol": f"S{number}", "price": number} for number in range(10_000)))
    page.goto(f"{serve.url}view?room=prices&key={serve.token}")
    expect(page.locator(".ld-count")).to_have_text("10,000 rows", timeout=LIMIT_S * 1000)
    page.locator(".ld-scroll").evaluate("(scroll) => { scroll.scrollTop = scroll.scrollHeight; }")
    expect(page.locator(".ld-line-row", has_text="S9999")).to_be_visible()
    assert page.locator(".ld-line-row").count() < 50
    page.get_by_role("columnheader", name="price").click()
    top = page.locator(".ld-line-row[aria-rowindex='1'] > :first-child")
    expect(top).to_have_text("S9999")
    host.publish("prices", {"symbol": "S17", "price": 20_000}, {"symbol": "S9999", "_deleted": True})
    expect(top).to_have_text("S17")
    expect(page.locator(".ld-count")).to_have_text("9999 rows")
    expect(page.locator(".ld-line-row", has_text="S9999")).to_have_count(0)


def test_who_asked_for_less_motion_sees_no_flash(serve: ServeProcess, page: Page) -> None:
    host = Host(serve.url, serve.token)
    assert host.ask("PUT", "rooms/prices", {"key": "symbol"})[0] == 200
    host.publish("prices", {"symbol": "A", "price": 1})
    page.emulate_media(reduced_motion="reduce")
    page.add_init_script(NOTE_FLASHES)
    page.goto(f"{serve.url}view?room=prices&key={serve.token}")
    price = page.locator(".ld-line-row > :nth-child(2)")
    expect(price).to_have_text("1", timeout=LIMIT_S * 1000)
    host.publish("prices", {"symbol": "A", "price": 2})
    expect(price).to_have_text("2")
    assert price.evaluate("(cell) => [cell.dataset.tone, cell.getAnimations().length, flashes.size]") == ["up", 0, 0]


def test_hub_that_begins_anew_gets_the_key_back_and_the_table_goes_on(
    serve: ServeProcess, tmp_path: Path, page: Page
) -> None:
    (tmp_path / "push.py").write_text(SLOW_SCRIPT)
    command = [sys.executable, "push.py"]
    with running(command, log_path=tmp_path / "push.log", folder=tmp_path, extra=serve.environment):
        page.goto(f"{serve.url}view?room=prices&key={serve.token}")
        count, price = page.locator(".ld-count"), page.locator(".ld-line-row", has_text="LIVE").locator(":nth-child(2)")
        expect(count).to_have_text("301 rows", timeout=LIMIT_S * 1000)
        before = int(price.inner_text().replace(",", ""))
        serve.stop()
        serve.start()
        expect(price).not_to_have_text(re.compile(rf"^{before}$"), timeout=LIMIT_S * 1000)
        page.wait_for_function(
            """(before) => {
              const row = [...document.querySelectorAll(".ld-line-row")].find((row) => row.textContent.startsWith("LIVE"));
              return Number(row?.children[1].textContent.replaceAll(",", "")) > before + 50;
            }""",
            arg=before,
            timeout=LIMIT_S * 1000,
        )
        expect(count).to_have_text("301 rows")
        assert Host(serve.url, serve.token).ask("GET", "rooms/prices")[1]["settings"] == {"key": "symbol"}
        page.reload()
        expect(count).to_have_text("301 rows", timeout=LIMIT_S * 1000)
