from __future__ import annotations

import asyncio
from collections.abc import Iterator

import pytest

from livedash import limits
from livedash.client.backoff import Backoff
from livedash.client.endpoint import endpoint_of_url
from livedash.client.feed import Feed
from livedash.client.loop_thread import LoopThread
from livedash.client.publisher import Publisher
from livedash.client.remote import RemoteHub
from livedash.client.websocket_channel import WebSocketConnector
from livedash.wire.messages import Gap
from tests.client.endings import ENDINGS, Ending, EndingHub
from tests.end_to_end.serve import ServeProcess

ROOM = "train"


@pytest.fixture
def publisher(serve: ServeProcess) -> Iterator[Publisher]:
    endpoint = endpoint_of_url(serve.environment["LIVEDASH_URL"], serve.environment["LIVEDASH_TOKEN"])
    publisher = Publisher(LoopThread("test publisher"), lambda: WebSocketConnector(endpoint))
    yield publisher
    publisher.close()


def feed_of(serve: ServeProcess, room: str, since: str = "earliest") -> Feed:
    endpoint = endpoint_of_url(serve.environment["LIVEDASH_URL"], serve.environment["LIVEDASH_TOKEN"])
    return Feed(endpoint, LoopThread("test feed"), rooms=(room,), since=since)


def test_iteration_gives_each_record_once_and_in_order_and_goes_on_live(
    serve: ServeProcess, publisher: Publisher
) -> None:
    for step in range(100):
        publisher.push("sync", step=step)
    publisher.flush(10)
    with feed_of(serve, "sync") as feed:
        records = iter(feed)
        assert [next(records)["step"] for _ in range(100)] == list(range(100))
        publisher.push("sync", step=100)
        assert next(records) == {"step": 100}
        assert feed.gaps == []


async def test_async_iteration_gives_the_same_and_can_be_cancelled_while_it_waits(
    serve: ServeProcess, publisher: Publisher
) -> None:
    publisher.push("async", [{"step": step} for step in range(10)])
    await asyncio.to_thread(publisher.flush, 10)
    feed, seen, all_seen = feed_of(serve, "async"), [], asyncio.Event()

    async def read() -> None:
        async for record in feed:
            seen.append(record["step"])
            if len(seen) == 10:
                all_seen.set()

    reading = asyncio.create_task(read())
    await asyncio.wait_for(all_seen.wait(), 10)
    reading.cancel()
    with pytest.raises(asyncio.CancelledError):
        await asyncio.wait_for(reading, 5)  # and asyncio.run does not hang on a thread that waits
    assert seen == list(range(10))
    await asyncio.to_thread(feed.close)


def test_reader_that_pauses_loses_nothing_of_more_batches_than_its_queue_holds(
    serve: ServeProcess, publisher: Publisher, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("livedash.client.feed._QUEUE_BATCHES", 3)
    hub = RemoteHub(endpoint_of_url(serve.environment["LIVEDASH_URL"], serve.environment["LIVEDASH_TOKEN"]))
    with feed_of(serve, "paused") as feed:
        records = iter(feed)
        for step in range(40):
            publisher.push("paused", step=step)
            publisher.flush(10)  # a batch of its own
        assert hub.state("paused").offset == 40
        assert [next(records)["step"] for _ in range(40)] == list(range(40))
        assert feed.gaps == []


def test_closing_ends_an_iteration(serve: ServeProcess, publisher: Publisher) -> None:
    publisher.push("closing", step=1)
    publisher.flush(10)
    feed = feed_of(serve, "closing")
    records = iter(feed)
    assert next(records) == {"step": 1}
    feed.close()
    assert list(records) == []


def test_link_without_named_rooms_is_read_live(serve: ServeProcess, publisher: Publisher) -> None:
    publisher.push(ROOM, step=1)
    publisher.push("secret", step=1)
    publisher.flush(10)
    hub = RemoteHub(endpoint_of_url(serve.environment["LIVEDASH_URL"], serve.environment["LIVEDASH_TOKEN"]))
    link = hub.create_link((ROOM,), 60, "", None)
    with Feed(endpoint_of_url(link.url), LoopThread("test link"), since="earliest") as feed:
        assert feed.rooms == [ROOM]
        assert next(iter(feed)) == {"step": 1}
        assert feed.to_pandas().shape == (1, 1)


def test_an_error_of_the_caller_s_own_on_gap_reaches_who_iterates(serve: ServeProcess, publisher: Publisher) -> None:
    publisher.push("gapped", step=1)
    publisher.flush(10)

    def fail(gap: Gap) -> None:
        raise ZeroDivisionError(gap.reason)

    endpoint = endpoint_of_url(serve.environment["LIVEDASH_URL"], serve.environment["LIVEDASH_TOKEN"])
    with (
        Feed(endpoint, LoopThread("test gap"), rooms=("gapped",), since="gapped:never-5", on_gap=fail) as feed,
        pytest.raises(ZeroDivisionError),
    ):
        next(iter(feed))


def test_all_of_a_keyed_rooms_state_is_given_after_a_gap(serve: ServeProcess, publisher: Publisher) -> None:
    """The offsets of its records do not end at the snapshot's, so none of them is known to be old."""
    hub = RemoteHub(endpoint_of_url(serve.environment["LIVEDASH_URL"], serve.environment["LIVEDASH_TOKEN"]))
    hub.configure("keyed", {"key": "id", "history_records": 1})
    publisher.push("keyed", [{"id": "a", "v": 1}, {"id": "b", "v": 2}, {"id": "c", "v": 3}, {"id": "a", "v": 4}])
    publisher.flush(10)
    with feed_of(serve, "keyed", since=f"keyed:{hub.state('keyed').epoch}-2") as feed:
        records = iter(feed)
        assert [next(records)["v"] for _ in range(3)] == [4, 2, 3]
        assert [gap.reason for gap in feed.gaps] == ["trimmed"]


# How a hub ends a connection


@pytest.fixture(scope="module")
def ending_hub() -> Iterator[EndingHub]:
    with EndingHub(LoopThread("test ending hub")) as hub:
        yield hub


@pytest.fixture(autouse=True)
def short_waits(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("livedash.client.feed.JITTER", lambda: 0.0)


@pytest.mark.parametrize("ending", ENDINGS, ids=str)
def test_reader_comes_back_unless_the_hub_said_not_to_and_not_before_it_asked(
    ending_hub: EndingHub, ending: Ending
) -> None:
    with Feed(ending_hub.endpoint(ending), LoopThread("test endings"), rooms=("train",)) as feed:
        if ending.comes_back:
            assert next(iter(feed)) == {"step": 1}
            asked_s = ending.bye.retry_after_s if ending.bye else None
            assert ending_hub.seconds_away(ending) >= (asked_s or 0.0)
        else:
            assert list(feed) == []


@pytest.mark.parametrize(("sound_s", "resets"), [(60.0, 0), (0.0, 1)])
def test_waits_grow_until_a_connection_has_lived_for_a_while_whatever_it_said(
    monkeypatch: pytest.MonkeyPatch, sound_s: float, resets: int
) -> None:
    done: list[int] = []
    monkeypatch.setattr(Backoff, "reset", lambda backoff: done.append(backoff.attempts))
    monkeypatch.setattr(limits, "SOUND_CONNECTION_S", sound_s)
    with EndingHub(LoopThread("test ending hub")) as hub:
        endpoint = hub.endpoint(next(ending for ending in ENDINGS if ending.code == 1011))
        with Feed(endpoint, LoopThread("test waits"), rooms=("train",)) as feed:
            assert next(iter(feed)) == {"step": 1}
    assert len(done) == resets
