from __future__ import annotations

import asyncio

from livedash import limits
from livedash.client.watchdog import Patience, Verdict, Watchdog, WatchedChannel
from livedash.wire.codec import MSGPACK
from livedash.wire.messages import Ping

ANSWER_S = 4.0


def watchdog() -> Watchdog:
    """Somebody waits for a message since 0."""
    dog = Watchdog(0.0, ANSWER_S)
    dog.waits(0.0)
    return dog


def looks(dog: Watchdog, until_s: float) -> list[tuple[float, Verdict]]:
    """What is decided when it is looked at the moment that it asks for."""
    told: list[tuple[float, Verdict]] = []
    while dog.due_s <= until_s and (not told or told[-1][1] is not Verdict.DEAD):
        now_s = dog.due_s
        told.append((now_s, dog.look(now_s)))
    return [(now_s, verdict) for now_s, verdict in told if verdict is not Verdict.WAIT]


def test_silent_hub_is_asked_after_four_seconds_and_dead_after_eight() -> None:
    assert looks(watchdog(), 60) == [(4.0, Verdict.ASK), (8.0, Verdict.DEAD)]


def test_each_message_starts_the_count_anew() -> None:
    dog = watchdog()
    dog.waits(3.0)
    assert looks(dog, 6.9) == []
    dog.waits(6.9)
    assert looks(dog, 60) == [(10.9, Verdict.ASK), (14.9, Verdict.DEAD)]


def test_an_answer_keeps_a_quiet_hub_alive() -> None:
    dog = watchdog()
    assert looks(dog, 4) == [(4.0, Verdict.ASK)]
    dog.waits(4.1)
    assert looks(dog, 12) == [(8.1, Verdict.ASK)]


def test_reader_that_pauses_asks_nothing() -> None:
    dog = watchdog()
    dog.heard()
    assert looks(dog, 3600) == []
    dog.waits(3600.0)
    assert looks(dog, 3604)[0][1] is Verdict.ASK


def test_process_that_was_stopped_asks_again_before_it_judges() -> None:
    dog = watchdog()
    assert looks(dog, 4) == [(4.0, Verdict.ASK)]
    assert dog.look(3604.0) is Verdict.ASK
    assert looks(dog, 3700) == [(3608.0, Verdict.DEAD)]


def test_patience_grows_with_each_loss_to_a_bound_and_ends_with_a_connection_that_lived_long() -> None:
    patience = Patience()
    seen = []
    for _ in range(6):
        seen.append(patience.answer_s)
        patience.lost(8.0)
    assert seen == [4.0, 8.0, 16.0, 32.0, 60.0, 60.0]
    patience.lost(limits.SETTLED_S)
    assert patience.answer_s == limits.ANSWER_S


class SilentChannel:
    close_code = None

    def __init__(self) -> None:
        self.sent: list[bytes] = []
        self.messages: asyncio.Queue[bytes | None] = asyncio.Queue()

    def send(self, data: bytes) -> None:
        self.sent.append(data)

    async def receive(self) -> bytes | None:
        return await self.messages.get()

    def close(self) -> None:
        self.messages.put_nowait(None)

    def abandon(self) -> None: ...


class SkippingLoop(asyncio.SelectorEventLoop):
    """Its time goes on to the next timer at once."""

    skipped_s = 0.0

    def time(self) -> float:
        return super().time() + self.skipped_s

    def skip_s(self, seconds: float) -> None:
        self.skipped_s += seconds


def test_dead_channel_is_asked_and_then_ends_for_who_reads_it() -> None:
    async def read() -> tuple[list[bytes], bytes | None, float]:
        loop = asyncio.get_running_loop()
        assert isinstance(loop, SkippingLoop)
        channel, patience = SilentChannel(), Patience()
        watched = WatchedChannel(channel, patience)
        reading = asyncio.ensure_future(watched.receive())
        for _ in range(2):
            await asyncio.sleep(0)
            loop.skip_s(4.0)
            await asyncio.sleep(0.01)
        return channel.sent, await reading, patience.answer_s

    with asyncio.Runner(loop_factory=SkippingLoop) as runner:
        sent, data, answer_s = runner.run(read())
    assert [MSGPACK.decode(message) for message in sent] == [Ping()]
    assert data is None
    assert answer_s == 2 * limits.ANSWER_S
