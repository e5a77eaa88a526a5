"""WebSocket: one message a frame, both ways, subprotocols livedash.v1.json and livedash.v1.msgpack."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from livedash import limits
from livedash.core.grant import Grant
from livedash.errors import ProtocolError
from livedash.transports.contract import Sink
from livedash.transports.conversation import Conversation
from livedash.transports.viewer import Liveness, Stage, Viewer
from livedash.wire.codec import JSON, MSGPACK, Codec
from livedash.wire.messages import Error, HubMessage

SUBPROTOCOLS: Final[dict[str, Codec]] = {"livedash.v1.msgpack": MSGPACK, "livedash.v1.json": JSON}
DEFAULT_SUBPROTOCOL: Final = "livedash.v1.json"
LIVENESS: Final = Liveness(limits.PING_INTERVAL_S, limits.PONG_LIMIT_S)


class MessageFraming:
    """A message a piece."""

    def __init__(self, codec: Codec) -> None:
        self._codec = codec

    def pieces(self, messages: Iterable[HubMessage]) -> list[bytes]:
        return [self._codec.encode(message) for message in messages]


class WebSocketViewer:
    """A peer on a WebSocket: hands what it says to the conversation, and its session's messages to the sink."""

    def __init__(self, stage: Stage, grant: Grant, sink: Sink, codec: Codec, liveness: Liveness | None = None) -> None:
        self.codec = codec
        self.viewer = Viewer(stage, grant, sink, MessageFraming(codec), liveness or LIVENESS)
        self._conversation = Conversation(stage, self.viewer.session)

    def receive(self, data: bytes | str) -> None:
        """A whole message of the peer; one that is none is answered by an error, and the connection stays."""
        self.viewer.on_answer()
        try:
            if self.codec.is_binary and isinstance(data, str):
                raise ProtocolError("messages of livedash.v1.msgpack are binary frames, and this was a text")
            message = self.codec.decode(data)
        except ProtocolError as error:
            asked = self.codec.asked_by(data)
            self.viewer.session.notify(Error(error.code, error.message, asked.id, asked.room))
            return
        self._conversation.receive(message)
