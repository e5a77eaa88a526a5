"""Each notebook runs to its end, with a hub inside its kernel and with one elsewhere; none is kept with outputs."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import nbformat
import pytest

from tests.end_to_end.serve import ServeProcess
from tests.shape.notebook_run import run_notebook
from tests.shape.source_tree import ROOT, files

NOTEBOOKS = list(files(ROOT / "notebooks", ".ipynb"))
NUMBERED = re.compile(r"\d\d_[a-z0-9_]+")


def read(path: Path) -> Any:
    reader: Any = nbformat
    return reader.read(path, as_version=4)


def test_there_are_notebooks_and_they_are_numbered_in_their_order() -> None:
    assert NOTEBOOKS
    assert all(NUMBERED.fullmatch(path.stem) for path in NOTEBOOKS)
    assert [int(path.stem[:2]) for path in NOTEBOOKS] == list(range(1, len(NOTEBOOKS) + 1))


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_notebook_is_valid_and_kept_without_outputs(path: Path) -> None:
    notebook = read(path)
    validator: Any = nbformat
    validator.validate(notebook)
    cells = [cell for cell in notebook.cells if cell.cell_type == "code"]
    assert [cell.source for cell in cells if cell.outputs or cell.execution_count] == []


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_notebook_runs_with_a_hub_inside_the_kernel(path: Path, tmp_path: Path) -> None:
    run_notebook(read(path), tmp_path, {})


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_notebook_runs_with_a_hub_elsewhere(path: Path, tmp_path: Path, serve: ServeProcess) -> None:
    run_notebook(read(path), tmp_path, serve.environment)
