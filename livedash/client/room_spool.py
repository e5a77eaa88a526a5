"""What a publisher holds of one room: records not sent, batches not answered, and acknowledged ones to give back.

A batch gets its sequence number when it is sent first, and is never changed afterwards: the hub knows it by that number.
"""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass, replace
from itertools import islice
from typing import Self

from livedash import limits
from livedash.client.batch_queue import BatchQueue
from livedash.wire.batch import Batch
from livedash.wire.messages import Held


@dataclass(frozen=True, slots=True)
class RoomSpoolStatistics:
    """Records; `pushed` is the sum of the others. `reason`: of the last refusal."""

    room: str
    pushed: int
    acknowledged: int
    waiting: int
    lost: int
    refused: int
    reason: str | None

    @classmethod
    def of_new(cls, room: str) -> Self:
        return cls(room, 0, 0, 0, 0, 0, None)

    def with_queued(self, records: int) -> Self:
        """With those that have not come here yet."""
        return replace(self, pushed=self.pushed + records, waiting=self.waiting + records)


@dataclass(frozen=True, slots=True)
class Sent:
    seq: int
    batch: Batch


class RoomSpool:
    """`kept` is what the hub acknowledged, as long as all offsets of the epoch are ours (DESIGN 4.6)."""

    def __init__(self, name: str, join_bytes: int) -> None:
        self.name = name
        self.unsent = BatchQueue(join_bytes)
        self.kept = BatchQueue(join_bytes)
        self.lost = 0
        self.told_lost = 0
        self._sent: deque[Sent] = deque()
        self._sent_bytes = 0
        self._sent_records = 0
        self._on_connection = 0  # how many of `_sent`, from the left, went out on this connection
        self._put_off = 0  # how many of those the hub did not take
        self._epoch: str | None = None
        self._top = 0  # the last acknowledged offset of the epoch
        self._is_alone = False
        self._acknowledged = 0
        self._refused = 0
        self._reason: str | None = None

    @property
    def nbytes(self) -> int:
        return self.unsent.nbytes + self._sent_bytes + self.kept.nbytes

    @property
    def waiting(self) -> int:
        """Records that the hub has not answered."""
        return self.unsent.records + self._sent_records

    @property
    def waiting_bytes(self) -> int:
        return self.unsent.nbytes + self._sent_bytes

    @property
    def in_flight(self) -> int:
        return self._on_connection

    def statistics(self) -> RoomSpoolStatistics:
        pushed = self._acknowledged + self.waiting + self.lost + self._refused
        return RoomSpoolStatistics(
            self.name, pushed, self._acknowledged, self.waiting, self.lost, self._refused, self._reason
        )

    # Sending

    def has_more(self) -> bool:
        return self._on_connection < len(self._sent) or bool(self.unsent)

    def next_to_send(self, next_seq: int, most_records: int = limits.PUBLISH_BATCH_RECORDS) -> Sent:
        """What was sent before and not taken first, then new batches under `next_seq`. Only if `has_more()`."""
        if self._on_connection < len(self._sent):
            sent = self._sent[self._on_connection]
        else:
            sent = Sent(next_seq, self.unsent.take_joined(most_records))
            self._sent.append(sent)
            self._sent_bytes += sent.batch.nbytes
            self._sent_records += sent.batch.count
        self._on_connection += 1
        return sent

    def end_connection(self) -> None:
        self._on_connection = self._put_off = 0
        self.told_lost = 0

    # Answers

    def acknowledge(self, seq: int, epoch: str, offset: int) -> int:
        """`offset` of the batch's last record. How many records it had."""
        batch = self._taken_out(seq)
        if batch is None:
            return 0
        self._acknowledged += batch.count
        if epoch != self._epoch:
            self.kept.clear()
            self._epoch, self._top, self._is_alone = epoch, 0, True
        if offset - batch.count != self._top:
            self._is_alone = False
        if not self._is_alone:
            self.kept.clear()
            return batch.count
        self._top = offset
        self.kept.append(batch)
        while self.kept.nbytes > limits.HISTORY_BYTES:  # the hub's own history holds no more
            self.kept.popleft()
        return batch.count

    def put_off(self) -> None:
        """The hub did not take a batch, nor those behind it: all are sent again once each of them has its answer."""
        self._put_off += 1
        self._rewind()

    def refuse(self, seq: int, reason: str) -> None:
        batch = self._taken_out(seq)
        if batch is not None:
            self.note_refused(batch.count, reason)

    def note_refused(self, records: int, reason: str) -> None:
        self._refused += records
        self._reason = reason

    # What could be given back

    def held(self) -> Held | None:
        if not self._is_alone or self._epoch is None or not self.kept:
            return None
        return Held(self._epoch, self._top - self.kept.records + 1, self._top, self._sent_records)

    def held_batches(self) -> list[tuple[int, Batch]]:
        """Each with its first offset."""
        first = self._top - self.kept.records + 1
        batches = []
        for batch in self.kept:
            batches.append((first, batch))
            first += batch.count
        return batches

    def go_on_as(self, epoch: str) -> None:
        """The hub has all that it acknowledged before, under another epoch now."""
        if self._epoch is not None:
            self._epoch = epoch

    def lose_place(self) -> None:
        """The hub has the room from somebody else, or ended its epoch."""
        self.kept.clear()
        self._epoch, self._top, self._is_alone = None, 0, False

    def _taken_out(self, seq: int) -> Batch | None:
        """Answers come in order: nearly always it is the first."""
        for index, sent in enumerate(islice(self._sent, self._on_connection)):
            if sent.seq == seq:
                del self._sent[index]
                self._on_connection -= 1
                self._sent_bytes -= sent.batch.nbytes
                self._sent_records -= sent.batch.count
                self._rewind()
                return sent.batch
        return None

    def _rewind(self) -> None:
        if self._put_off and self._put_off >= self._on_connection:
            self._on_connection = self._put_off = 0
