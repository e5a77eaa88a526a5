"""What `pip install` brings: built without Node.js, and switched on in Jupyter by itself."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
import sysconfig
import tarfile
import zipfile
from pathlib import Path

import pytest

from livedash.version import __version__
from tests.shape.source_tree import FRONTEND, ROOT, modules

DATA = f"livedash-{__version__}.data/data"
SHIPPED_FRONTEND = {"client.js", "page.js", "widget.js", "widget_inline.js"}
RUN_LIMIT_S = 100
COLOUR = re.compile(r"\x1b\[[0-9;]*m")


def run(*command: str | Path, home: Path) -> str:
    """What a command writes, colours left out. Nothing is on its PATH; Jupyter's folders are its own."""
    folders = {name: str(home / name) for name in ("JUPYTER_CONFIG_DIR", "JUPYTER_DATA_DIR", "JUPYTER_RUNTIME_DIR")}
    environment = {"HOME": str(home), "PATH": os.devnull, "LANG": "C.UTF-8", **folders}
    done = subprocess.run(
        command, env=environment, cwd=home, capture_output=True, text=True, timeout=RUN_LIMIT_S, check=False
    )
    output = COLOUR.sub("", done.stdout + done.stderr)
    assert done.returncode == 0, output
    return output


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("home")


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory, home: Path) -> Path:
    """A folder with the sdist, and the wheel that was built from it, with nothing on PATH: no Node.js, no compiler."""
    folder = tmp_path_factory.mktemp("built")
    run(sys.executable, "-m", "build", "--no-isolation", "--outdir", folder, ROOT, home=home)
    return folder


@pytest.fixture(scope="module")
def wheel(built: Path) -> Path:
    return next(built.glob("*.whl"))


@pytest.fixture(scope="module")
def fresh_python(tmp_path_factory: pytest.TempPathFactory, wheel: Path, home: Path) -> Path:
    """The Python of a fresh venv with the wheel in it. What the wheel depends on is taken from the tests' own venv.

    A line in a .pth file adds that venv's packages without running its .pth files, so its editable livedash stays out.
    """
    folder = tmp_path_factory.mktemp("fresh")
    run(sys.executable, "-m", "venv", "--without-pip", folder, home=home)
    python = folder / "bin" / "python"
    packages = folder / "lib" / f"python{sys.version_info.major}.{sys.version_info.minor}" / "site-packages"
    (packages / "dependencies.pth").write_text(sysconfig.get_path("purelib") + "\n")
    pip = (sys.executable, "-m", "pip", "--disable-pip-version-check", "--python", python)
    run(*pip, "install", "--quiet", "--no-deps", "--no-index", wheel, home=home)
    return python


def names(wheel: Path) -> set[str]:
    with zipfile.ZipFile(wheel) as archive:
        return set(archive.namelist())


def test_wheel_has_each_module_and_the_built_front_end(wheel: Path) -> None:
    python = {name for name in names(wheel) if name.endswith(".py")}
    assert python == {
        str(path.relative_to(ROOT if module.partition(".")[0] == "livedash" else ROOT / "jupyter_extension"))
        for module, path in modules().items()
    }
    assert {f"livedash/frontend/dist/{name}" for name in SHIPPED_FRONTEND} <= names(wheel)
    assert "livedash/py.typed" in names(wheel)
    assert {f"livedash/notebooks/{path.name}" for path in (ROOT / "notebooks").glob("*.ipynb")} <= names(wheel)


def test_wheel_has_nothing_that_only_developers_need(wheel: Path) -> None:
    frontend = {name for name in names(wheel) if name.startswith("livedash/frontend/")}
    assert {name for name in frontend if not name.startswith("livedash/frontend/dist/")} == set()
    assert {name.partition("/")[0] for name in names(wheel)} == {
        "livedash",
        "livedash_jupyter",
        f"livedash-{__version__}.data",
        f"livedash-{__version__}.dist-info",
    }


def test_wheel_switches_the_server_extension_and_the_renderer_on(wheel: Path) -> None:
    config = f"{DATA}/etc/jupyter/jupyter_server_config.d/livedash.json"
    with zipfile.ZipFile(wheel) as archive:
        assert json.loads(archive.read(config)) == {"ServerApp": {"jpserver_extensions": {"livedash_jupyter": True}}}
    extension = ROOT / "jupyter_extension" / "labextension"
    shared = {path.relative_to(extension) for path in extension.rglob("*") if path.is_file()}
    assert {f"{DATA}/share/jupyter/labextensions/livedash/{path}" for path in shared} <= names(wheel)
    assert Path("package.json") in shared


def test_sdist_holds_what_the_tests_and_the_front_end_s_build_need(built: Path) -> None:
    with tarfile.open(next(built.glob("*.tar.gz"))) as archive:
        held = {name.partition("/")[2] for name in archive.getnames()}
    frontend = {str(path.relative_to(ROOT)) for path in FRONTEND.glob("*.json")}
    assert {"LICENSE", "README.md", "CHANGELOG.md", "Makefile", "tests/conftest.py", *frontend} <= held
    assert not [name for name in held if "node_modules" in name]


def test_server_extension_is_on_after_the_install(fresh_python: Path, home: Path) -> None:
    listed = run(fresh_python, "-m", "jupyter_server.extension.serverextension", "list", home=home)
    lines = {line.strip() for line in listed.splitlines()}
    assert {"livedash_jupyter enabled", f"livedash_jupyter {__version__} OK"} <= lines


def test_lab_extension_is_on_after_the_install(fresh_python: Path, home: Path) -> None:
    listed = run(fresh_python, "-m", "jupyterlab.labextensions", "list", home=home)
    line = next(line for line in listed.splitlines() if "livedash v" in line)
    assert line.split()[:4] == ["livedash", f"v{__version__}", "enabled", "OK"]


def test_installed_package_is_the_wheel_s_and_its_command_runs(fresh_python: Path, home: Path) -> None:
    imported = run(fresh_python, "-c", "import livedash; print(livedash.__file__)", home=home)
    assert Path(imported.strip()).is_relative_to(fresh_python.parents[1])
    assert __version__ in run(fresh_python.with_name("livedash"), "--version", home=home)
