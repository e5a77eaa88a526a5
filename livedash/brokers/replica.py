"""A hub that shares its rooms with others over a broker: it asks the log for changes, and makes those that it reads there.

All hubs make the same changes in the same order, so an offset means one record everywhere. Where the broker may have lost
the end of its log, a new generation of it begins, in which each room goes on under another epoch: up to where the hub that
begins it knows the room, the records are the same, and what another hub knows beyond that is taken in again.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections import deque
from collections.abc import Callable

from livedash import limits
from livedash.brokers.arrival import Nodes
from livedash.brokers.contract import BEFORE_ALL, Broker, BrokerLostError, BrokerState, Found, StaleError, Standing
from livedash.brokers.crowd import Crowd
from livedash.brokers.entries import Entry, PresenceChange, Rescue, SharedChange
from livedash.brokers.fold import Fold
from livedash.brokers.outgoing import Asked, Outgoing
from livedash.brokers.shelves import (
    DASHBOARDS,
    HUB,
    LINKS,
    STATE,
    put_into,
    shelf_of_dashboards,
    shelf_of_kept,
    shelf_of_links,
    shelf_of_room,
    state_of_hub,
)
from livedash.brokers.shelving import Shelving
from livedash.brokers.state import SharedState
from livedash.core.changes import NOBODY, Asker, Moment, Result, Then
from livedash.core.kept import continued_as, kept_of
from livedash.core.missing import missing_in
from livedash.errors import ProtocolError, RateLimitedError

log = logging.getLogger("livedash")
_KEEPER = "keeper"
_POLL_S = 0.01


class Replica:
    """Writes. On the hub's loop. `clock_s` is the time of the hub's viewers; `fresh` makes an empty state.

    `on_change` is called when the broker is found to be away, and when it is there (again).
    """

    def __init__(
        self,
        broker: Broker,
        state: SharedState,
        fresh: Callable[[], SharedState],
        *,
        now_us: Callable[[], int],
        clock_s: Callable[[], float],
        new_id: Callable[[], str],
        on_change: Callable[[], None] = lambda: None,
    ) -> None:
        self.node = new_id()
        self._broker = broker
        self._state = state
        self._fresh = fresh
        self._now_us = now_us
        self._clock_s = clock_s
        self._new_id = new_id
        self._on_change = on_change
        self._nodes = Nodes(self.node, clock_s)
        self._outgoing = Outgoing()
        self._crowd = Crowd(state.hub, self.node)
        self._number = 0
        self._generation: str | None = None
        self._former: deque[str] = deque(maxlen=limits.FORMER_EPOCHS)  # generations that this hub left for others
        self._fold = Fold(state, self._outgoing, self._crowd, BEFORE_ALL, {}, _answer)
        self._wake = asyncio.Event()
        self._opened = asyncio.Event()
        self._task: asyncio.Task[None] | None = None
        self._is_closed = False
        self._reason: str | None = "it has not been reached yet"
        self._away_since_s: float | None = clock_s()
        self._wait_s = 0.0  # before the next try
        self._unproven: set[str] = set()  # what the broker has not done yet since it was reached

    def submit(self, change: SharedChange, then: Then, asker: Asker = NOBODY) -> None:
        if not self._outgoing.joins(change, then):
            self._write(change, then, asker)

    def _write(
        self, change: SharedChange | PresenceChange, then: Then, asker: Asker = NOBODY, *, is_first: bool = False
    ) -> None:
        self._number += 1
        moment = Moment(self._now_us(), self._new_epoch())
        self._outgoing.add(Entry(self.node, self._number, moment, change), then, asker, is_first=is_first)
        self._wake.set()

    def check_space(self) -> None:
        """Raises RateLimitedError while the broker is away and has left too much here."""
        if self._outgoing.nbytes >= limits.BROKER_WAITING_BYTES:
            raise RateLimitedError(
                f"{self._outgoing.nbytes} bytes wait for the broker at {self._broker.address} already; send it again later",
                retry_after_s=limits.BROKER_BEAT_S,
            )

    def start(self) -> None:
        self._task = asyncio.ensure_future(self._run())

    @property
    def is_open(self) -> bool:
        """True once the hub has had what the broker holds."""
        return self._opened.is_set()

    async def wait_until_open(self) -> None:
        """Until the hub has what the broker holds."""
        await self._opened.wait()

    async def close(self) -> None:
        """What was asked for is in the log then, unless the broker is away."""
        for _ in range(round(limits.BROKER_ANSWER_S / _POLL_S)):
            if not self._outgoing or self._away_since_s is not None:
                break
            await asyncio.sleep(_POLL_S)
        self._is_closed = True
        await self._broker.close()  # ends what waits for an answer: redis-py does not let go of it when it is cancelled
        while self._task is not None and not self._task.done():
            self._task.cancel()  # more than once: what breaks just then may come in the cancellation's place
            await asyncio.wait({self._task}, timeout=_POLL_S)
        with contextlib.suppress(BrokerLostError):  # others hear of it by our silence then
            await self._broker.connect()  # the cancelled ones may have left half an answer
            await self._broker.leave(self.node)
        await self._broker.close()

    def state(self) -> BrokerState:
        away = "away" if self._opened.is_set() else "starting"
        state = "connected" if self._away_since_s is None else away
        return BrokerState(state, self._broker.address, len(self._nodes.known) + 1, len(self._outgoing), self._reason)

    @property
    def away_s(self) -> float:
        """For how long the broker has been out of reach."""
        return 0.0 if self._away_since_s is None else self._clock_s() - self._away_since_s

    # The connection

    async def _run(self) -> None:
        while not self._is_closed:
            try:
                await self._follow(await self._arrive())
            except* (BrokerLostError, StaleError) as lost:
                self._note_away(str(lost.exceptions[0]) or "the connection broke")
            except* ProtocolError as refused:
                self._note_away(str(refused.exceptions[0]))
                self._wait_s = limits.BROKER_RETRY_S
            except* Exception as failed:  # a mistake of ours or of a library: the hub goes on trying
                log.exception("the broker at %s: this is an error of livedash, please report it", self._broker.address)
                self._note_away(f"{type(failed.exceptions[0]).__name__}")
                self._wait_s = limits.BROKER_RETRY_S
            await asyncio.sleep(self._wait_s)
            self._wait_s = min(limits.BROKER_RETRY_S, 2 * self._wait_s + 0.02)

    async def _arrive(self) -> Standing:
        """Connected, with the state that the log has led to, and nothing lost."""
        while True:
            standing = await self._broker.connect()
            if standing.generation is None:
                await self._begin(standing)
                continue
            is_known = standing.generation == self._generation
            found: Found = "trimmed"
            if is_known:
                found = await self._broker.find(standing.generation, self._fold.mark)
            elif standing.generation in self._former and not standing.is_settled:
                found = "lost"  # an old copy: this hub knows more
            if found == "trimmed":
                await self._load(standing)
            if standing.is_settled and found != "lost":
                self._outgoing.send_again()
                return standing
            agree = await self._nodes.agree(
                self._broker, standing, self._crowd.others, holds=found != "lost", speaks=is_known or found == "lost"
            )
            if agree:
                await self._broker.settle(standing)
            elif agree is not None:
                if found == "there":  # what others wrote and did not come back with
                    await self._read_to_end(self._fold, standing.generation)
                await self._begin(standing)

    async def _follow(self, standing: Standing) -> None:
        """Until the broker is lost, or stands otherwise."""
        self._unproven = {"append", "beat"}
        self._crowd.arrive()
        self._wake.set()
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(self._read(standing))
            tasks.create_task(self._append(standing))
            tasks.create_task(self._beat(standing))
            tasks.create_task(self._shelve(standing))
            tasks.create_task(self._tell_presence())

    async def _read(self, standing: Standing) -> None:
        assert standing.generation is not None
        while _is_wanted():
            for mark, data in await self._broker.read(standing.generation, self._fold.mark):
                self._fold.take(mark, data, self._clock_s())

    async def _append(self, standing: Standing) -> None:
        while _is_wanted():
            await self._wake.wait()
            self._wake.clear()
            while _is_wanted() and (entries := self._outgoing.take(limits.BROKER_APPEND_BYTES)):
                await self._broker.append(standing, entries)
                self._note_done("append")  # more may come for ever
            self._note_done("append")

    async def _beat(self, standing: Standing) -> None:
        while _is_wanted():
            await self._nodes.beat(self._broker, standing.run, holds=True)
            self._note_done("beat")
            self._crowd.keep(self._nodes.known)
            if _is_wanted():
                await asyncio.sleep(limits.BROKER_BEAT_S)

    async def _shelve(self, standing: Standing) -> None:
        assert standing.generation is not None
        shelving = Shelving(self._broker, standing.generation, self._fold)
        while _is_wanted():
            if await self._broker.lease(_KEEPER, self.node, limits.BROKER_BEAT_TTL_S):
                await shelving.shelve(self._clock_s())
            else:
                shelving.lose()
            if _is_wanted():
                await asyncio.sleep(limits.BROKER_SHELVE_S)

    async def _tell_presence(self) -> None:
        while _is_wanted():
            await self._crowd.changed.wait()
            if _is_wanted():
                await asyncio.sleep(limits.BROKER_PRESENCE_S)
            for change in self._crowd.take_changes():
                self._write(change, _nothing)

    def _note_done(self, what: str) -> None:
        """A broker that answers and takes nothing is not there."""
        if self._unproven:
            self._unproven.discard(what)
            if not self._unproven:
                self._note_here()

    def _note_here(self) -> None:
        if self._opened.is_set():
            log.warning("the broker at %s is there again", self._broker.address)
        self._away_since_s = self._reason = None
        self._wait_s = 0.0
        self._opened.set()
        self._on_change()

    def _note_away(self, reason: str) -> None:
        was_here = self._away_since_s is None
        self._reason = reason
        if was_here:
            self._away_since_s = self._clock_s()
            log.warning("the broker at %s is away: %s; what comes waits", self._broker.address, reason)
            self._on_change()

    # Generations

    async def _load(self, standing: Standing) -> None:
        """Takes over what the broker holds; what this hub knows beyond that goes back into the log."""
        assert standing.generation is not None
        answers: list[tuple[Asked, Result]] = []  # told when the hub has what they tell of

        def answer_later(asked: Asked, result: Result) -> None:
            answers.append((asked, result))

        fresh = self._fresh()
        fresh.generation = standing.generation
        mark, as_of = put_into(fresh, await self._broker.load(standing.generation))
        fold = Fold(fresh, self._outgoing, self._crowd, mark, as_of, answer_later)
        try:
            await self._read_to_end(fold, standing.generation)
        except BaseException:  # nobody was answered
            self._outgoing.put_back([asked for asked, _ in answers])
            raise
        lost = self._state.lost_in(fresh)
        for each in lost:  # at once: else a link's streams would end before it is there again
            fresh.make(each.change, Moment(self._now_us()), self._clock_s())
        missing = missing_in(fresh.hub, self._state.hub, self._state.authors)
        given_back: list[SharedChange] = [*lost, *(Rescue(what) for what in missing)]
        fold.answer_known()
        self._state.exchange(fresh, self._now_us(), self._clock_s())
        fold.state = self._state
        fold.answer = _answer
        if self._generation is not None:
            self._former.append(self._generation)
        self._fold, self._generation = fold, standing.generation
        for change in reversed(given_back):
            self._write(change, _nothing, is_first=True)  # what waits here came later
        for asked, result in answers:
            asked.answer(result)

    async def _read_to_end(self, fold: Fold, generation: str) -> None:
        end = await self._broker.end(generation)
        while fold.mark < end:
            for mark, data in await self._broker.read(generation, fold.mark):
                fold.take(mark, data, self._clock_s())

    async def _begin(self, standing: Standing) -> None:
        """A new generation, of what this hub knows. Another hub may be quicker: then that one's is taken over."""
        generation = self._new_id()
        self._state.hub.presence.have_key(self._new_id)
        put = self._broker.put
        for room in tuple(self._state.hub.rooms.values()):
            kept = continued_as(kept_of(room), self._new_epoch())
            await put(generation, shelf_of_room(room.name), shelf_of_kept(kept, BEFORE_ALL))
        for shelf, contents in ((LINKS, shelf_of_links(self._state)), (DASHBOARDS, shelf_of_dashboards(self._state))):
            if contents:
                await put(generation, shelf, contents)
        await put(generation, HUB, {STATE: state_of_hub(self._state, BEFORE_ALL)})
        if not await self._broker.begin(standing, generation):
            await self._broker.forget(generation)

    def _new_epoch(self) -> str:
        return self._new_id()[: limits.EPOCH_CHARACTERS]


def _answer(asked: Asked, result: Result) -> None:
    asked.answer(result)


def _nothing(_: Result) -> None:
    """Nobody asked."""


def _is_wanted() -> bool:
    """False once this task was cancelled: a broker's library may keep that to itself, and the task would go on for ever."""
    task = asyncio.current_task()
    return task is None or not task.cancelling()
