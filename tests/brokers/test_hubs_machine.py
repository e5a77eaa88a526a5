"""Stories of three hubs on one broker, whatever becomes of it: in the end all hold the same, each record once, in order.

`LIVEDASH_LONG_TESTS=1` (`make soak`) tells many more.
"""

from __future__ import annotations

import asyncio
import itertools
import os
from collections import Counter
from dataclasses import dataclass, field

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from livedash import limits
from livedash.core.changes import Result
from livedash.testing.broker import MemoryBroker, MemoryServer
from livedash.testing.viewer import MemoryViewer
from livedash.wire.messages import Delivery
from livedash.wire.position import Position
from tests.brokers.hubs import HubOnBroker, until

HUBS = 3
LONG = bool(os.environ.get("LIVEDASH_LONG_TESTS"))
Step = tuple[str, int]
PUSHES = ("push", "push", "push", "push again")
LINES = ("cut", "mend", "lose answers")
BROKERS = ("dump", "kill", "whole", "from dump", "empty")
PAUSES = ("turn", "shelve")
STEPS = st.tuples(st.sampled_from([*PUSHES, *LINES, *BROKERS, *PAUSES]), st.integers(0, HUBS - 1))
# what went wrong once
FOUND: tuple[list[Step], ...] = (
    [("push", 0), ("turn", 1), ("dump", 0), ("push", 0), ("turn", 1), ("from dump", 0), ("push", 1)],
    [("cut", 0), ("push", 1), ("push", 0), ("push", 0), ("empty", 1), ("push", 1), ("empty", 2), ("mend", 0)],
    [("push", 0), ("push", 2), ("lose answers", 2), ("mend", 2), ("empty", 2)],
    [("cut", 1), ("push", 0), ("push again", 1), ("lose answers", 0), ("push again", 2), ("empty", 0), ("push", 1)],
    [("lose answers", 0), ("push", 0), ("push", 1), ("push", 1), ("empty", 2), ("kill", 2), ("turn", 0)],
)


@pytest.fixture(autouse=True)
def quick_broker(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(limits, "BROKER_ARRIVAL_S", 0.05)
    monkeypatch.setattr(limits, "BROKER_BEAT_S", 0.01)
    monkeypatch.setattr(limits, "BROKER_SHELVE_S", 0.02)
    monkeypatch.setattr(limits, "BROKER_RETRY_S", 0.01)
    monkeypatch.setattr(limits, "BROKER_LOG_S", 0.05)


@dataclass
class Seen:
    """What a viewer holds: a snapshot replaces it."""

    viewer: MemoryViewer
    numbers: list[int] = field(default_factory=list)

    def take(self) -> None:
        for message in self.viewer.take_all():
            if isinstance(message, Delivery):
                found = [record["n"] for record in message.batch.records()]
                self.numbers = found if message.is_snapshot else [*self.numbers, *found]


class Story:
    def __init__(self) -> None:
        self.server = MemoryServer()
        self.hubs = [HubOnBroker(MemoryBroker(self.server)) for _ in range(HUBS)]
        self.seen: list[Seen] = []
        self.pushed: list[tuple[int, int, asyncio.Future[Result]]] = []
        self.dump = MemoryServer().dump()
        self._numbers = itertools.count(1)

    async def begin(self) -> None:
        for hub in self.hubs:
            hub.start()
            await hub.replica.wait_until_open()
        await until(lambda: all(hub.replica.state().hubs == HUBS for hub in self.hubs), "all know each other")
        self.seen = [Seen(hub.viewer(since="earliest")) for hub in self.hubs]

    async def step(self, what: str, which: int) -> None:
        hub = self.hubs[which]
        if what in PUSHES:
            self._push(hub, which, what)
        elif what in LINES:
            self._change_line(hub.broker, what)
        elif what in BROKERS:
            self._change_broker(what)
        else:
            await asyncio.sleep(0.01 * which if what == "turn" else 0.03)
        for each in self.seen:
            each.take()
        await asyncio.sleep(0)

    def _push(self, hub: HubOnBroker, which: int, what: str) -> None:
        if what == "push":
            number = next(self._numbers)
            self.pushed.append((which, number, hub.push(number, publisher=f"p{which}", seq=number)))
        elif self.pushed:
            by, number, _ = self.pushed[-1]
            hub.push(number, publisher=f"p{by}", seq=number)

    def _change_line(self, broker: MemoryBroker, what: str) -> None:
        if what == "cut":
            broker.cut()
        else:
            broker.is_cut, broker.loses_answers = False, what == "lose answers"

    def _change_broker(self, what: str) -> None:
        if what == "dump":
            self.dump = self.server.dump()
            return
        self.server.kill()
        if what != "kill":
            self.server.start({"from dump": self.dump, "empty": MemoryServer().dump()}.get(what))

    async def end(self) -> None:
        if not self.server.is_up:
            self.server.start()
        for hub in self.hubs:
            hub.broker.is_cut = hub.broker.loses_answers = False
        await until(lambda: all(answer.done() for _, _, answer in self.pushed), "each push is answered")
        await until(lambda: all(hub.replica.state().state == "connected" for hub in self.hubs), "all are there")
        await until(self._agree, "all hold the same")
        for hub, each in zip(self.hubs, self.seen, strict=True):
            each.take()
            hub.clock.advance(limits.TAKEOVER_WAIT_S + 1)
            each.take()
        for hub in self.hubs:
            await hub.replica.close()

    def judge(self) -> None:
        held = self.hubs[0].numbers()
        assert all(Counter(hub.numbers()) == Counter(held) for hub in self.hubs)
        assert Counter(held) == Counter({number: 1 for _, number, _ in self.pushed})
        assert all(isinstance(answer.result(), Position) for _, _, answer in self.pushed)
        assert [each.numbers for each in self.seen] == [held] * HUBS

    def _agree(self) -> bool:
        """No entry is on its way any more."""
        states = [(hub.numbers(), hub.hub.rooms["train"].position if hub.hub.rooms else None) for hub in self.hubs]
        return all(state == states[0] for state in states) and len(states[0][0]) >= len(self.pushed)


def tell(steps: list[Step]) -> None:
    async def told() -> None:
        story = Story()
        await story.begin()
        for what, which in steps:
            await story.step(what, which)
        await story.end()
        story.judge()

    asyncio.run(told())


@settings(
    max_examples=2000 if LONG else 60,
    deadline=None,
    print_blob=True,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(st.lists(STEPS, max_size=40))
def test_three_hubs_end_with_each_record_once_and_their_viewers_too(steps: list[Step]) -> None:
    tell(steps)


@pytest.mark.parametrize("steps", FOUND, ids=range(len(FOUND)))
def test_what_went_wrong_once_goes_well(steps: list[Step]) -> None:
    tell(steps)
