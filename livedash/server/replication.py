"""Whether this hub is alone or shares its rooms, links and dashboards with others over a broker, and what it does then."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable

from livedash import clock, limits
from livedash.brokers.contract import BrokerState
from livedash.brokers.entries import SharedChange
from livedash.brokers.replica import Replica
from livedash.brokers.state import SharedState
from livedash.brokers.urls import open_broker
from livedash.core.changes import NOBODY, Asker, Moment, Result, Then
from livedash.errors import LivedashError, SettingRefusedError, UnreachableError
from livedash.server.config import ServerConfig

log = logging.getLogger("livedash")


class Replication:
    """Writes. `fresh` makes an empty state like `state`. Raises SettingRefusedError or MissingExtraError for `config.broker`."""

    def __init__(
        self,
        config: ServerConfig,
        state: SharedState,
        fresh: Callable[[], SharedState],
        clock_s: Callable[[], float],
        new_id: Callable[[], str],
    ) -> None:
        self._state = state
        self._clock_s = clock_s
        self._replica: Replica | None = None
        self._telling: asyncio.TimerHandle | None = None
        self._looking: asyncio.TimerHandle | None = None
        if config.broker is None:
            return
        if config.data_dir is not None:
            raise SettingRefusedError(
                "a broker keeps the rooms, so a data directory has nothing to do: give one of the two"
            )
        broker = open_broker(config.broker)
        self._replica = Replica(
            broker, state, fresh, now_us=clock.now_us, clock_s=clock_s, new_id=new_id, on_change=self._on_change
        )

    def start(self) -> None:
        """On the hub's loop."""
        if self._replica is not None:
            self._replica.start()
            self._looking = asyncio.get_running_loop().call_later(limits.BROKER_DEGRADED_S, self._warn_if_not_there)

    def _warn_if_not_there(self) -> None:
        """Whoever mistyped its address sees nothing else: nobody is served before."""
        if not self.is_open:
            log.warning("%s; this server serves nobody before it is there", self.why_away() or "the broker takes long")

    async def wait_until_open(self) -> None:
        """Until the hub has what the broker holds. Raises UnreachableError after a while."""
        if self._replica is None or self._replica.is_open:
            return
        try:
            await asyncio.wait_for(self._replica.wait_until_open(), limits.BROKER_WAIT_S)
        except TimeoutError:
            raise UnreachableError(f"{self.why_away()}; try again in a moment") from None

    def submit(self, change: SharedChange, then: Then, asker: Asker = NOBODY) -> None:
        if self._replica is not None:
            self._replica.submit(change, then, asker)
        else:
            then(self._state.make(change, Moment(clock.now_us()), self._clock_s(), asker))

    def check_space(self) -> None:
        """Raises RateLimitedError where too much waits for the broker."""
        if self._replica is not None:
            self._replica.check_space()

    async def write(self, change: SharedChange) -> Result:
        """Raises what the change raises; UnreachableError where the broker is away: the change may still come."""
        done: asyncio.Future[Result] = asyncio.get_running_loop().create_future()
        self.submit(change, lambda result: None if done.done() else done.set_result(result))
        try:
            result = await asyncio.wait_for(done, limits.BROKER_WAIT_S)
        except TimeoutError:
            raise UnreachableError(
                f"{self.why_away() or 'the broker takes long'}; what you sent is made once it is back. "
                "Send it again with the same Idempotency-Key to hear of that"
            ) from None
        if isinstance(result, LivedashError):
            raise result
        return result

    def state(self) -> BrokerState | None:
        """None where this hub is alone."""
        return None if self._replica is None else self._replica.state()

    def why_away(self) -> str | None:
        """None where all is as it should be."""
        state = self.state()
        if state is None or state.reason is None:
            return None
        return f"the broker at {state.address} can't be used: {state.reason}"

    @property
    def is_open(self) -> bool:
        return self._replica is None or self._replica.is_open

    @property
    def is_cut_off(self) -> bool:
        """A link may have been revoked elsewhere, and this hub would not know."""
        return self._replica is not None and self._replica.away_s > limits.BROKER_LINKS_S

    async def close(self) -> None:
        if self._looking is not None:
            self._looking.cancel()
        if self._replica is not None:
            await self._replica.close()
        self._keep_quiet()

    # What viewers are told

    def _on_change(self) -> None:
        self._keep_quiet()
        if self.why_away() is None:
            self._state.hub.tell_degraded(None)
        else:
            self._telling = asyncio.get_running_loop().call_later(limits.BROKER_DEGRADED_S, self._tell_degraded)

    def _tell_degraded(self) -> None:
        """Once an outage, with what is known then: each try to reach the broker may fail in other words."""
        self._state.hub.tell_degraded(self.why_away())

    def _keep_quiet(self) -> None:
        if self._telling is not None:
            self._telling.cancel()
            self._telling = None
