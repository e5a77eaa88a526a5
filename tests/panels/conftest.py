"""Fixtures of the panels' tests."""

from __future__ import annotations

import pytest

from livedash.client.process import Process


@pytest.fixture
def process(monkeypatch: pytest.MonkeyPatch) -> Process:
    """A process of its own, whose hub is inside it."""
    monkeypatch.delenv("LIVEDASH_URL", raising=False)
    return Process()
