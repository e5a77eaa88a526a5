"""Cells run from top to bottom in a kernel of their own, as a person runs a notebook."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from nbclient import NotebookClient

CELL_LIMIT_S = 60


def run_notebook(notebook: Any, folder: Path, environment: Mapping[str, str]) -> Any:
    """Runs the notebook with `folder` as its working directory, and gives it back with its outputs.

    CellExecutionError holds the cell's source and its traceback. The kernel has no livedash variable of the caller's,
    only those of `environment`.
    """
    kept = {name: value for name, value in os.environ.items() if not name.startswith("LIVEDASH_")}
    isolated = {"IPYTHONDIR": str(folder / ".ipython"), "JUPYTER_RUNTIME_DIR": str(folder / ".runtime")}
    client = NotebookClient(
        notebook,
        timeout=CELL_LIMIT_S,
        kernel_name="python3",
        resources={"metadata": {"path": str(folder)}},
    )
    return client.execute(env={**kept, **isolated, **environment})
