"""Fixtures of the server's tests."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest

from tests.server.served import Served, serve


@pytest.fixture
async def served() -> AsyncIterator[Served]:
    """A running server."""
    running = await serve()
    yield running
    await running.close()
