"""Fixtures of the panels' tests."""

from __future__ import annotations

import atexit
from collections.abc import Iterator

import pytest

from livedash.client.process import Process


@pytest.fixture
def process(monkeypatch: pytest.MonkeyPatch) -> Iterator[Process]:
    """A process of its own, whose hub is inside it."""
    monkeypatch.delenv("LIVEDASH_URL", raising=False)
    made = Process()
    yield made
    atexit.unregister(made._last_flush.run)
