"""One connection to a NATS server, and what is asked of JetStream over it. It never comes back by itself.

nats-py is imported when it is needed: it is an extra.
"""

from __future__ import annotations

import asyncio
import base64
import contextlib
import itertools
import json
import ssl
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final

from livedash import limits
from livedash.brokers.contract import BrokerLostError
from livedash.errors import MissingExtraError

OLDEST: Final = (2, 12)  # knows messages that are stored together or not at all
_TRIES: Final = 10
_TIMES: Final = 6  # within BROKER_ANSWER_S: twice a second
_HEADER_BYTES: Final = 1024  # of a message, beside its content
_MESSAGE_BYTES: Final = 1024 * 1024  # at most, where the server would take more
_CLOSE_S: Final = 0.5
_UNLIMITED: Final = {"pending_msgs_limit": -1, "pending_bytes_limit": -1}  # it is asked for so many messages, or one
_NOBODY: Final = "503"

Messages = asyncio.Queue[Any]
Message = tuple[str, bytes, Mapping[str, str]]  # subject, content, headers


class NoStreamError(Exception):
    """There is none of that name, or none any more."""


class WrongRevisionError(Exception):
    """Another hub was quicker."""


class _SilenceError(BrokerLostError):
    """Nobody has answered."""


class _OtherSettingsError(Exception):
    """The stream is there, with settings that an administrator gave it, or a livedash of another version."""


class _NoMessageError(Exception):
    """The stream has none such."""


_ERRORS: Final[Mapping[int, type[Exception]]] = {
    10037: _NoMessageError,
    10058: _OtherSettingsError,
    10059: NoStreamError,
    10071: WrongRevisionError,
    10164: WrongRevisionError,
}


def nats() -> Any:
    """The library, with what is used of it."""
    try:
        import nats as library
        import nats.aio.client
        import nats.errors
    except ImportError as error:
        raise MissingExtraError("a NATS broker needs nats-py: pip install 'livedash[nats]'") from error
    return library


class NatsConnection:
    """What waits for an answer ends when the connection breaks: nats-py would let it wait."""

    def __init__(self, client: Any) -> None:
        self._client = client
        self._inbox: str = client.new_inbox()
        self._answers: dict[str, Messages] = {}
        self._subscriptions: dict[str, Any] = {}
        self._asked = itertools.count()
        self._is_lost = False

    @classmethod
    async def open(cls, url: str, tls: ssl.SSLContext | None = None) -> NatsConnection:
        client = nats().NATS()
        connection = cls(client)
        try:
            await connection._open(url, tls)
        except BaseException:
            await connection.close()
            raise
        version = client.connected_server_version
        if (version.major, version.minor) < OLDEST:
            await connection.close()
            raise BrokerLostError("the NATS server is too old: it must be 2.12 or later")
        return connection

    async def _open(self, url: str, tls: ssl.SSLContext | None) -> None:
        with _breaks():
            await self._client.connect(
                url,
                name="livedash",
                allow_reconnect=False,
                max_reconnect_attempts=1,  # of the first connection: else it would go on for minutes
                reconnect_time_wait=0,
                connect_timeout=limits.BROKER_ANSWER_S,
                tls=tls,
                closed_cb=self._note_lost,
                error_cb=_note_error,
            )
            await self._client.subscribe(f"{self._inbox}.*", cb=self._take, **_UNLIMITED)

    async def close(self) -> None:
        """Raises nothing."""
        with contextlib.suppress(OSError, TimeoutError, nats().errors.Error):
            async with asyncio.timeout(_CLOSE_S):
                await self._client.close()
        await self._note_lost()

    @property
    def max_bytes(self) -> int:
        """Of one message."""
        return min(_MESSAGE_BYTES, int(self._client.max_payload)) - _HEADER_BYTES

    # Messages

    async def ask(
        self,
        subject: str,
        data: bytes = b"",
        headers: Mapping[str, str] | None = None,
        *,
        times: int = 1,
    ) -> bytes:
        """The answer. Raises NoStreamError where nobody is there to give one. `times`: it may be asked so often."""
        reply = f"{self._inbox}.{next(self._asked)}"
        messages = self._expect(reply)
        try:
            for time in range(1, times + 1):
                await self.send(subject, data, reply=reply, headers=headers)
                try:
                    answer = await self.next(messages, limits.BROKER_ANSWER_S / times)
                    break
                except _SilenceError:
                    if time == times:
                        raise
        finally:
            del self._answers[reply]
        if not answer.data and status_of(answer) == _NOBODY:
            raise NoStreamError(subject)
        return bytes(answer.data)

    async def send(
        self, subject: str, data: bytes, *, reply: str = "", headers: Mapping[str, str] | None = None
    ) -> None:
        with _breaks():
            async with asyncio.timeout(limits.BROKER_ANSWER_S):
                await self._client.publish(subject, data, reply=reply, headers=dict(headers) if headers else None)

    async def listen(self) -> tuple[str, Messages]:
        """A subject of our own and what is sent there, whatever its own subject is, until `forget`."""
        reply: str = self._client.new_inbox()
        messages = self._expect(reply)

        async def take(message: Any) -> None:
            messages.put_nowait(message)

        with _breaks():
            self._subscriptions[reply] = await self._client.subscribe(reply, cb=take, **_UNLIMITED)
        return reply, messages

    async def forget(self, reply: str) -> None:
        del self._answers[reply]
        with _breaks():
            await self._subscriptions.pop(reply).unsubscribe()

    async def next(self, messages: Messages, limit_s: float) -> Any:
        """Raises BrokerLostError where none comes for so long: the server would have said that there is nothing."""
        if messages.empty() and self._is_lost:
            raise BrokerLostError("the connection broke")
        try:
            async with asyncio.timeout(limit_s):
                message = await messages.get()
        except TimeoutError as error:
            raise _SilenceError(f"no answer for {limit_s:g} s") from error
        if message is None:
            raise BrokerLostError("the connection broke")
        return message

    # JetStream

    async def store(self, subject: str, data: bytes, headers: Mapping[str, str] | None = None) -> int:
        """The message's number. Raises NoStreamError or WrongRevisionError."""
        for _ in range(_TRIES):
            try:
                return int(_checked(await self.ask(subject, data, headers))["seq"])
            except NoStreamError:
                if not await self.names(subject):
                    raise
            await asyncio.sleep(limits.BROKER_BEHIND_S)  # a node hears of another one's stream a moment later
        raise BrokerLostError("no node takes what is stored now")

    async def store_all(self, messages: Sequence[Message]) -> None:
        """Of one stream, side by side, all or none. Raises NoStreamError."""
        *first, (last, last_data, last_headers) = messages
        if not first:
            await self.store(last, last_data, last_headers)
            return
        batch = {"Nats-Batch-Id": self._client.new_inbox().rpartition(".")[2]}
        for number, (subject, data, headers) in enumerate(first, 1):
            await self.send(subject, data, headers={**headers, **batch, "Nats-Batch-Sequence": str(number)})
        commit = {"Nats-Batch-Sequence": str(len(messages)), "Nats-Batch-Commit": "1"}
        await self.store(last, last_data, {**last_headers, **batch, **commit})

    async def manage(self, what: str, **arguments: object) -> dict[str, Any]:
        """A call of JetStream's own. Raises NoStreamError.

        It may be made more than once: a cluster that has lost a leader does not answer, until it has another one.
        """
        try:
            data = json.dumps(arguments).encode() if arguments else b""
            answer = await self.ask(f"$JS.API.{what}", data, times=_TIMES)
        except NoStreamError as error:
            raise BrokerLostError("the server has no JetStream now; it is started with --jetstream") from error
        return _checked(answer)

    async def make(self, stream: str, **settings: object) -> None:
        """Unless it is there."""
        with contextlib.suppress(_OtherSettingsError):
            await self.manage(f"STREAM.CREATE.{stream}", name=stream, **settings)

    async def names(self, subjects: str) -> list[str]:
        """Of the streams that take some of these subjects."""
        found: list[str] = []
        while True:
            answer = await self.manage("STREAM.NAMES", subject=subjects, offset=len(found))
            some = answer.get("streams") or []
            found += some
            if not some or len(found) >= answer["total"]:
                return found

    async def stored(self, stream: str, **which: object) -> tuple[int, bytes] | None:
        """The number and content of one message, by `seq` or `last_by_subj`. Raises NoStreamError."""
        try:
            found = (await self.manage(f"STREAM.MSG.GET.{stream}", **which))["message"]
        except _NoMessageError:
            return None
        return int(found["seq"]), base64.b64decode(found.get("data") or "")

    # Its own

    async def _take(self, message: Any) -> None:
        if messages := self._answers.get(message.subject):
            messages.put_nowait(message)

    async def _note_lost(self) -> None:
        self._is_lost = True
        for messages in self._answers.values():
            messages.put_nowait(None)

    def _expect(self, reply: str) -> Messages:
        messages: Messages = asyncio.Queue()
        self._answers[reply] = messages
        return messages


def status_of(message: Any) -> str | None:
    """Of what the server says itself: it is no message that somebody stored."""
    return message.headers.get("Status") if message.headers else None


async def _note_error(_: Exception) -> None:
    """What it breaks says so itself."""


@contextlib.contextmanager
def _breaks() -> Iterator[None]:
    try:
        yield
    except (OSError, TimeoutError, nats().errors.Error) as error:
        raise BrokerLostError(f"{type(error).__name__}: {error}") from error


def _checked(answer: bytes) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(answer)
    error = found.get("error")
    if error is None:
        return found
    raise _ERRORS.get(error.get("err_code"), BrokerLostError)(f"the server says: {error.get('description')}")
