"""What a two-way peer says, and what the hub does about it: the same on WebSocket, comm and the UNIX socket."""

from __future__ import annotations

from livedash import limits
from livedash.core.grant import Grant
from livedash.core.origin import Origin
from livedash.core.session import Session
from livedash.core.subscription import Reading
from livedash.errors import LivedashError, SettingRefusedError
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

    @property
    def _grant(self) -> Grant:
        return self._session.grant

    def receive(self, message: ClientMessage) -> None:
        try:
            self._answer(message)
        except LivedashError as error:
            identity = getattr(message, "id", None)
            room = getattr(message, "room", None)
            self._session.notify(Error(error.code, error.message, identity, room))

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
                self._session.notify(Presence(room, self._stage.hub.viewers(room)))
            case Hello() | Restore() | Lost() | SourceFailing():
                self._answer_publisher(message)

    def _answer_publisher(self, message: Hello | Restore | Lost | SourceFailing) -> None:
        hub = self._stage.hub
        match message:
            case Hello(publisher, rooms):
                for room in rooms:
                    self._grant.check_write(room)
                self._hello = message
                origin = self._origin(None, publisher)
                self._session.notify(Welcome(hub.hello(rooms, origin), hub.continued(rooms)))
            case Restore():
                self._restore(message)
            case Lost(room, publisher, dropped):
                self._grant.check_write(room)
                hub.note_lost(room, publisher, dropped)
            case SourceFailing(room, source, error):
                self._grant.check_write(room)
                hub.note_failing(room, source, error, self._session)

    def _publish(self, message: Publish) -> None:
        self._grant.check_write(message.room)
        now_us = self._stage.now_us()
        batch = batch_of_publish(message, now_us)
        origin = self._origin(message.room, message.publisher, message.seq, echo=message.echo)
        position = self._stage.hub.publish(message.room, batch, now_us, self._stage.clock_s(), origin)
        self._session.notify(Published(position.epoch, position.offset, message.id))

    def _restore(self, message: Restore) -> None:
        self._grant.check_write(message.room)
        batch = batch_of_wire(message.count, message.times, message.columns)
        hello = self._hello or Hello("")
        held = hello.rooms.get(message.room)
        position = self._stage.hub.restore(
            message.room,
            message.epoch,
            message.first,
            batch,
            self._stage.now_us(),
            self._stage.clock_s(),
            self._origin(message.room, hello.publisher),
            held.last + held.unanswered if held is not None and held.epoch == message.epoch else 0,
        )
        self._session.notify(Published(position.epoch, position.offset, message.id))

    def _origin(self, room: str | None, publisher: str | None, seq: int | None = None, *, echo: bool = True) -> Origin:
        """Only a publisher that said hello keeps records, and wants to know when it is not alone any more."""
        hello = self._hello
        is_known = hello is not None and publisher == hello.publisher
        settings = hello.settings.get(room) if hello is not None and room is not None else None
        not_to, told = None if echo else self._session, self._session if is_known else None
        return Origin(publisher, seq, session=not_to, connection=told, settings=settings)

    def _subscribe(self, message: Subscribe) -> None:
        reading = reading_of(message.shape, message.mode, message.max_hz, message.window)
        self._session.subscribe(message.room, start_from(message.since), reading, self._stage.clock_s())
