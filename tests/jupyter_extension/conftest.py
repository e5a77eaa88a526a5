"""Fixtures of the server extension's tests."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable
from functools import partial
from pathlib import Path

import pytest

from tests.jupyter_extension.jupyter_host import JupyterServed, jupyter

Start = Callable[..., Awaitable[JupyterServed]]


@pytest.fixture
async def start(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Start]:
    """Starts a Jupyter server with these traits; it ends with the test."""
    started: list[JupyterServed] = []
    begin = partial(jupyter, tmp_path, monkeypatch)

    async def start_one(**traits: object) -> JupyterServed:
        started.append(await begin(**traits))
        return started[-1]

    yield start_one
    for each in started:
        await each.close()


@pytest.fixture
async def served(start: Start) -> JupyterServed:
    """A Jupyter server as it comes."""
    return await start()
