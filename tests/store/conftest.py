"""Fixtures of the store's tests: each store there is, and a hub that tells it what happens."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from livedash.store.contract import Store
from livedash.store.sqlite import SqliteStore
from livedash.testing.store import MemoryStore
from tests.store.told_hub import ToldHub

Opener = Callable[[], Store]


@pytest.fixture(params=["memory", "sqlite"])
def reopen(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Opener]:
    """Gives the store as a process that begins sees it: what was written before is in it."""
    memory = MemoryStore()
    opened: list[Store] = []

    def open_again() -> Store:
        store: Store = memory if request.param == "memory" else SqliteStore(tmp_path / "data")
        store.open()
        opened.append(store)
        return store

    yield open_again
    for store in opened:
        store.close(is_complete=False)


@pytest.fixture
def told() -> ToldHub:
    counter = itertools.count(1)
    return ToldHub(lambda: f"e{next(counter)}")
