"""A hub for the tests of a file, and the processes that publish to it."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.client.outside import Outside
from tests.end_to_end.serve import ServeProcess


@pytest.fixture(scope="module")
def serve(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ServeProcess]:
    """A running `livedash serve`; a test that ends it takes one of its own."""
    with ServeProcess(Path(tmp_path_factory.mktemp("serve"))) as process:
        yield process


@pytest.fixture
def outside(serve: ServeProcess, tmp_path: Path) -> Outside:
    """Scripts that publish to `serve`, and what came of it."""
    return Outside(serve, tmp_path)
