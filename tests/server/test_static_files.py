from __future__ import annotations

import gzip
from collections.abc import Iterator
from importlib import util
from pathlib import Path
from typing import Any

import pytest

from livedash.server.static_files import PLOTLY, front_end_version, static_file


@pytest.fixture(autouse=True)
def _forgotten() -> Iterator[None]:
    """What is read once is read anew by each test, and by those that come after."""
    for read in (static_file, front_end_version):
        read.cache_clear()
    yield
    for read in (static_file, front_end_version):
        read.cache_clear()


@pytest.mark.parametrize("name", ["client.js", "page.js", "widget.js", "widget_inline.js", PLOTLY])
def test_each_file_has_its_type_and_is_the_same_zipped(name: str) -> None:
    file = static_file(name)
    assert file is not None
    assert file.content_type == "text/javascript; charset=utf-8"
    assert gzip.decompress(file.zipped) == file.content
    assert len(file.zipped) < len(file.content)
    assert file.etag.startswith('"')
    assert static_file(name) is file


def test_different_files_have_different_etags() -> None:
    files = [static_file(name) for name in ("client.js", "page.js")]
    assert len({file.etag for file in files if file}) == 2


@pytest.mark.parametrize(
    "name",
    [
        *("", ".", "..", "../client.js", "..\\client.js", "/etc/x.js", "dist/client.js", "client.js/", "client.js\0"),
        *("nothing.js", "client", "package.json", "client.html"),
    ],
)
def test_nothing_else_is_a_file_of_the_front_end(name: str) -> None:
    assert static_file(name) is None


def test_the_version_changes_with_the_build(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    before = front_end_version()
    assert before == front_end_version()
    dist = tmp_path / "frontend" / "dist"
    dist.mkdir(parents=True)
    (dist / "client.js").write_text("other")
    monkeypatch.setattr("importlib.resources.files", lambda package: tmp_path)
    for read in (static_file, front_end_version):
        read.cache_clear()
    assert front_end_version() not in (before, "")


def test_without_plotly_there_is_no_file_of_it(monkeypatch: pytest.MonkeyPatch) -> None:
    found = util.find_spec

    def no_plotly(name: str, *rest: Any) -> Any:
        return None if name == "plotly" else found(name, *rest)

    monkeypatch.setattr("importlib.util.find_spec", no_plotly)
    assert static_file(PLOTLY) is None
