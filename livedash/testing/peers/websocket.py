"""A peer on a WebSocket of either subprotocol, or on a widget's comm: messages both ways."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator, Sequence

from livedash.core.grant import Grant, owner
from livedash.errors import CursorRefusedError
from livedash.testing.peers.contract import Began, Heard, Missed, Records, State, Wish, note_key
from livedash.testing.peers.line import Line
from livedash.transports.comm import CommTransport
from livedash.transports.viewer import Stage
from livedash.transports.websocket import WebSocketViewer
from livedash.wire.batch import Batch
from livedash.wire.codec import MSGPACK, Codec
from livedash.wire.messages import (
    ClientMessage,
    Delivery,
    Gap,
    HubMessage,
    Keyed,
    Ping,
    Pong,
    Publish,
    Subscribe,
    Subscribed,
    Unsubscribe,
)
from livedash.wire.names import is_glob, matches
from livedash.wire.position import Cursor, Position

_VIEWER = owner("viewer")


class WebSocketPeer:
    """Keeps a position a room."""

    def __init__(self, stage: Stage, codec: Codec, grant: Grant = _VIEWER) -> None:
        self.stage = stage
        self._codec = codec
        self._grant = grant
        self.keys: dict[str, str] = {}
        self._wishes: dict[str, Wish] = {}
        self._positions: dict[str, Position] = {}
        self._forged: str | None = None
        self._asks_state: dict[str, bool] = {}
        self._unanswered: dict[str, int] = {}  # subscriptions: what comes before their answers is of former ones
        self._asked: deque[str] = deque()  # whose answer comes right after the next pong
        self._answering: str | None = None
        self._line = Line()
        self._viewer: WebSocketViewer | None = None

    @property
    def is_open(self) -> bool:
        return self._viewer is not None and not self._line.is_ended

    @property
    def cursor(self) -> str:
        return self._forged or ",".join(f"{room}:{position}" for room, position in self._positions.items())

    def open(self, wishes: Sequence[Wish]) -> None:
        self.cut()
        self._connect()
        self._unanswered.clear()
        self._asked.clear()
        self._wishes = {wish.room: wish for wish in wishes}
        if self._forged is not None:
            self._positions = _positions(self._forged)
        self._forget_others()
        for wish in wishes:
            self._subscribe(wish)
        self._forged = None

    def wish(self, wishes: Sequence[Wish]) -> None:
        before, self._wishes = self._wishes, {wish.room: wish for wish in wishes}
        for room in before.keys() - self._wishes.keys():
            self.say(Unsubscribe(room))
        self._forget_others()
        for room, wish in self._wishes.items():
            if before.get(room) != wish:
                self._subscribe(wish)

    def carry(self, share: float) -> list[Heard]:
        if self._viewer is not None and not self._line.is_ended:
            self._viewer.viewer.on_answer()
        return [
            heard
            for piece in self._line.take_pieces(share)
            for heard in self._understood(self._codec.decode_from_hub(piece))
        ]

    def cut(self) -> None:
        if self._viewer is not None:
            self._viewer.viewer.on_gone()
        self._viewer = None
        self._line = Line()

    def forge(self, cursor: str) -> None:
        self._forged = cursor

    def say(self, message: ClientMessage) -> None:
        self._hand(self._codec.encode_from_client(message))

    def publish(self, room: str, batch: Batch, *, echo: bool = True) -> None:
        fields = self._codec.batch_fields(batch, "columns")
        self.say(Publish(room, id=1, echo=echo, **fields))

    def _connect(self) -> None:
        self._viewer = WebSocketViewer(self.stage, self._grant, self._line, self._codec)
        self._line.on_drained = self._viewer.viewer.on_drained

    def _hand(self, data: bytes) -> None:
        assert self._viewer is not None
        self._viewer.receive(data if self._codec.is_binary else data.decode())

    def _subscribe(self, wish: Wish) -> None:
        since = self._forged or self._cursor(wish.room) or wish.since
        self._asks_state[wish.room] = since == "snapshot" or ":" in since  # a room that a cursor does not name
        self._unanswered[wish.room] = self._unanswered.get(wish.room, 0) + 1
        self._asked.append(wish.room)
        self.say(Ping())
        self.say(Subscribe(wish.room, since, wish.shape, wish.mode, wish.max_hz, wish.window))

    def _cursor(self, room: str) -> str:
        of_room = self._positions.items() if is_glob(room) else [(room, self._positions.get(room))]
        return ",".join(f"{name}:{position}" for name, position in of_room if position is not None)

    def _forget_others(self) -> None:
        """Rooms that are not wished for any more are new when they come again."""
        if not any(is_glob(room) for room in self._wishes):
            self._positions = {room: self._positions[room] for room in self._wishes if room in self._positions}

    def _understood(self, message: HubMessage) -> Iterator[Heard]:
        match message:
            case Delivery(room=room) | Gap(room=room) if not self._is_awaited(room):
                return
            case Delivery(room, epoch, offset, batch):
                self._positions[room] = Position(epoch, offset)
                if message.is_snapshot:
                    yield State(room, Position(epoch, offset), batch.records())
                else:
                    yield Records(room, Position(epoch, offset), batch.records(), message.skipped)
            case Gap(room, reason, start, stop):
                yield Missed(room, reason, start, stop)
            case Pong():
                self._answering = self._asked.popleft()
            case Keyed(room, key):
                note_key(self.keys, room, key)
            case Subscribed(room):
                note_key(self.keys, room, message.key)
                if room == self._answering:  # else a room goes on under another epoch
                    self._unanswered[room] -= 1
                    self._answering = None
                if not is_glob(room) and self._is_awaited(room):
                    yield from self._began(room, Position(message.epoch, message.offset), message.recovered)

    def _is_awaited(self, room: str) -> bool:
        asked = [wish for wish in self._wishes if matches(wish, room)]
        return bool(asked) and all(self._unanswered.get(wish, 0) <= 0 for wish in asked)

    def _began(self, room: str, position: Position, recovered: bool) -> Iterator[Began]:
        """Where a snapshot was asked for, only that says where the reader stands, unless there is nothing yet."""
        is_state_coming = position.exists and self._asks_state[room if room in self._wishes else "*"]
        if recovered and room not in self._positions and not is_state_coming:
            self._positions[room] = position
            yield Began(room, position)


class CommPeer(WebSocketPeer):
    """The same messages by a widget's comm, which tells nothing of how far the page is."""

    def __init__(self, stage: Stage, grant: Grant = _VIEWER) -> None:
        super().__init__(stage, MSGPACK, grant)
        self._comm: CommTransport | None = None

    @property
    def is_open(self) -> bool:
        return self._comm is not None

    def cut(self) -> None:
        if self._comm is not None:
            self._comm.close()
        self._comm = None
        self._line = Line()

    def _connect(self) -> None:
        self._comm = CommTransport(self.stage, self._grant, self._line.send)

    def _hand(self, data: bytes) -> None:
        assert self._comm is not None
        self._comm.receive(data)


def _positions(cursor: str) -> dict[str, Position]:
    try:
        return dict(Cursor.parse(cursor).positions)
    except CursorRefusedError:
        return {}
