from __future__ import annotations

from pathlib import Path

import pytest
from playwright.sync_api import Page

from tests.end_to_end.jupyter import Front, JupyterServer, NotebookPage, write_notebook


@pytest.mark.parametrize("front", list(Front), ids=lambda front: front.value)
def test_cells_run_are_watched_while_busy_and_survive_a_reload(front: Front, tmp_path: Path, page: Page) -> None:
    folder = tmp_path / "notebooks"
    folder.mkdir()
    wait = "import pathlib, time\nwhile not pathlib.Path('go').exists():\n    time.sleep(0.05)\nprint('went')"
    write_notebook(folder / "demo.ipynb", ["print(6 * 7)", "1 / 0", wait])
    with JupyterServer(front, folder, tmp_path / "home") as server:
        notebook = NotebookPage(page)
        notebook.open(server.notebook_url("demo.ipynb"))
        assert notebook.run_to_end(0).strip().endswith("42")
        with pytest.raises(RuntimeError, match="ZeroDivisionError"):
            notebook.run_to_end(1)
        notebook.run_cell(2)
        assert notebook.is_busy(2)
        notebook.save()
        notebook.reload()
        notebook.wait_until_shown()
        (folder / "go").touch()
        notebook.wait_until_idle()
        assert "42" in notebook.output_text(0)
