"""Promises 1 and 2 of the design on each transport: real sessions, whose bytes can be cut anywhere, against a plain model.

`LIVEDASH_LONG_TESTS=1` (`make soak`) runs many more and longer stories.
"""

from __future__ import annotations

import itertools
import os
from typing import Any

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, precondition, rule

from livedash import limits
from livedash.core.hub import Hub
from livedash.core.origin import Origin
from livedash.testing.clock import ManualClock
from livedash.testing.loop import ManualLoop
from livedash.testing.peers import PollPeer, Records, State, WebSocketPeer
from livedash.transports.viewer import Stage
from livedash.wire.batch import Batch
from livedash.wire.messages import Shape
from livedash.wire.position import Position
from tests.transports.delivery_judge import Judge, Reader
from tests.transports.readers import (
    FORGED,
    POLICIES,
    ROOMS,
    SHARES,
    SINCE,
    SMALL,
    TRANSPORTS,
    Policy,
    Readers,
    batch_of,
    settings_of,
)

LONG = bool(os.environ.get("LIVEDASH_LONG_TESTS"))


@pytest.fixture(autouse=True)
def _small(monkeypatch: pytest.MonkeyPatch) -> None:
    for name, size in SMALL.items():
        monkeypatch.setattr(limits, name, size)


class DeliveryMachine(RuleBasedStateMachine):
    transport = "websocket_json"
    rooms: tuple[str, ...] = ("a",)
    shape: Shape = "records"

    def __init__(self) -> None:
        super().__init__()
        counter = itertools.count(1)
        self.new_id = lambda: f"e{next(counter)}"
        self.clock = ManualClock()
        self.loop = ManualLoop(self.clock)
        self.bounds: dict[str, int] = {}
        self.value = 0
        self.judge = Judge()
        self.readers = Readers(self.judge, self.rooms, self.shape, _can_not_go_on)
        self.start_hub()

    def start_hub(self) -> None:
        self.hub = Hub(self.new_id)
        self.stage = Stage(self.hub, self.loop, self.clock.now_us, lambda _: None)

    @initialize(
        bound=st.integers(2, 12), since=st.sampled_from(SINCE), policy=st.sampled_from(POLICIES), glob=st.booleans()
    )
    def begin(self, bound: int, since: str, policy: Policy, glob: bool) -> None:
        """A reader from the very start, in rooms that do not exist yet."""
        self.bound = bound
        self.arrive(since, policy, glob)

    # The world

    @rule(data=st.data(), count=st.integers(1, 6))
    def publish(self, data: st.DataObject, count: int) -> None:
        room = data.draw(st.sampled_from(self.rooms))
        self._note_published(room, *self._publish(room, self._batch(room, count)))

    @rule(data=st.data(), count=st.integers(1, 3))
    def publish_and_flush(self, data: st.DataObject, count: int) -> None:
        """A rule of its own, so that stories have more records than upheavals."""
        self.publish(data, count)
        self.loop.settle()

    @rule(data=st.data(), what=st.sampled_from(["clear", "delete", "restart", "give_back", "lose_tail"]))
    def upheaval(self, data: st.DataObject, what: str) -> None:
        room = data.draw(st.sampled_from(self.rooms))
        if what == "clear" and room in self.hub.rooms:
            self.judge.streams.setdefault((room, self.hub.clear(room).epoch), [])
        elif what == "delete" and room in self.hub.rooms:
            self.hub.delete(room)
        elif what not in ("clear", "delete"):
            self._restart(is_given_back=what != "restart", lost=2 if what == "lose_tail" else 0)

    @rule(data=st.data(), bound=st.integers(1, 12))
    def trim(self, data: st.DataObject, bound: int) -> None:
        room = data.draw(st.sampled_from(self.rooms))
        if room in self.hub.rooms:
            self.hub.configure(room, {"history_records": bound}, 0, self.clock.now_s())

    @rule(seconds=st.sampled_from([0.1, 0.3, 1.0, 2.5, 3.0, 70.0]))
    def time_passes(self, seconds: float) -> None:
        self.loop.advance(seconds)

    # Readers

    @precondition(lambda self: len(self.readers.all) < 3)
    @rule(since=st.sampled_from(SINCE), policy=st.sampled_from(POLICIES), glob=st.booleans())
    def arrive(self, since: str, policy: Policy, glob: bool) -> None:
        self.readers.arrive(self.transport, self.stage, since, policy, glob=glob)

    @rule(data=st.data(), share=st.sampled_from(SHARES))
    def carry(self, data: st.DataObject, share: float) -> None:
        """What was sent reaches a reader, all of it or up to any byte."""
        self.readers.carry(self._reader(data), share)

    @rule(data=st.data(), share=st.sampled_from(SHARES))
    def flush_and_carry(self, data: st.DataObject, share: float) -> None:
        self.loop.settle()
        self.readers.carry(self._reader(data), share)

    @rule(data=st.data())
    def cut(self, data: st.DataObject) -> None:
        self._reader(data).peer.cut()

    @rule(data=st.data())
    def come_back(self, data: st.DataObject) -> None:
        self.readers.open(self._reader(data))

    @rule(data=st.data(), kind=st.sampled_from(FORGED))
    def come_back_with_another_cursor(self, data: st.DataObject, kind: str) -> None:
        self.readers.open_with_another_cursor(self._reader(data), data.draw(st.sampled_from(self.rooms)), kind)

    @rule(data=st.data(), policy=st.sampled_from(POLICIES))
    def change_policy(self, data: st.DataObject, policy: Policy) -> None:
        self.readers.change_policy(self._reader(data), policy)

    @rule(data=st.data())
    def leave_a_room_or_join_one(self, data: st.DataObject) -> None:
        self.readers.leave_or_join(self._reader(data), data.draw(st.sampled_from(self.rooms)))

    @rule(data=st.data(), count=st.integers(1, 3))
    def publish_without_echo(self, data: st.DataObject, count: int) -> None:
        reader = self._reader(data)
        if isinstance(reader.peer, WebSocketPeer) and reader.peer.is_open:
            room = data.draw(st.sampled_from(self.rooms))
            batch = self._batch(room, count)
            self._configure(room)
            reader.peer.publish(room, batch, echo=False)
            self._note_published(room, batch, self.hub.rooms[room].position)
            epoch, top = self.hub.rooms[room].epoch, self.hub.rooms[room].history.top
            reader.own |= {(room, epoch, offset) for offset in range(top - count + 1, top + 1)}

    # At the end of each story all readers are there and have caught up

    def teardown(self) -> None:
        if self.judge.is_broken:
            return
        for _ in range(4):
            self.loop.advance(limits.TAKEOVER_WAIT_S)
            for reader in self.readers.all:
                if not reader.peer.is_open:
                    self.readers.open(reader)
                while heard := self.readers.carry(reader, 1.0):
                    self.loop.settle()
                    if isinstance(reader.peer, PollPeer) and not any(isinstance(one, Records | State) for one in heard):
                        break
        self.readers.check_caught_up()

    # How the world is made

    def _batch(self, room: str, count: int) -> Batch:
        self.value += count
        return batch_of(room, range(self.value - count + 1, self.value + 1))

    def _publish(self, room: str, batch: Batch) -> tuple[Batch, Position]:
        self._configure(room)
        return batch, self.hub.publish(room, batch, 0, self.clock.now_s())

    def _configure(self, room: str) -> None:
        if room not in self.hub.rooms:
            self.hub.configure(room, settings_of(room, self.bound), 0, self.clock.now_s())

    def _note_published(self, room: str, batch: Batch, position: Position) -> None:
        self.judge.note(room, position.epoch, position.offset - batch.count + 1, batch.records())
        assert position.offset == len(self.judge.streams[room, position.epoch])

    def _restart(self, *, is_given_back: bool, lost: int) -> None:
        """The hub begins anew; who held its records may give them back, all of them or without the last ones."""
        held = {name: (room.epoch, room.history.first, room.history.top) for name, room in self.hub.rooms.items()}
        for reader in self.readers.all:
            reader.peer.cut()
        self.stage.close()
        self.start_hub()
        for name, (epoch, first, top) in held.items():
            last = top - lost
            if is_given_back and last >= first:
                stream = self.judge.streams[name, epoch]
                del stream[last:]
                records = stream[first - 1 : last]
                batch = Batch.from_records(records, [0] * len(records))
                origin = Origin(settings=settings_of(name, self.bound))
                self.hub.restore(name, epoch, first, batch, 0, self.clock.now_s(), origin)
                self.judge.given_back_from[name, epoch] = first
        for reader in self.readers.all:
            self.readers.open(reader, self.stage)

    def _reader(self, data: st.DataObject) -> Reader:
        return data.draw(st.sampled_from(self.readers.all))


def _can_not_go_on(hub: Hub, room: str, position: Position) -> bool:
    there = hub.rooms.get(room)
    return there is None or position.epoch != there.epoch  # beyond the top it waits: what is there may come yet


def _machine(transport: str, rooms: str, shape: Shape) -> Any:
    machine = type(
        f"{transport}_{rooms}_{shape}",
        (DeliveryMachine,),
        {"transport": transport, "rooms": ROOMS[rooms], "shape": shape},
    )
    case = machine.TestCase
    case.settings = settings(
        max_examples=2_000 if LONG else 60,
        stateful_step_count=100 if LONG else 50,
        deadline=None,
        suppress_health_check=[HealthCheck.too_slow, HealthCheck.function_scoped_fixture],
    )
    return case


for _transport in TRANSPORTS:
    for _rooms in ROOMS:
        for _shape in ("records", "columns"):
            globals()[f"Test_{_transport}_{_rooms}_{_shape}"] = _machine(_transport, _rooms, _shape)
