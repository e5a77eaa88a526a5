from __future__ import annotations

import asyncio
import itertools
from collections.abc import AsyncIterator, Callable

import pytest
import pytest_asyncio

from livedash import limits
from livedash.core.hub import Hub
from livedash.core.kept import kept_of
from livedash.core.origin import Origin
from livedash.core.publishers import Request
from livedash.errors import LimitReachedError
from livedash.store.keeper import Keeper
from livedash.testing.store import MemoryStore
from livedash.wire.batch import Batch
from livedash.wire.position import Position
from tests.end_to_end.processes import wait_until
from tests.store.told_hub import looks

LIMIT_S = 20.0
_SERIAL = itertools.count(1)


@pytest.fixture(autouse=True)
def quick_retries(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(limits, "STORE_RETRY_S", 0.01)
    monkeypatch.setattr(limits, "STORE_GATHER_S", 0.005)


class Kept:
    """A hub and its keeper, as long as one process would have them."""

    def __init__(self, store: MemoryStore) -> None:
        self.hub = Hub(_new_id)
        self.store = store
        self.keeper = Keeper(store, self.hub, asyncio.get_running_loop(), _new_id)

    def push(self, *numbers: int, room: str = "train", origin: Origin | None = None) -> Position:
        batch = Batch.from_records([{"n": number} for number in numbers], [0] * len(numbers))
        return self.hub.publish(room, batch, 0, 0.0, origin or Origin())

    def looks(self) -> dict[str, object]:
        return looks(kept_of(room) for room in self.hub.rooms.values())

    async def until_state(self, state: str) -> None:
        await until(lambda: self.keeper.state().state == state)


def _new_id() -> str:
    return f"e{next(_SERIAL)}"


async def until(condition: Callable[[], bool]) -> None:
    """The loop goes on meanwhile."""
    await asyncio.to_thread(wait_until, condition, LIMIT_S, "the keeper gets there")


@pytest.fixture
def store() -> MemoryStore:
    return MemoryStore()


@pytest_asyncio.fixture
async def kept(store: MemoryStore) -> AsyncIterator[Kept]:
    made = Kept(store)
    await made.keeper.open(0)
    yield made
    await made.keeper.close()


def stored(store: MemoryStore) -> dict[str, object]:
    return looks(shelf.kept() for shelf in store._shelves.values())


async def test_all_of_a_hub_that_ended_well_is_there_again(store: MemoryStore, kept: Kept) -> None:
    request = Request("ada", "k1", b"digest")
    kept.push(1, 2, origin=Origin("p1", 7, request=request))
    kept.push(3, room="gone")
    kept.hub.delete("gone")
    before, position = kept.looks(), kept.hub.room("train").position
    await kept.keeper.close()
    again = Kept(store)
    await again.keeper.open(0)
    assert again.looks() == before
    assert again.push(9, origin=Origin("p1", 7)) == position
    assert again.hub.idempotency.answer("train", Request("ada", "k1", b"digest"), 0.0) == position
    assert again.hub.deleted.former("gone") is not None
    await again.keeper.close()


async def test_a_hub_that_was_killed_goes_on_under_another_epoch_that_is_written_before_anybody_hears_it(
    store: MemoryStore, kept: Kept
) -> None:
    request = Request("ada", "k1", b"digest")
    old = kept.push(1, 2, origin=Origin("p1", 7, request=request))
    await until(lambda: len(store.written) == 1)
    again = Kept(store)  # the first one is still there, and never said that it knew all
    await again.keeper.open(0)
    room = again.hub.room("train")
    assert room.epoch != old.epoch
    assert room.continued == {old.epoch: 2}
    assert stored(store)["train"] == again.looks()["train"]
    assert again.push(9, origin=Origin("p1", 7)) == room.position == Position(room.epoch, 2)
    assert again.hub.idempotency.answer("train", Request("ada", "k1", b"digest"), 0.0) == room.position
    await again.keeper.close()


async def test_what_is_too_old_at_the_start_goes_from_the_store_too(store: MemoryStore, kept: Kept) -> None:
    kept.hub.configure("train", {"history_age": 1}, 0, 0.0)
    kept.push(1)
    await kept.keeper.close()
    again = Kept(store)
    await again.keeper.open(60_000_000)
    assert again.hub.room("train").history.records == 0
    await again.keeper.close()
    assert again.looks() == stored(store)
    assert store._shelves["train"].held_from == 2


async def test_a_store_that_can_not_be_opened_leaves_the_hub_as_it_was(store: MemoryStore) -> None:
    store.is_failing = True
    made = Kept(store)
    with pytest.raises(OSError, match="no space left"):
        await made.keeper.open(0)
    made.push(1)
    assert made.hub.room("train").position.offset == 1


async def test_a_disk_that_fails_is_told_and_what_it_missed_is_written_when_it_takes_again(
    store: MemoryStore, kept: Kept
) -> None:
    kept.push(1, room="quiet")
    kept.push(1, 2)
    kept.push(1, room="doomed")
    await until(lambda: len(store.written) == 3)
    store.is_failing = True
    kept.push(3)
    await kept.until_state("failing")
    for number in range(4, 30):
        kept.push(number)
    kept.push(1, room="new")
    kept.hub.delete("doomed")
    state = kept.keeper.state()
    assert state.reason == "no space left on device"
    assert state.rooms_waiting >= 1
    store.is_failing = False
    await kept.until_state("kept")
    kept.push(30)
    await until(lambda: stored(store) == kept.looks())
    assert "doomed" in store._deleted


async def test_a_disk_that_fails_time_and_again_loses_nothing_that_is_still_there(
    store: MemoryStore, kept: Kept
) -> None:
    number = 0
    for turn in range(12):
        store.is_failing = turn % 2 == 0
        for _ in range(15):
            number += 1
            kept.push(number, room=f"r{number % 3}")
            await asyncio.sleep(0.002)
    store.is_failing = False
    await kept.until_state("kept")
    await until(lambda: stored(store) == kept.looks())


async def test_what_comes_faster_than_the_disk_takes_it_is_bounded_and_caught_up_with(
    store: MemoryStore, kept: Kept, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(limits, "STORE_QUEUE_ENTRIES", 10)
    for number in range(1, 200):
        kept.push(number)
        kept.push(number, room="other")
    assert kept.keeper.state().state == "behind"
    assert kept.keeper.state().rooms_waiting == 2
    assert len(kept.keeper._writer._queue) <= 12
    await kept.until_state("kept")
    kept.push(200)
    await until(lambda: stored(store) == kept.looks())


async def test_a_store_that_lost_all_gets_all_rooms_again(store: MemoryStore, kept: Kept) -> None:
    kept.push(1, room="quiet")
    await until(lambda: len(store.written) == 1)
    store.is_failing = True
    kept.push(2)
    await kept.until_state("failing")
    store.forget()
    store.is_failing = False
    await kept.until_state("kept")
    await until(lambda: stored(store) == kept.looks())
    assert set(kept.looks()) == {"quiet", "train"}


async def test_at_the_end_rooms_that_waited_are_written_and_nothing_more_is_taken(
    store: MemoryStore, kept: Kept, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(limits, "STORE_QUEUE_ENTRIES", 3)
    for number in range(1, 50):
        kept.push(number)
    await kept.keeper.close()
    assert stored(store) == kept.looks()
    assert store.is_complete
    with pytest.raises(LimitReachedError):
        kept.push(50)


async def test_who_could_not_write_all_at_the_end_does_not_say_that_it_has(store: MemoryStore, kept: Kept) -> None:
    store.is_failing = True
    kept.push(1)
    await kept.until_state("failing")
    await kept.keeper.close()
    assert not store.is_complete
