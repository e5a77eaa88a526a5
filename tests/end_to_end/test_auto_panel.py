"""The panels that a page chooses for a room: there is always one."""

from __future__ import annotations

from playwright.sync_api import Page, expect

from tests.end_to_end.hosts import Host
from tests.end_to_end.serve import ServeProcess

LIMIT_MS = 30_000


def test_room_of_nothing_but_steps_is_a_table_until_there_is_something_to_draw(serve: ServeProcess, page: Page) -> None:
    host = Host(serve.url, serve.token)
    host.publish("train", {"step": 41}, {"step": 42})
    page.goto(f"{serve.url}view?room=train&key={serve.token}")
    table = page.locator(".ld-panel-table")
    expect(table).to_contain_text("42", timeout=LIMIT_MS)
    host.publish("train", {"step": 43, "loss": 0.25})
    expect(page.locator(".ld-panel-line")).to_be_visible(timeout=LIMIT_MS)
    expect(table).to_have_count(0)
