"""What `import livedash as ld` gives, and how fast."""

from __future__ import annotations

import json
import subprocess
import sys

import livedash
from livedash import version

NAMES = {
    *("push", "room", "source", "sources", "connect", "serve", "status"),
    *("show", "line", "number", "table", "log", "figure", "dashboard"),
    *("share", "links"),
}
OF_IPYTHON = ("load_ipython_extension", "unload_ipython_extension")  # what %load_ext looks for
HEAVY = {"pandas", "numpy", "plotly", "IPython", "ipywidgets", "anywidget", "narwhals", "tornado.web", "jupyter_server"}
IMPORT_LIMIT_S = 0.15
TRIES = 7

MEASURE = """
import json, sys, time
before = time.perf_counter()
import livedash
took = time.perf_counter() - before
print(json.dumps({"took": took, "modules": sorted(sys.modules)}))
"""


def fresh_import() -> dict[str, object]:
    """`import livedash` in a Python of its own: how long it took and which modules are there after it."""
    run = subprocess.run([sys.executable, "-c", MEASURE], check=True, capture_output=True, text=True)
    answer: dict[str, object] = json.loads(run.stdout)
    return answer


def test_all_names_are_there() -> None:
    assert set(dir(livedash)) >= NAMES
    assert all(getattr(livedash, name) is not None for name in NAMES)
    assert set(livedash.__all__) >= NAMES
    assert all(callable(getattr(livedash, name)) for name in OF_IPYTHON)


def test_unknown_name_is_an_attribute_error() -> None:
    assert not hasattr(livedash, "no_such_name")


def test_import_is_fast() -> None:
    fastest = min(float(str(fresh_import()["took"])) for _ in range(TRIES))
    assert fastest < IMPORT_LIMIT_S


def test_import_loads_nothing_heavy() -> None:
    loaded = fresh_import()["modules"]
    assert isinstance(loaded, list)
    assert HEAVY & set(loaded) == set()


def test_version_is_there() -> None:
    assert livedash.__version__ == version.__version__
