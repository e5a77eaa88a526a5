"""A real hub at the other end of a line that can be cut anywhere; no I/O, no clock."""

from __future__ import annotations

import itertools

from livedash.client.spool import Spool
from livedash.core.hub import Hub
from livedash.core.journal import Described, Entry
from livedash.core.kept import continued_as, header_of, room_of
from livedash.core.origin import Origin
from livedash.core.publish_rate import PublishRate, PublishRates, PutOff
from livedash.errors import LivedashError, RateLimitedError
from livedash.testing.store import MemoryStore
from livedash.wire.batch import Batch
from livedash.wire.codec import MSGPACK, batch_of_wire
from livedash.wire.messages import ClientMessage, Error, Hello, Lost, Publish, Published, Restore, Welcome

Answer = Published | Error | Welcome


class Greeted:
    """The hub's end of a publisher's connection, as conversation.py has it."""

    def __init__(self, hello: Hello, answers: list[Answer]) -> None:
        self.hello = hello
        self.notify = answers.append
        self.put_off = PutOff()

    def origin(self, seq: int | None = None) -> Origin:
        return Origin(self.hello.publisher, seq, connection=self)

    def owed_top(self, message: Restore) -> int:
        held = self.hello.rooms.get(message.room)
        return held.last + held.unanswered if held is not None else 0


class Line:
    """Messages of a spool lie in `sent` until they are carried to the hub, its answers in `answers` until they are
    carried back. `cut` loses both.
    """

    def __init__(self, spool: Spool, rate: PublishRate | None = None) -> None:
        self.spool = spool
        self.now_s = 0.0
        self._rate = rate
        self._rates = PublishRates(rate)
        self._epochs = itertools.count(1)
        self.hub = self._new_hub()
        self.sent: list[ClientMessage] = []
        self.answers: list[Answer] = []
        self.is_open = False
        self.greeted = Greeted(Hello("nobody"), [])
        self.dropped: dict[str, int] = {}

    def connect(self) -> None:
        self.cut()
        self.is_open = True
        self.sent.append(self.spool.begin())
        self.pump()

    def cut(self) -> None:
        self.is_open = False
        self.sent.clear()
        self.answers = []  # what the hub still says to the former connection is lost
        self.spool.end()

    def restart_hub(self) -> None:
        self.cut()
        self.hub = self._new_hub()
        self._rates = PublishRates(self._rate)

    def pump(self) -> None:
        if self.is_open:
            self.sent += [MSGPACK.decode(MSGPACK.encode_from_client(message)) for message in self.spool.take()]

    def carry(self, count: int) -> None:
        """The next `count` messages reach the hub."""
        for message in self.sent[:count]:
            self._hear(message)
        del self.sent[:count]

    def carry_back(self, count: int) -> None:
        """The next `count` answers reach the spool."""
        taken = self.answers[:count]
        del self.answers[:count]
        for answer in taken:
            self.spool.receive(answer)
        self.pump()

    def settle(self) -> None:
        """All that can be delivered is."""
        if not self.is_open:
            self.connect()
        self.pump()
        while self.sent or self.answers:
            self.carry(len(self.sent))
            self.carry_back(len(self.answers))

    def wait(self, seconds: float) -> None:
        """As long as the hub asked for, or not."""
        self.now_s += seconds
        self.spool.go_on()
        self.pump()

    def values(self, room: str, field: str = "n") -> list[object]:
        found = self.hub.rooms.get(room)
        if found is None:
            return []
        stored = found.history.read(found.history.first - 1, 2**40)
        return [record.get(field) for part in stored for record in part.batch.records()]

    def _new_hub(self) -> Hub:
        return Hub(lambda: f"e{next(self._epochs)}")

    def _hear(self, message: ClientMessage) -> None:
        try:
            self._answer(message)
        except LivedashError as error:
            identity, room = getattr(message, "id", None), getattr(message, "room", None)
            retry_after_s = getattr(error, "retry_after_s", None)
            self.answers.append(Error(error.code, error.message, identity, room, retry_after_s))

    def _publish(self, message: Publish, seq: int) -> None:
        put_off, origin = self.greeted.put_off, self.greeted.origin(seq)
        put_off.check(message.room, seq)
        try:
            if not self.hub.knows(message.room, origin, self.now_s):
                self._rates.pay(self.greeted.hello.publisher, _batch(message), self.now_s)
        except RateLimitedError as error:
            put_off.note(message.room, seq, error)
            raise
        position = self.hub.publish(message.room, _batch(message), 0, self.now_s, origin)
        self.answers.append(Published(position.epoch, position.offset, message.id))

    def _answer(self, message: ClientMessage) -> None:
        match message:
            case Hello(_, rooms):
                self.greeted = Greeted(message, self.answers)
                acquaintances = self.hub.hello(rooms, self.greeted.origin())
                self.answers.append(Welcome(acquaintances, self.hub.continued(rooms)))
            case Publish():
                self._publish(message, message.seq or 0)
            case Restore():
                origin, owed_top = self.greeted.origin(), self.greeted.owed_top(message)
                batch = _batch(message)
                position = self.hub.restore(message.room, message.epoch, message.first, batch, 0, 0.0, origin, owed_top)
                self.answers.append(Published(position.epoch, position.offset, message.id))
            case Lost(room, _, dropped):
                self.dropped[room] = dropped


class KeptLine(Line):
    """The hub tells a store, which has what `write` gave it."""

    def __init__(self, spool: Spool) -> None:
        self.store = MemoryStore()
        self.store.open()
        self.unwritten: list[Entry] = []
        super().__init__(spool)

    def write(self, share: float) -> None:
        """The first of what waits."""
        count = round(len(self.unwritten) * share)
        self.store.write(self.unwritten[:count])
        del self.unwritten[:count]

    def kill_hub(self) -> None:
        """And another one begins with what was written."""
        self.cut()
        self.unwritten.clear()
        self.store.close(is_complete=False)
        self.store.open()
        rooms = [room_of(continued_as(room, f"e{next(self._epochs)}")) for room in self.store.load().rooms]
        self.hub = self._new_hub()
        self.hub.adopt(rooms, 0)
        self.store.write([Described(header_of(room)) for room in rooms])

    def _new_hub(self) -> Hub:
        hub = super()._new_hub()
        hub.journal.keeper = self.unwritten.append
        return hub


def _batch(message: Publish | Restore) -> Batch:
    return batch_of_wire(message.count, message.times, message.columns or {})


def numbered(*numbers: int) -> Batch:
    """A record for each number."""
    return Batch.from_records([{"n": number} for number in numbers], [0] * len(numbers))
