"""What the viewer did to a chart stays as it is when JupyterLab's theme is switched, in the middle of a running cell."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from playwright.sync_api import Page

from tests.end_to_end.jupyter import Front, JupyterServer, NotebookPage, write_notebook
from tests.end_to_end.panels import painted_offset, wait_until_painted

SHOW = """import livedash as ld
traces = [
    {'type': 'scatter', 'name': field, 'meta': {'livedash': {'room': 'train', 'x': 'step', 'y': field}}}
    for field in ('loss', 'accuracy')
]
ld.dashboard([[ld.line('train', ['loss', 'accuracy']), ld.figure({'data': traces, 'layout': {}})]])"""
LOOP = """import pathlib, time
step = 0
while not pathlib.Path('stop').exists():
    step += 1
    ld.push('train', step=step, loss=1 / step, accuracy=1 - 1 / step)
    time.sleep(0.01)"""
CHANGE_THEME = "async (theme) => window.jupyterapp.commands.execute('apputils:change-theme', { theme })"
IS_LIGHT = "(isLight) => document.body.dataset.jpThemeLight === String(isLight)"
FIGURE = "document.querySelector('.js-plotly-plot')"
OF_VIEWER = f"""() => ({{
  follows: document.querySelector('.ld-follow').hidden,
  shown: [...document.querySelectorAll('.ld-key')].map((key) => key.ariaPressed),
  ranges: [{FIGURE}._fullLayout.xaxis.range, {FIGURE}._fullLayout.yaxis.range],
  traces: {FIGURE}._fullData.map((trace) => trace.visible),
}})"""
COLOURS = f"""() => [
  document.querySelector('.ld-key i').style.background,
  {FIGURE}._fullData[0].line.color,
]"""
DRAWN = 100  # records that are there before the viewer zooms
MORE = 50


def drag(page: Page, selector: str) -> None:
    box = page.locator(selector).first.bounding_box()
    assert box is not None
    page.mouse.move(box["x"] + box["width"] * 0.3, box["y"] + box["height"] * 0.3)
    page.mouse.down()
    page.mouse.move(box["x"] + box["width"] * 0.6, box["y"] + box["height"] * 0.7, steps=5)
    page.mouse.up()


def of_viewer(page: Page) -> dict[str, Any]:
    state: dict[str, Any] = page.evaluate(OF_VIEWER)
    return state


def draw_more(page: Page) -> None:
    wait_until_painted(page, "train", painted_offset(page, "train") + MORE)


def switch(page: Page, theme: str, is_light: bool) -> None:
    """And goes on until all charts have drawn more records in it."""
    page.evaluate(CHANGE_THEME, theme)
    page.wait_for_function(IS_LIGHT, arg=is_light)
    draw_more(page)


def test_zoom_and_hidden_series_outlive_a_switch_of_the_theme_while_records_come(tmp_path: Path, page: Page) -> None:
    folder = tmp_path / "root"
    folder.mkdir()
    write_notebook(folder / "demo.ipynb", [SHOW, LOOP])
    with JupyterServer(Front.LAB, folder, tmp_path / "home") as server:
        notebook = NotebookPage(page)
        notebook.open(server.notebook_url("demo.ipynb"))
        notebook.run_to_end(0)
        notebook.run_cell(1)
        wait_until_painted(page, "train", DRAWN)
        drag(page, ".ld-plot .u-over")
        drag(page, ".js-plotly-plot .nsewdrag")
        page.locator(".ld-key").nth(1).click()
        page.locator(".js-plotly-plot .legendtoggle").first.click()
        page.wait_for_function(f"() => {FIGURE}._fullData[0].visible === 'legendonly'")
        draw_more(page)
        before, light = of_viewer(page), page.evaluate(COLOURS)
        assert (before["follows"], before["shown"]) == (False, ["true", "false"])
        switch(page, "JupyterLab Dark", False)
        assert of_viewer(page) == before
        assert all(dark != colour for dark, colour in zip(page.evaluate(COLOURS), light, strict=True))
        switch(page, "JupyterLab Light", True)
        assert of_viewer(page) == before
        assert page.evaluate(COLOURS) == light
        (folder / "stop").touch()
