"""A source that fails says so, and with what, in its room's panels, as long as it fails."""

from __future__ import annotations

import contextlib
import sys
from collections.abc import Iterator
from pathlib import Path

from playwright.sync_api import Page, expect

from tests.end_to_end.processes import Running, running
from tests.end_to_end.serve import ServeProcess

LIMIT_S = 15.0
SCRIPT = """
import pathlib, time
import livedash as ld

print(ld.share("cpu", expires="1h").url, flush=True)

@ld.source("cpu", every="0.2s")
def read_furnace():
    if not pathlib.Path("mended").exists():
        raise TimeoutError("no answer from 10.0.4.17")
    return {"celsius": 812.5}

time.sleep(60)
"""


@contextlib.contextmanager
def script_with_a_source(folder: Path, serve: ServeProcess) -> Iterator[Running]:
    (folder / "script.py").write_text(SCRIPT)
    command = [sys.executable, "script.py"]
    with running(command, log_path=folder / "script.log", folder=folder, extra=serve.environment) as script:
        yield script


def test_panel_of_a_room_without_a_record_shows_the_error_until_the_source_is_well(tmp_path: Path, page: Page) -> None:
    with ServeProcess(tmp_path / "hub") as serve, script_with_a_source(tmp_path, serve):
        page.goto(f"{serve.url}view?room=cpu&key={serve.token}")
        message, badge = page.locator(".ld-message").first, page.locator(".ld-panel .ld-badge").first
        expect(message).to_contain_text("TimeoutError: no answer from 10.0.4.17", timeout=LIMIT_S * 1000)
        expect(message).to_contain_text("Source read_furnace fails")
        expect(badge).to_have_text("source failing")
        serve.stop()
        serve.start()
        expect(badge).not_to_have_text("source failing", timeout=LIMIT_S * 1000)
        expect(badge).to_have_text("source failing", timeout=LIMIT_S * 1000)
        (tmp_path / "mended").touch()
        expect(badge).not_to_have_text("source failing", timeout=LIMIT_S * 1000)
        expect(page.get_by_text("812.5").first).to_be_visible()
        expect(message).to_be_hidden()


def test_reader_by_a_link_sees_that_a_source_fails_and_nothing_of_the_error(tmp_path: Path, page: Page) -> None:
    with ServeProcess(tmp_path / "hub") as serve, script_with_a_source(tmp_path, serve) as script:
        script.wait_until(lambda: "http://" in script.log(), LIMIT_S, "the script printed its link")
        page.goto(next(word for word in script.log().split() if word.startswith("http://")))
        message = page.locator(".ld-message").first
        expect(message).to_contain_text("Source read_furnace fails", timeout=LIMIT_S * 1000)
        expect(message).not_to_contain_text("TimeoutError")
        assert "10.0.4.17" not in page.content()
