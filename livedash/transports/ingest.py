"""What callers publish, made into batches: records are stamped and checked here, whichever transport brought them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from livedash import limits
from livedash.errors import ProtocolError, TooLargeError
from livedash.wire.batch import Batch
from livedash.wire.codec import batch_of_wire
from livedash.wire.column import SAFE_INTEGER
from livedash.wire.messages import Publish
from livedash.wire.values import check_size, largest_bytes, plain_record
from livedash.wire.values import record_bytes as size_of


def batch_of_publish(message: Publish, now_us: int, record_bytes: int = limits.RECORD_BYTES) -> Batch:
    """The batch of a publish message, each record of `record_bytes` at most.

    Raises ProtocolError, ValueRefusedError or TooLargeError.
    """
    if message.columns is not None:
        batch = batch_of_wire(message.count, message.times, message.columns)
        _check_records(batch, record_bytes)
        return batch
    if message.records is None:
        raise ProtocolError("a publish message has either 'records' or 'columns'")
    return batch_of_records(message.records, now_us, message.times, record_bytes)


def batch_of_records(
    records: Sequence[Mapping[str, Any]], now_us: int, times: Any = None, record_bytes: int = limits.RECORD_BYTES
) -> Batch:
    """Of records from outside, stamped now unless they bring their times. Raises as batch_of_publish does."""
    if not records:
        raise ProtocolError("there is no record to publish; send one JSON object, an array or NDJSON")
    if len(records) > limits.READ_LIMIT_MAX:
        raise TooLargeError(f"one publish brings {limits.READ_LIMIT_MAX} records at most, not {len(records)}")
    stamps = [now_us] * len(records) if times is None else _checked_times(times, len(records))
    return Batch.from_records([plain_record(record, record_bytes) for record in records], stamps)


def _check_records(batch: Batch, most_bytes: int) -> None:
    """Records are made of columns only where their largest values, all in one row, would be too large."""
    if batch.nbytes > most_bytes and sum(map(largest_bytes, batch.columns.values())) > most_bytes:
        for record in batch.records():
            check_size(size_of(record), most_bytes)


def _checked_times(times: Any, count: int) -> list[int]:
    if not isinstance(times, list) or len(times) != count or not all(type(time) is int for time in times):
        raise ProtocolError(f"'times' has an integer of microseconds for each of the {count} records")
    if not all(abs(time) <= SAFE_INTEGER for time in times):
        raise ProtocolError("the times of records are microseconds since 1970, between -(2^53 - 1) and 2^53 - 1")
    return times
