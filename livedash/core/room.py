"""A room: its epoch and offsets, its history, the latest record per key, and what it owes readers of former epochs."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from livedash import limits
from livedash.core.history import History, HistoryStatistics
from livedash.core.keyed import KeyChanges, KeyedState
from livedash.core.publishers import Publishers
from livedash.core.settings import RoomSettings
from livedash.errors import ConflictError
from livedash.wire.batch import EMPTY, Batch
from livedash.wire.messages import GapReason
from livedash.wire.position import Position

_SNAPSHOTS_KEPT = 4
SNAPSHOT_BYTES = limits.OUTBOX_BYTES // 2  # one message; what comes live meanwhile must fit beside it


@dataclass(frozen=True, slots=True)
class RoomStatistics:
    history: HistoryStatistics
    publishers_dropped: int


class Room:
    """Holds no viewer: who reads is the hub's business."""

    __slots__ = (
        "_continued",
        "_former",
        "_snapshots",
        "epoch",
        "history",
        "keyed",
        "name",
        "owed_top",
        "publishers",
        "settings",
    )

    def __init__(self, name: str, epoch: str, settings: RoomSettings, *, top: int = 0) -> None:
        self.name = name
        self.epoch = epoch
        self.settings = settings
        self.history = History(top)
        self.keyed = KeyedState(settings.key) if settings.key else None
        self.publishers = Publishers()
        self.owed_top = 0  # a former hub gave out the epoch's offsets up to here, and one publisher gives them back
        self._former: dict[str, GapReason] = {}  # epochs that ended here, and why; the oldest are forgotten
        self._continued: dict[str, int] = {}
        self._snapshots: dict[int, Batch] = {}  # of the present top, by window

    @property
    def position(self) -> Position:
        return Position(self.epoch, self.history.top)

    @property
    def nbytes(self) -> int:
        """Of history and of the latest records per key."""
        return self.history.nbytes + (self.keyed.nbytes if self.keyed else 0)

    @property
    def former(self) -> Mapping[str, GapReason]:
        """Epochs that ended here, and why."""
        return self._former

    @property
    def continued(self) -> Mapping[str, int]:
        """Epochs that this one goes on from: their records up to the offset are its own, at the same offsets."""
        return self._continued

    def append(self, batch: Batch, now_us: int) -> KeyChanges | None:
        """What changed of a keyed room's latest records.

        Raises ValueRefusedError or LimitReachedError, and then has changed nothing, where the key does not fit.
        """
        changes = None if self.keyed is None else self.keyed.apply(batch, self.settings.history_bytes)
        self.history.append(batch)
        self.history.trim(self.settings, now_us)
        self._snapshots.clear()
        return changes

    def trim(self, now_us: int) -> None:
        """Drops what is too old, and encoded bytes that nobody reads."""
        records_before = self.history.records
        self.history.trim(self.settings, now_us)
        self.history.forget_encoded()
        for snapshot in self._snapshots.values():
            snapshot.cache.clear()
        if self.history.records != records_before:
            self._snapshots.clear()

    def configure(self, settings: RoomSettings, now_us: int) -> None:
        """Raises ConflictError for another key once there are records."""
        if settings.key != self.settings.key:
            if self.history.top:
                kept = "none" if self.settings.key is None else repr(self.settings.key)
                raise ConflictError(
                    f"room {self.name!r} has records already, so its key stays {kept}; clear the room first"
                )
            self.keyed = KeyedState(settings.key) if settings.key else None
        self.settings = settings
        self.history.trim(settings, now_us)
        self._snapshots.clear()

    def load_latest(self, latest: Iterable[Batch]) -> None:
        """Of a keyed room: the latest record of each of its keys."""
        self.keyed = KeyedState(self.settings.key or "")
        self.keyed.load(latest)
        self._snapshots.clear()

    def begin_epoch(self, epoch: str, reason: GapReason) -> None:
        """Empties the room; readers of the old epoch are told `reason`.

        Publishers stay known: what they sent before and send again, for want of an answer, must not come back.
        """
        self.end_epoch(reason)
        self.epoch = epoch
        self.owed_top = 0
        self.history = History()
        self.keyed = KeyedState(self.settings.key) if self.settings.key else None
        self._snapshots.clear()

    def end_epoch(self, reason: GapReason) -> None:
        """Its readers, and those of the epochs that it went on from, are told `reason`."""
        for epoch in (*self._continued, self.epoch):
            self.note_former(epoch, reason)
        self._continued.clear()

    def note_continued(self, epoch: str, upto: int) -> None:
        """The records of that epoch up to the offset are this one's own."""
        self._continued[epoch] = upto
        if len(self._continued) > limits.FORMER_EPOCHS:
            del self._continued[next(iter(self._continued))]

    def place_of(self, position: Position) -> Position:
        """Where a position of an epoch that this one goes on from lies now; any other is itself."""
        upto = self._continued.get(position.epoch)
        return position if upto is None or position.offset > upto else Position(self.epoch, position.offset)

    def may_come_back(self, position: Position) -> bool:
        """True for records that this hub may hear of yet: another one has read more of the log, or a former one had them
        and nobody took their offsets.
        """
        if position.epoch == self.epoch:
            return position.offset > max(self.history.top, self.owed_top)
        upto = self._continued.get(position.epoch)
        return upto is not None and position.offset > upto == self.history.top

    def note_former(self, epoch: str, reason: GapReason) -> None:
        """Readers of that epoch are told `reason`; what was told first stays."""
        self._former.setdefault(epoch, reason)
        if len(self._former) > limits.FORMER_EPOCHS:
            del self._former[next(iter(self._former))]

    def drop_oldest(self) -> int:
        """Frees bytes for the hub; how many."""
        self._snapshots.clear()
        return self.history.drop_oldest()

    def snapshot(self, window: int) -> Batch:
        """The latest record per key, or the last `window` records; shared by all who ask at the same top."""
        batch = self._snapshots.get(window)
        if batch is None:
            state = self.keyed.snapshot() if self.keyed else self.history.last(window, SNAPSHOT_BYTES)
            batch = self._snapshots[window] = state or EMPTY
            if len(self._snapshots) > _SNAPSHOTS_KEPT:  # a viewer may ask for any window
                del self._snapshots[next(iter(self._snapshots))]
        return batch

    def why_unreadable(self, position: Position) -> GapReason | None:
        """Why a reader at `position`, which is that of `place_of`, can't go on from there, None if it can."""
        if position.epoch in self._continued:
            return "beyond_top"  # whatever lies there by now, it is not what that reader has seen
        if position.epoch != self.epoch:
            return self.former.get(position.epoch, "epoch")
        if position.offset > max(self.history.top, self.owed_top):  # what is owed will be the records that it has read
            return "beyond_top"
        return "trimmed" if position.offset + 1 < self.history.first else None

    def statistics(self) -> RoomStatistics:
        return RoomStatistics(self.history.statistics(), self.publishers.dropped)


Rooms = Mapping[str, Room]
