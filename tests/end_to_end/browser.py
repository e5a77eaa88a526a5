"""Chromium, the system's own, headless and with a fresh profile."""

from __future__ import annotations

import contextlib
import shutil
from collections.abc import Iterator
from typing import Literal

from playwright.sync_api import Browser, BrowserContext, Page, sync_playwright

NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
ARGUMENTS = (
    "--no-sandbox",  # so that it runs as root, in containers
    "--disable-gpu",
    "--disable-dev-shm-usage",  # containers have a small /dev/shm, and a full one ends the page
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)
WIDTH_PX, HEIGHT_PX = 1280, 900

Scheme = Literal["light", "dark"]


def chromium_path() -> str:
    for name in NAMES:
        if path := shutil.which(name):
            return path
    raise RuntimeError(f"no browser on PATH (looked for {', '.join(NAMES)}); on Debian: apt-get install chromium")


@contextlib.contextmanager
def chromium() -> Iterator[Browser]:
    """A browser of its own, which ends with the block. While it lives, its thread can run no other event loop."""
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium_path(), headless=True, args=list(ARGUMENTS))
        try:
            yield browser
        finally:
            browser.close()


@contextlib.contextmanager
def fresh_context(browser: Browser, *, scheme: Scheme = "light") -> Iterator[BrowserContext]:
    """A context with no cookie, no storage and no cache: another person's browser."""
    context = browser.new_context(viewport={"width": WIDTH_PX, "height": HEIGHT_PX}, color_scheme=scheme)
    try:
        yield context
    finally:
        context.close()


class PageErrors:
    """What a page throws and what it writes to the console as an error, from its making on."""

    def __init__(self, page: Page) -> None:
        self.messages: list[str] = []
        page.on("pageerror", lambda error: self.messages.append(str(error)))
        page.on("console", lambda line: self.messages.append(line.text) if line.type == "error" else None)
