"""Looks at the gallery in a real browser: screenshots of each scene in light and dark, or how fast it draws.

python tests/benchmarks/panel_gallery.py shots FOLDER [SCENE …]        python tests/benchmarks/panel_gallery.py speed [SCENE …]
"""

from __future__ import annotations

import http.server
import shutil
import subprocess
import sys
import tempfile
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from importlib import resources
from pathlib import Path

from playwright.sync_api import ConsoleMessage, Page, sync_playwright

FRONTEND = Path(__file__).parents[2] / "livedash" / "frontend"
ARGUMENTS = ["--no-sandbox", "--disable-gpu", "--no-first-run", "--disable-background-networking", "--disable-sync"]
SCENES = ["auto", "board", "runs", "figure", "states", "keyed"]
SPEED_SCENES = ["job", "load", "long", "many", "keyed"]
SECONDS = 6


class Quiet(http.server.SimpleHTTPRequestHandler):
    def log_message(self, *_: object) -> None:
        pass


@contextmanager
def served() -> Iterator[str]:
    """The built gallery, and plotly.js where a server of ours has it."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        esbuild = [
            "node_modules/.bin/esbuild",
            "tests/gallery/gallery.ts",
            "--bundle",
            "--format=esm",
            "--loader:.css=text",
        ]
        subprocess.run(
            [*esbuild, f"--outfile={folder / 'gallery.js'}", "--log-level=warning"], cwd=FRONTEND, check=True
        )
        style = "<style>body { margin: 0; padding: 12px } </style>"
        script = '<script type="module" src="gallery.js"></script>'
        (folder / "index.html").write_text(
            f"<!doctype html><meta charset=utf-8><link rel=icon href=data:,>{style}<body>{script}</body>"
        )
        (folder / "static").mkdir()
        plotly = resources.files("plotly") / "package_data" / "plotly.min.js"
        (folder / "static" / "plotly.min.js").write_bytes(plotly.read_bytes())
        server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), partial(Quiet, directory=name))
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_address[1]}/"
        server.shutdown()


def tell_error(message: ConsoleMessage) -> None:
    if message.type == "error":
        print("console:", message.text)


@contextmanager
def page_of(width: int = 1180, height: int = 900) -> Iterator[Page]:
    browser_path = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=browser_path, args=ARGUMENTS)
        page = browser.new_page(viewport={"width": width, "height": height})
        page.on("pageerror", lambda error: print("page error:", error))
        page.on("console", tell_error)
        yield page
        browser.close()


def shots(target: Path, scenes: list[str]) -> None:
    target.mkdir(parents=True, exist_ok=True)
    with served() as url, page_of() as page:
        for scene in scenes:
            for theme in ("light", "dark"):
                page.goto(f"{url}?scene={scene}&theme={theme}")
                page.wait_for_timeout(2500 if scene == "figure" else 700)
                page.screenshot(path=target / f"{scene}-{theme}.png", full_page=True)


COUNT_FRAMES = """seconds => new Promise((done) => {
  const stamps = [];
  const frame = (now) => {
    stamps.push(now);
    if (now - stamps[0] < seconds * 1000) requestAnimationFrame(frame);
    else {
      const gaps = stamps.slice(1).map((stamp, at) => stamp - stamps[at]).sort((a, b) => a - b);
      done({ fps: gaps.length / ((stamps.at(-1) - stamps[0]) / 1000), p95: gaps[Math.floor(gaps.length * 0.95)] });
    }
  };
  requestAnimationFrame(frame);
})"""
FRAMES_DRAWN = "() => gallery.client.statistics().panels.map((panel) => panel.frames)"


def speed(scenes: list[str]) -> None:
    """Frames a second of the page and of each panel, and the share of the time in which the main thread was busy."""
    with served() as url, page_of(1024, 900) as page:
        session = page.context.new_cdp_session(page)
        session.send("Performance.enable")

        def busy_s() -> float:
            metrics = session.send("Performance.getMetrics")["metrics"]
            return next(float(metric["value"]) for metric in metrics if metric["name"] == "TaskDuration")

        for scene in scenes:
            page.goto(f"{url}?scene={scene}&live")
            page.wait_for_timeout(1500)
            drawn, busy = page.evaluate(FRAMES_DRAWN), busy_s()
            told = page.evaluate(COUNT_FRAMES, SECONDS)
            share = (busy_s() - busy) / SECONDS
            rates = [
                (after - before) / SECONDS for before, after in zip(drawn, page.evaluate(FRAMES_DRAWN), strict=True)
            ]
            print(
                f"{scene:8} {told['fps']:5.1f} frames/s, p95 {told['p95']:5.1f} ms, "
                f"panels {min(rates):5.1f}–{max(rates):.1f}/s, main thread {share:.0%}"
            )


if __name__ == "__main__":
    command, *rest = sys.argv[1:]
    if command == "shots":
        shots(Path(rest[0]), rest[1:] or SCENES)
    else:
        speed(rest or SPEED_SCENES)
