from __future__ import annotations

import threading
from collections.abc import Callable, Iterator

import pytest

from livedash import limits
from livedash.core.journal import Deleted, Entry
from livedash.store.writer import Writer, bytes_of, name_of
from livedash.testing.store import MemoryStore
from tests.end_to_end.processes import wait_until
from tests.store.told_hub import ToldHub

LIMIT_S = 20.0


@pytest.fixture(autouse=True)
def quick_retries(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(limits, "STORE_RETRY_S", 0.01)


@pytest.fixture
def store() -> MemoryStore:
    store = MemoryStore()
    store.open()
    return store


@pytest.fixture
def turns() -> threading.Semaphore:
    return threading.Semaphore(0)


@pytest.fixture
def writer(store: MemoryStore, turns: threading.Semaphore) -> Iterator[Writer]:
    made = Writer(store, turns.release)
    yield made
    made.stop()


def until(condition: Callable[[], bool]) -> None:
    wait_until(condition, LIMIT_S, "the writer gets there")


def entries(told: ToldHub, count: int) -> list[Entry]:
    told.push_numbers(1, count)
    return told.take()


def test_what_comes_together_is_written_as_one(told: ToldHub, store: MemoryStore, writer: Writer) -> None:
    put = entries(told, 50)
    writer.start()
    for entry in put:
        writer.put(entry)
    until(lambda: len(store.written) == 50)
    assert store.writes < 10
    assert store.written == put
    assert writer.waiting_bytes == 0


def test_stop_writes_what_waits_and_says_that_all_is_there(told: ToldHub, store: MemoryStore, writer: Writer) -> None:
    writer.start()
    for entry in entries(told, 20):
        writer.put(entry)
    assert writer.stop()
    assert len(store.written) == 20


def test_a_writer_that_never_began_has_not_written_all(told: ToldHub, writer: Writer) -> None:
    (entry,) = entries(told, 1)
    writer.put(entry)
    assert not writer.stop()


def test_it_is_full_by_bytes_and_by_entries(told: ToldHub, writer: Writer, monkeypatch: pytest.MonkeyPatch) -> None:
    put = entries(told, 5)
    monkeypatch.setattr(limits, "STORE_QUEUE_BYTES", sum(map(bytes_of, put)))
    for entry in put:
        writer.put(entry)
    assert not writer.is_full
    monkeypatch.setattr(limits, "STORE_QUEUE_ENTRIES", 4)
    assert writer.is_full
    monkeypatch.setattr(limits, "STORE_QUEUE_ENTRIES", 100)
    writer.put(Deleted("train", None))
    assert writer.is_full


def test_a_store_that_fails_is_opened_again_and_who_puts_lets_it_go_on(
    told: ToldHub, store: MemoryStore, writer: Writer, turns: threading.Semaphore, caplog: pytest.LogCaptureFixture
) -> None:
    first, second = entries(told, 2)
    store.is_failing = True
    writer.start()
    writer.put(first)
    assert turns.acquire(timeout=LIMIT_S)
    assert (writer.is_out, writer.failure, writer.take_missed()) == (True, "no space left on device", ["train"])
    assert not writer.may_go_on
    store.is_failing = False
    assert turns.acquire(timeout=LIMIT_S)
    assert writer.is_out
    assert writer.may_go_on
    writer.go_on(has_all=False)
    assert writer.failure is not None
    store._apply(first)
    writer.put(second)
    until(lambda: writer.failure is None)
    assert store.written == [second]
    assert [record.levelname for record in caplog.records] == ["ERROR", "WARNING"]
    assert writer.stop()


def test_where_nothing_was_missed_nothing_has_to_be_written_to_be_well_again(
    store: MemoryStore, writer: Writer, turns: threading.Semaphore, told: ToldHub, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(limits, "STORE_SYNC_S", 0.0)
    writer.start()
    writer.put(entries(told, 1)[0])
    until(lambda: len(store.written) == 1)
    store.is_failing = True
    writer.put(Deleted("other", None))
    assert turns.acquire(timeout=LIMIT_S)
    store.is_failing = False
    assert turns.acquire(timeout=LIMIT_S)
    writer.go_on(has_all=True)
    assert (writer.failure, writer.is_out) == (None, False)


def test_a_failing_disk_is_told_in_the_log_once(
    told: ToldHub, store: MemoryStore, writer: Writer, turns: threading.Semaphore, caplog: pytest.LogCaptureFixture
) -> None:
    attempts = threading.Semaphore(0)
    fail = store.open

    def open_and_count() -> bool:
        attempts.release()
        return fail()

    store.open = open_and_count  # type: ignore[method-assign]
    store.is_failing = True
    writer.start()
    writer.put(entries(told, 1)[0])
    for _ in range(5):
        assert attempts.acquire(timeout=LIMIT_S)
    assert len(caplog.records) == 1
    assert "no space left on device; tried again every" in caplog.text
    assert not writer.stop()


def test_a_store_that_lost_what_it_had_is_told(
    told: ToldHub, store: MemoryStore, writer: Writer, turns: threading.Semaphore
) -> None:
    writer.start()
    store.is_failing = True
    writer.put(entries(told, 1)[0])
    assert turns.acquire(timeout=LIMIT_S)
    store.forget()
    store.is_failing = False
    assert turns.acquire(timeout=LIMIT_S)
    assert writer.was_emptied


@pytest.mark.filterwarnings("ignore::pytest.PytestUnhandledThreadExceptionWarning")
def test_a_mistake_of_ours_ends_the_writing_and_not_the_hub(told: ToldHub, writer: Writer) -> None:
    _, second = entries(told, 2)
    writer.start()
    writer.put(second)  # of a room that the store does not know
    until(lambda: writer.failure is not None)
    assert writer.failure == "livedash's own writer failed, please report it"
    assert writer.is_out
    assert not writer.stop()


def test_what_was_written_is_brought_through_to_the_disk_though_nothing_more_comes(
    told: ToldHub, store: MemoryStore, writer: Writer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(limits, "STORE_SYNC_S", 0.1)
    synced = threading.Event()
    store.sync = synced.set  # type: ignore[method-assign]
    writer.start()
    writer.put(entries(told, 1)[0])
    assert synced.wait(LIMIT_S)


def test_each_entry_has_the_name_of_its_room(told: ToldHub) -> None:
    told.push_numbers(1, 1)
    told.hub.configure("train", {"history_records": 1}, 0, 0.0)
    told.push_numbers(2, 3)
    told.hub.note_lost("train", "p1", 1)
    told.hub.clear("train")
    told.hub.delete("train")
    assert {name_of(entry) for entry in told.entries} == {"train"}
