"""`push`: what `ld.push` and each source call; frames go to the publisher in columns, all else as records."""

from __future__ import annotations

from typing import Any

from livedash.client.process import PROCESS
from livedash.clock import now_us
from livedash.errors import ValueRefusedError
from livedash.wire.frames import batches_of_frame, is_frame


def push(room: str, record: Any = None, /, **fields: Any) -> None:
    """Adds a record to a room: fields, a mapping, a list of mappings, or the rows of a DataFrame.

    Returns in about a microsecond and never waits. Raises only for its caller's mistake: NameRefusedError,
    ValueRefusedError (with the field's path) or TooLargeError.
    """
    if record is None or isinstance(record, dict | list) or not is_frame(record):
        PROCESS.publisher.push(room, record, **fields)
        return
    if fields:
        raise ValueRefusedError("push a DataFrame or fields, not both; add the fields as columns: df.assign(run=3)")
    PROCESS.publisher.push_batches(room, list(batches_of_frame(record, now_us())))
