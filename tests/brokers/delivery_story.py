"""A story of two hubs on one broker, of those who publish at either, and of readers who come back at either with their cursor."""

from __future__ import annotations

import asyncio
import itertools
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from hypothesis import strategies as st

from livedash import clock, limits
from livedash.core.changes import Append, Clear, Configure, Delete, Result
from livedash.core.hub import Hub
from livedash.testing.peers import Missed, Records, State
from livedash.transports.viewer import Stage
from livedash.wire.messages import Shape
from livedash.wire.position import Position
from tests.brokers.hubs import HubOnBroker, until
from tests.brokers.ledger import Ledger, Sent, WatchedHub
from tests.brokers.troubles import Trouble
from tests.transports.delivery_judge import Judge
from tests.transports.readers import FORGED, POLICIES, SHARES, SINCE, Policy, Readers, batch_of, settings_of

HUBS = 2
MOST_READERS = 3
MOST_ANSWERS = 1000  # until a reader has all that is there for it
MOST_ROUNDS = 50  # of the longest wait that readers have, until all have all: some take five messages a second
BY_ITSELF = ("trimmed", "slow", "cleared", "deleted", "bad_cursor")  # gaps for which nothing need have failed
Step = tuple[Any, ...]

_HUB, _ANY = st.integers(0, HUBS - 1), st.integers(0, 2)
_since, _policy = st.sampled_from(SINCE), st.sampled_from(POLICIES)
_push = st.tuples(st.just("push"), _HUB, _ANY, st.integers(1, 6))
_carry = st.tuples(st.just("carry"), _ANY, st.sampled_from(SHARES))
_come = st.tuples(st.just("come"), _ANY, _HUB)
ORDINARY: tuple[st.SearchStrategy[Step], ...] = (
    *(_push,) * 4,
    *(_carry,) * 3,
    *(_come,) * 3,
    st.tuples(st.just("again"), _HUB, _ANY),
    st.tuples(st.just("turn"), st.integers(1, 20)),
    st.tuples(st.just("settle")),
    st.tuples(st.just("arrive"), _HUB, _ANY, _since, _policy, st.booleans()),
    st.tuples(st.just("leave"), _ANY),
    st.tuples(st.just("forge"), _ANY, _HUB, st.sampled_from(FORGED), _ANY),
    st.tuples(st.just("policy"), _ANY, _policy),
    st.tuples(st.just("rooms"), _ANY, _ANY),
    st.tuples(st.just("trim"), _HUB, _ANY, st.integers(1, 12)),
    st.tuples(st.sampled_from(["clear", "delete"]), _HUB, _ANY),
)
LINES: tuple[st.SearchStrategy[Step], ...] = (
    *(st.tuples(st.sampled_from(["cut", "mend", "lose answers"]), _HUB),) * 3,
    st.tuples(st.just("new hub"), _HUB),
)
BROKERS: tuple[st.SearchStrategy[Step], ...] = (
    *(st.tuples(st.sampled_from(["dump", "kill", "whole", "from dump", "empty"])),) * 2,
)


@dataclass
class Site:
    """A hub, and what its readers share."""

    hub: HubOnBroker
    watched: WatchedHub
    stage: Stage
    unnoticed: int | None = None  # changes of its connection when the broker forgot something, and it did not know

    @property
    def state(self) -> str:
        return self.hub.replica.state().state

    @property
    def is_quiet(self) -> bool:
        return self.state == "connected" and not self.hub.replica.state().waiting

    @property
    def has_noticed(self) -> bool:
        """That the broker forgot something."""
        return self.unnoticed is None or "away" in self.hub.changes[self.unnoticed :]

    def positions(self) -> dict[str, Position]:
        return {name: room.position for name, room in self.watched.rooms.items()}


class Story:
    """`transports`: those of the readers, taken in turn."""

    def __init__(
        self, trouble: Trouble, transports: Sequence[str], rooms: tuple[str, ...], shape: Shape, bound: int
    ) -> None:
        self.trouble = trouble
        self.rooms = rooms
        self.bound = bound
        self.judge = Judge()
        self.ledger = Ledger(self.judge)
        self.readers = Readers(self.judge, rooms, shape, _has_to_wait)
        self.sites: list[Site] = []
        self.counts: Counter[str] = Counter()
        self._transports = transports
        self._forgers: set[int] = set()
        self._numbers = itertools.count(1)
        self._is_calm = self._is_settled = True

    async def begin(self) -> None:
        for which in range(HUBS):
            self.sites.append(self._site(which))
            await self.sites[-1].hub.replica.wait_until_open()
        await until(lambda: all(site.hub.replica.state().hubs == HUBS for site in self.sites), "both know each other")

    async def step(self, step: Step) -> None:
        self.counts["steps"] += 1
        match step[0]:
            case "push" | "again" | "clear" | "delete" | "trim":
                self._let_publishers(step)
            case "turn" | "settle" | "time":
                await _let_time_pass(step)
            case "cut" | "mend" | "lose answers" | "new hub":
                await self._change_line(*step)
            case "dump":
                await self.trouble.dump()
            case "kill" | "whole" | "from dump" | "empty":
                await self._change_broker(step[0])
            case _:
                self._let_readers(step)
        self.ledger.raise_wrongs()
        self._note_settled()
        await asyncio.sleep(0)

    async def end(self) -> None:
        """All is mended, publishers send again what nobody acknowledged, and readers take what there is."""
        if not self.trouble.is_up:
            await self._change_broker("whole")
        for which in range(HUBS):
            self.trouble.mend(which)
        await until(lambda: all(site.state == "connected" for site in self.sites), "both are there")
        for number, sent in enumerate(self.ledger.sent):
            if not sent.is_acknowledged:
                self._send(number % HUBS, sent)
        await until(lambda: all(sent.is_acknowledged for sent in self.ledger.sent), "each batch is acknowledged")
        await until(self._agree, "both hold the same")
        for rounds in range(MOST_ROUNDS):
            if rounds > 1 and not self.readers.are_behind:
                return
            await asyncio.sleep(limits.TAKEOVER_WAIT_S)
            for number, reader in enumerate(self.readers.all):
                if not reader.peer.is_open:
                    self._come(number, number)
                await self._take_all(number)

    def check(self) -> None:
        """See the docstring of tests/brokers/test_delivery_machine.py."""
        self.ledger.raise_wrongs()
        one, other = (site.watched for site in self.sites)
        assert _all_of(one) == _all_of(other)
        self.ledger.check_answers()
        for room in one.rooms.values():
            self.ledger.check_room(room)
        self.ledger.check_all_is_there(one.rooms)
        self.readers.check_caught_up()

    async def close(self) -> None:
        for reader in self.readers.all:
            reader.peer.cut()
        for site in self.sites:
            site.stage.close()
            await site.hub.replica.close()

    # Hubs and their broker

    def _site(self, which: int) -> Site:
        loop = asyncio.get_running_loop()
        made: list[WatchedHub] = []

        def watched() -> WatchedHub:
            made.append(WatchedHub(self.ledger))
            return made[-1]

        hub = HubOnBroker(self.trouble.open(which), watched, clock_s=loop.time)
        hub.start()
        return Site(hub, made[0], Stage(hub.hub, loop, clock.now_us, lambda _: None))

    async def _change_line(self, what: str, which: int) -> None:
        self._is_calm = False
        self.counts[what] += 1
        match what:
            case "cut":
                self.trouble.cut(which)
            case "mend":
                self.trouble.mend(which)
            case "lose answers":
                self.trouble.lose_answers(which)
            case _:
                await self._begin_hub_anew(which)

    async def _change_broker(self, what: str) -> None:
        self._is_calm = False
        self.counts[f"broker {what}"] += 1
        if self.trouble.is_up:
            await self.trouble.kill()
        if what == "kill":
            return
        if what != "whole":
            self.ledger.is_lossy, self._is_settled = True, False
            self.ledger.lose(self._all_values() - set().union(*(site.watched.seen for site in self.sites)))
            for site in self.sites:
                site.unnoticed = len(site.hub.changes) if site.state == "connected" else None
        await self.trouble.start(what)

    async def _begin_hub_anew(self, which: int) -> None:
        """It is gone without a word."""
        gone, other = self.sites[which], self.sites[1 - which]
        if not self._is_settled:
            self.ledger.lose(gone.watched.seen - other.watched.seen)
        for reader in self.readers.all:
            if reader.peer.stage is gone.stage:
                reader.peer.cut()
        gone.stage.close()
        self.sites[which] = self._site(which)
        await gone.hub.replica.close()

    def _all_values(self) -> set[int]:
        return {value for sent in self.ledger.sent for value in sent.values}

    def _note_settled(self) -> None:
        if not self._is_settled and all(site.has_noticed for site in self.sites) and self._agree():
            self._is_settled = True

    def _agree(self) -> bool:
        one, other = self.sites
        return self.trouble.is_up and one.is_quiet and other.is_quiet and one.positions() == other.positions()

    # Publishers

    def _room(self, number: int) -> str:
        return self.rooms[number % len(self.rooms)]

    def _let_publishers(self, step: Step) -> None:
        what, which, number, *more = step
        ask, room = self.sites[which].hub.ask, self._room(number)
        match what:
            case "push":
                self._push(which, room, *more)
            case "again" if self.ledger.sent:
                self._send(which, self.ledger.sent[-1 - number % len(self.ledger.sent)])
            case "clear":
                ask(Clear(room))
            case "delete":
                ask(Delete(room))
            case "trim":
                ask(Configure(room, settings_of(room, *more)))

    def _push(self, which: int, room: str, count: int) -> None:
        values = tuple(itertools.islice(self._numbers, count))
        sent = Sent(room, batch_of(room, values), f"p{values[0] % 2}", values[0], values)
        self.ledger.sent.append(sent)
        self.counts["records"] += count
        self._send(which, sent)

    def _send(self, which: int, sent: Sent) -> None:
        change = Append(sent.room, sent.batch, sent.publisher, sent.seq, settings=settings_of(sent.room, self.bound))
        answer: asyncio.Future[Result] = self.sites[which].hub.ask(change)
        sent.answers.append(answer)

    # Readers

    def _let_readers(self, step: Step) -> None:
        if step[0] == "arrive":
            self._arrive(*step[1:])
        elif self.readers.all:
            number = step[1] % len(self.readers.all)
            reader = self.readers.all[number]
            match step:
                case ("carry", _, share):
                    self._carry(number, share)
                case ("come", _, which):
                    self._come(number, which)
                case ("leave", _):
                    reader.peer.cut()
                case ("forge", _, which, kind, room):
                    self._forge(number, which, kind, self._room(room))
                case ("policy", _, policy):
                    self.readers.change_policy(reader, policy)
                case ("rooms", _, room):
                    self.readers.leave_or_join(reader, self._room(room))
                case _:
                    raise AssertionError(f"no story has a step {step}")

    def _arrive(self, which: int, transport: int, since: str, policy: Policy, glob: bool) -> None:
        site = self._open_site(which)
        if site is not None and len(self.readers.all) < MOST_READERS:
            kind = self._transports[transport % len(self._transports)]
            self.readers.arrive(kind, site.stage, since, policy, glob=glob)

    def _open_site(self, which: int) -> Site | None:
        """A hub that has not begun yet takes nobody."""
        wished, other = self.sites[which % HUBS], self.sites[(which + 1) % HUBS]
        return next((site for site in (wished, other) if site.hub.replica.is_open), None)

    def _come(self, number: int, which: int) -> None:
        reader, site = self.readers.all[number], self._open_site(which)
        if site is not None:
            self.counts["comes back at the other hub" if site.stage is not reader.peer.stage else "comes back"] += 1
            self.readers.open(reader, site.stage)

    def _forge(self, number: int, which: int, kind: str, room: str) -> None:
        site = self._open_site(which)
        if site is not None:
            self._forgers.add(number)
            self.readers.open_with_another_cursor(self.readers.all[number], room, kind, site.stage)

    async def _take_all(self, number: int) -> None:
        for _ in range(MOST_ANSWERS):
            if not self._carry(number, 1.0):
                return
            await asyncio.sleep(limits.BROKER_RETRY_S / 50)
        raise AssertionError(f"there is no end to what reader {number} is told")

    def _carry(self, number: int, share: float) -> bool:
        """True if there was anything but where it stands."""
        heard = self.readers.carry(self.readers.all[number], share)
        for one in heard:
            if isinstance(one, Missed) and self._is_calm and number not in self._forgers:
                assert one.reason in BY_ITSELF or one.room in self.ledger.ended, f"{one}: nothing has failed"
        return any(isinstance(one, Records | State | Missed) for one in heard)


async def _let_time_pass(step: Step) -> None:
    match step:
        case ("turn", turns):
            for _ in range(turns):
                await asyncio.sleep(0)
        case ("settle",):
            await asyncio.sleep(limits.BROKER_RETRY_S / 10)
        case (_, seconds):
            await asyncio.sleep(seconds)


def _has_to_wait(hub: Hub, room: str, position: Position) -> bool:
    """None: the other hub may have read what comes here in a moment."""
    return False


def _all_of(hub: Hub) -> dict[str, Any]:
    return {
        name: (room.position, [record for part in room.history.batches() for record in part.records()])
        for name, room in hub.rooms.items()
    }


async def tell(story: Story, steps: Sequence[Step]) -> None:
    try:
        await story.begin()
        for step in steps:
            await story.step(step)
        await story.end()
        story.check()
    finally:
        await story.close()
