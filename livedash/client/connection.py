"""A publisher's connection: finds the hub, greets it, hears its answers, and comes back when it is gone.

A hub that does not answer is tried again after a backoff; one that refuses (a wrong token, no such route) too, but seldom,
with the reason in the status: the records stay in the buffer, as long as that holds them.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Callable, Iterator

from livedash import limits
from livedash.client.backoff import JITTER, Backoff, bounded_s
from livedash.client.contract import Channel, Connector
from livedash.client.spool import Spool
from livedash.client.watchdog import Patience, connect
from livedash.clock import monotonic_s
from livedash.errors import LivedashError, NotAllowedError
from livedash.transports.close_codes import stays_away
from livedash.wire.codec import MSGPACK
from livedash.wire.messages import Bye, ClientMessage, Error, HubMessage, Published, Welcome

Find = Callable[[], Connector]


class Connection:
    """On the loop's thread. `find` says, at each attempt, where the hub is; `on_answer` is called after each message."""

    def __init__(self, spool: Spool, find: Find, on_answer: Callable[[], None]) -> None:
        self._spool = spool
        self._find = find
        self._on_answer = on_answer
        self._backoff = Backoff(JITTER, max_s=limits.PUBLISHER_BACKOFF_MAX_S)
        self._seldom = Backoff(JITTER, first_s=limits.BACKOFF_MAX_S / 2, max_s=limits.PUBLISHER_REFUSED_S)
        self._patience = Patience()
        self._channel: Channel | None = None
        self._hurry = asyncio.Event()
        self._search = 0
        self._unanswered_since_s: float | None = None
        self._asked_wait_s: float | None = None
        self._pause: asyncio.TimerHandle | None = None  # the hub has put off what it was sent
        self.connector: Connector | None = None
        self.state = "idle"
        self.reason: str | None = None
        self.is_refused = False

    async def keep(self) -> None:
        """Never returns."""
        while True:
            wait_s = await self._attempt()
            self.state = "waiting"
            self._on_answer()
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self._hurry.wait(), wait_s)
            self._hurry.clear()

    def reconnect(self) -> None:
        """Looks for the hub again, and at once: another one was named."""
        self._search += 1
        self._backoff.reset()
        self._seldom.reset()
        self.is_refused = False
        self._hurry.set()
        self.drop()

    def send(self, messages: Iterator[ClientMessage]) -> None:
        """Into the open channel; without one nothing is taken from the iterator."""
        channel = self._channel
        if channel is None:
            return
        for message in messages:
            channel.send(MSGPACK.encode_from_client(message))
        if self._unanswered_since_s is None and self._spool.in_flight:
            self._unanswered_since_s = monotonic_s()

    def check_answers(self) -> None:
        """Drops a connection that has not answered for limits.PUBLISHER_ACK_LIMIT_S."""
        since_s = self._unanswered_since_s
        if since_s is not None and monotonic_s() - since_s > limits.PUBLISHER_ACK_LIMIT_S:
            self.reason = f"the hub did not answer for {limits.PUBLISHER_ACK_LIMIT_S:g} s"
            self.drop()

    def drop(self) -> None:
        channel, self._channel = self._channel, None
        if channel is not None:
            self.state = "connecting"
        self._unanswered_since_s = None
        self._end_pause()
        self._spool.end()
        if channel is not None:
            channel.close()

    def fail(self, error: BaseException) -> None:
        """The sender itself failed; it begins again."""
        self.drop()
        self.state = "waiting"
        self.reason = f"livedash's own sender failed, please report it: {type(error).__name__}: {error}"

    def abandon(self) -> None:
        """In a forked child: the connection is the parent's."""
        channel, self._channel = self._channel, None
        if channel is not None:
            channel.abandon()

    def _note_pace(self, message: Published | Error) -> None:
        match message:
            case Error(_, text, _, _, float(wait_s)):
                self.reason = text
                if self._pause is None:
                    self._pause = asyncio.get_running_loop().call_later(bounded_s(wait_s), self._go_on)
            case Published() if self._pause is None:
                self.reason = None

    def _go_on(self) -> None:
        self._end_pause()
        self._spool.go_on()
        self.send(self._spool.take())

    def _end_pause(self) -> None:
        if self._pause is not None:
            self._pause.cancel()
            self._pause = None

    async def _attempt(self) -> float:
        """One connection from its opening to its end; how long to wait before the next."""
        self._asked_wait_s = None
        self.state = "connecting"
        try:
            await self._serve()
        except LivedashError as error:
            self.reason, self.is_refused = error.message, not error.can_retry
        finally:
            self.drop()
        return self._next_wait_s()

    def _next_wait_s(self) -> float:
        if self.is_refused:
            return self._seldom.next_s()
        return self._backoff.next_s() if self._asked_wait_s is None else self._asked_wait_s

    async def _serve(self) -> None:
        """Raises LivedashError where the hub can't be had or sends us away for good."""
        search = self._search
        self.connector = self._find()
        channel = await connect(self.connector, self._patience)
        if search != self._search:  # another hub was named meanwhile
            channel.close()
            return
        self._channel = channel
        self.send(iter((self._spool.begin(),)))
        while (data := await channel.receive()) is not None:
            self._hear(MSGPACK.decode_from_hub(data))
            self._on_answer()
        if stays_away(channel.close_code):
            raise NotAllowedError(self.reason or f"the hub closed the connection for good (code {channel.close_code})")
        self.reason = self.reason or "the hub closed the connection"

    def _hear(self, message: HubMessage) -> None:
        match message:
            case Welcome():
                self.state, self.reason, self.is_refused = "connected", None, False
                self._backoff.reset()
                self._seldom.reset()
                self._spool.receive(message)
            case Published() | Error():
                self._spool.receive(message)
                self._note_pace(message)
            case Bye(_, None):
                raise NotAllowedError(f"the hub ended the connection for good: {message.reason}")
            case Bye(reason, float(retry_after_s)):
                self.reason = f"the hub ended the connection: {reason}"
                self._asked_wait_s = bounded_s(retry_after_s)  # spread by the hub, below limits.TAKEOVER_WAIT_S
        self._unanswered_since_s = monotonic_s() if self._spool.in_flight else None
