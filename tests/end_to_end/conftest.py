"""Fixtures of the end-to-end tests: real servers, a real browser, a network that can fail."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, BrowserContext, Page

from tests.end_to_end.browser import chromium, fresh_context
from tests.end_to_end.serve import ServeProcess


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """Contexts share nothing but the process."""
    with chromium() as started:
        yield started


@pytest.fixture
def context(browser: Browser) -> Iterator[BrowserContext]:
    with fresh_context(browser) as fresh:
        yield fresh


@pytest.fixture
def page(context: BrowserContext) -> Page:
    return context.new_page()


@pytest.fixture
def serve(tmp_path: Path) -> Iterator[ServeProcess]:
    """A running `livedash serve`."""
    with ServeProcess(tmp_path / "serve") as process:
        yield process
