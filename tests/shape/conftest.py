"""Fixtures of the shape tests."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.end_to_end.serve import ServeProcess


@pytest.fixture
def serve(tmp_path: Path) -> Iterator[ServeProcess]:
    """A running `livedash serve`."""
    with ServeProcess(tmp_path / "serve") as process:
        yield process
