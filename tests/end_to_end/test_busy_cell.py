"""The main job: a panel paints while its cell holds the kernel, and comes back after a reload of the page."""

from __future__ import annotations

from pathlib import Path

import pytest
from playwright.sync_api import Page

from tests.end_to_end.jupyter import Front, JupyterServer, NotebookPage, write_notebook
from tests.end_to_end.panels import painted_offset, panels_of, wait_until_painted

RATE_HZ = 1000
SHOW = "import livedash as ld\nld.show('train')"
PUSH = """import math, time
start = time.perf_counter()
for step in range(1, {count} + 1):
    while time.perf_counter() < start + step / {rate}:
        math.sqrt(step)  # the loop never yields
    ld.push('train', step=step, loss=1 / step, accuracy=1 - 1 / step, rate=1e-3, norm=math.sin(step / 100))"""
RELOADED_LIMIT_S = 15.0
GROWTH_BYTES = 200  # two execution counts


def push(seconds: int) -> str:
    return PUSH.format(count=RATE_HZ * seconds, rate=RATE_HZ)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    made = tmp_path / "root"
    made.mkdir()
    return made


@pytest.mark.parametrize("front", list(Front), ids=lambda front: front.value)
def test_panel_of_an_unknown_room_paints_all_records_of_a_loop_that_never_yields(
    front: Front, folder: Path, tmp_path: Path, page: Page
) -> None:
    seconds = 8
    write_notebook(folder / "demo.ipynb", [SHOW, push(seconds)])
    with JupyterServer(front, folder, tmp_path / "home") as server:
        notebook = NotebookPage(page)
        notebook.open(server.notebook_url("demo.ipynb"))
        notebook.run_to_end(0)
        notebook.save()
        size = (folder / "demo.ipynb").stat().st_size
        notebook.run_cell(1)
        wait_until_painted(page, "train", RATE_HZ)
        assert notebook.is_busy(1)
        notebook.wait_for_end(1)
        assert notebook.error(1) is None
        wait_until_painted(page, "train", RATE_HZ * seconds)
        assert painted_offset(page, "train") == RATE_HZ * seconds
        assert [panel["dropped"] for panel in panels_of(page, "train") if panel["dropped"]] == []
        notebook.save()
        assert (folder / "demo.ipynb").stat().st_size - size < GROWTH_BYTES
        room = server.request("livedash/rooms/train")
        assert (room["offset"], room["records"]) == (RATE_HZ * seconds, RATE_HZ * seconds)


@pytest.mark.parametrize("front", list(Front), ids=lambda front: front.value)
def test_reload_brings_the_panel_back_with_its_history_while_the_cell_still_runs(
    front: Front, folder: Path, tmp_path: Path, page: Page
) -> None:
    write_notebook(folder / "demo.ipynb", [SHOW, push(20)])
    with JupyterServer(front, folder, tmp_path / "home") as server:
        notebook = NotebookPage(page)
        notebook.open(server.notebook_url("demo.ipynb"))
        notebook.run_to_end(0)
        notebook.run_cell(1)
        wait_until_painted(page, "train", 2 * RATE_HZ)
        seen = painted_offset(page, "train")
        notebook.reload()
        wait_until_painted(page, "train", seen + 1, RELOADED_LIMIT_S)
        wait_until_painted(page, "train", painted_offset(page, "train") + RATE_HZ)
        assert [kernel["execution_state"] for kernel in server.request("api/kernels")] == ["busy"]
