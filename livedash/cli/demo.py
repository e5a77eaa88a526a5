"""`livedash demo`: a dashboard on real input, or a notebook in JupyterLab."""

from __future__ import annotations

import shutil
import subprocess
import sys
import tempfile
import webbrowser
from importlib import resources, util
from pathlib import Path
from typing import Annotated

import typer

from livedash.errors import MissingExtraError

_INSTALL = 'pip install "livedash[demo]"'


def demo(
    notebook: Annotated[bool, typer.Option("--notebook", help="Open JupyterLab on a live notebook instead.")] = False,
    browser: Annotated[bool, typer.Option(help="Open the page in a browser.")] = True,
    port: Annotated[int, typer.Option(help="Port to listen on; 0 for any free one.", min=0, max=65535)] = 0,
    seconds: Annotated[float | None, typer.Option(help="End after so long; else at Ctrl+C.")] = None,
) -> None:
    """Show what livedash does: this machine, a training run and the stock market, live on one page."""
    if notebook:
        _open_notebook(browser, port)
        return
    _check_installed("sklearn")
    from livedash.cli.demo_run import run_demo

    def on_started(url: str) -> None:
        typer.echo(f"the demo is at {url}  (Ctrl+C ends it)")
        if browser:
            webbrowser.open(url)

    run_demo(on_started, port=port, seconds=seconds)


def _open_notebook(browser: bool, port: int) -> None:
    """On a copy: the user may change it."""
    _check_installed("jupyterlab")
    _check_installed("sklearn")
    folder = Path(tempfile.mkdtemp(prefix="livedash-demo-"))
    for name in ("01_first_chart.ipynb", "02_training_run.ipynb", "03_share_a_feed.ipynb"):
        shutil.copy(_notebook(name), folder / name)
    flags = [] if browser else ["--no-browser"]
    ports = [f"--ServerApp.port={port}"] if port else []
    if sys.platform != "win32" and _is_root():
        flags.append("--allow-root")
    target = "--LabApp.default_url=/lab/tree/02_training_run.ipynb"
    command = [sys.executable, "-m", "jupyterlab", f"--ServerApp.root_dir={folder}", target, *flags, *ports]
    raise typer.Exit(subprocess.run(command, check=False).returncode)


def _notebook(name: str) -> Path:
    """In the wheel below the package; in a checkout beside it."""
    packed = Path(str(resources.files("livedash"))) / "notebooks" / name
    return packed if packed.is_file() else Path(str(resources.files("livedash"))).parent / "notebooks" / name


def _is_root() -> bool:
    import os

    return os.geteuid() == 0


def _check_installed(module: str) -> None:
    if util.find_spec(module) is None:
        raise MissingExtraError(f"the demo needs {module}: {_INSTALL}")
