"""What a two-way peer says, and what the hub does about it: the same on WebSocket, comm and the UNIX socket."""

from __future__ import annotations

from dataclasses import replace
from functools import partial
from typing import Any

from livedash import limits
from livedash.core.changes import Append, Asker, GiveBack, NoteLost, Result
from livedash.core.grant import Grant
from livedash.core.origin import Origin
from livedash.core.publish_rate import PutOff
from livedash.core.reading import Reading
from livedash.core.session import Session
from livedash.errors import LivedashError, RateLimitedError, SettingRefusedError
from livedash.transports.ingest import batch_of_publish
from livedash.transports.viewer import Stage
from livedash.wire.codec import batch_of_wire
from livedash.wire.messages import (
    AskPresence,
    ClientMessage,
    Error,
    Hello,
    Lost,
    Ping,
    Pong,
    Presence,
    Publish,
    Published,
    Restore,
    SourceFailing,
    Subscribe,
    Unsubscribe,
    Welcome,
)
from livedash.wire.position import Position
from livedash.wire.since import start_from


def reading_of(shape: str, mode: str, max_hz: float | None, window: int | None) -> Reading:
    """Raises SettingRefusedError for what a viewer can't ask for."""
    if shape not in ("records", "columns"):
        raise SettingRefusedError(f"shape={shape!r} is not known; use 'records' or 'columns'")
    if mode not in ("all", "latest", "sample"):
        raise SettingRefusedError(f"mode={mode!r} is not known; use 'all', 'latest' or 'sample'")
    if max_hz is not None and not 0 < max_hz <= limits.MAX_HZ:
        raise SettingRefusedError(f"max_hz={max_hz} is out of range; use a number above 0, up to {limits.MAX_HZ:g}")
    window = limits.SNAPSHOT_RECORDS if window is None else window
    if not 1 <= window <= limits.READ_LIMIT_MAX:
        raise SettingRefusedError(f"window={window} is out of range; use 1 to {limits.READ_LIMIT_MAX} records")
    return Reading(shape, mode, max_hz, window)  # type: ignore[arg-type]  # both were compared with all their values


class Conversation:
    """Of one peer. Errors are answered, and the connection stays."""

    def __init__(self, stage: Stage, session: Session) -> None:
        self._stage = stage
        self._session = session
        self._hello: Hello | None = None
        self._put_off = PutOff()

    @property
    def _grant(self) -> Grant:
        return self._session.grant

    def receive(self, message: ClientMessage) -> None:
        try:
            self._answer(message)
        except LivedashError as error:
            self._refuse(message, error)

    def _answer(self, message: ClientMessage) -> None:
        match message:
            case Publish():
                self._publish(message)
            case Subscribe():
                self._subscribe(message)
            case Unsubscribe(room):
                self._session.unsubscribe(room)
            case Ping():
                self._session.notify(Pong())
            case AskPresence(room):
                self._grant.check_read(room)
                self._session.notify(Presence(room, self._stage.hub.viewers(room, self._grant)))
            case Hello() | Restore() | Lost() | SourceFailing():
                self._answer_publisher(message)

    def _answer_publisher(self, message: Hello | Restore | Lost | SourceFailing) -> None:
        hub = self._stage.hub
        match message:
            case Hello(publisher, rooms):
                for room in rooms:
                    self._grant.check_write(room)
                self._hello = message
                origin = Origin(publisher, connection=self._session)
                self._session.notify(Welcome(hub.hello(rooms, origin), hub.continued(rooms)))
            case Restore():
                self._restore(message)
            case Lost(room, publisher, dropped):
                self._grant.check_write(room)
                self._stage.writes.submit(NoteLost(room, publisher, dropped), _nothing)
            case SourceFailing(room, source, error):
                self._grant.check_write(room)
                hub.note_failing(room, source, error, self._session)

    def _publish(self, message: Publish) -> None:
        self._grant.check_write(message.room)
        batch = batch_of_publish(message, self._stage.now_us(), self._stage.record_bytes)
        settings = self._settings(message.room)
        change = Append(message.room, batch, message.publisher, message.seq, settings=settings)
        keeper = self._keeper(message.publisher)
        self._pay(change, None if keeper is None else message.seq)
        asker = Asker(None if message.echo else self._session, keeper)
        self._stage.writes.submit(change, partial(self._answer_write, message), asker)

    def _pay(self, change: Append, seq: int | None) -> None:
        """`seq`: of a publisher that sends again what was put off. Raises RateLimitedError."""
        grant = self._grant
        publisher = grant.caller if change.publisher is None else f"{grant.principal}: {change.publisher}"
        if seq is not None:
            self._put_off.check(change.room, seq)
        try:
            self._stage.pay(publisher, change)
        except RateLimitedError as error:
            if seq is not None:
                self._put_off.note(change.room, seq, error)
            raise

    def _restore(self, message: Restore) -> None:
        self._grant.check_write(message.room)
        batch = batch_of_wire(message.count, message.times, message.columns)
        hello = self._hello or Hello("")
        held = hello.rooms.get(message.room)
        owed_top = held.last + held.unanswered if held is not None and held.epoch == message.epoch else 0
        place = (message.room, message.epoch, message.first)
        change = GiveBack(*place, batch, hello.publisher, self._settings(message.room), owed_top)
        asker = Asker(keeper=self._keeper(hello.publisher))
        self._stage.writes.submit(change, partial(self._answer_write, message), asker)

    def _answer_write(self, message: Publish | Restore, result: Result) -> None:
        if self._session.is_closed:
            return
        if isinstance(result, Position):
            self._session.notify(Published(result.epoch, result.offset, message.id))
        elif isinstance(result, LivedashError):
            self._refuse(message, result)

    def _refuse(self, message: ClientMessage, error: LivedashError) -> None:
        identity = getattr(message, "id", None)
        room = getattr(message, "room", None)
        retry_after_s = getattr(error, "retry_after_s", None)
        self._session.notify(Error(error.code, error.message, identity, room, retry_after_s))

    def _settings(self, room: str) -> dict[str, Any] | None:
        return self._hello.settings.get(room) if self._hello is not None else None

    def _keeper(self, publisher: str | None) -> Session | None:
        """Only a publisher that said hello keeps records, and wants to know when it is not alone any more."""
        return self._session if self._hello is not None and publisher == self._hello.publisher else None

    def _subscribe(self, message: Subscribe) -> None:
        reading = reading_of(message.shape, message.mode, message.max_hz, message.window)
        reading = replace(reading, presence=message.presence)
        self._session.subscribe(message.room, start_from(message.since), reading, self._stage.clock_s())


def _nothing(_: Result) -> None:
    """Nobody asks what became of it."""
