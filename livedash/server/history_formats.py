"""History as bytes of each format of `records?format=`."""

from __future__ import annotations

import csv
import io
from collections.abc import Callable
from typing import Any, Final

import msgspec

from livedash import limits
from livedash.core.page import Page
from livedash.errors import MissingExtraError
from livedash.wire.codec import MSGPACK

TIME_FIELD: Final = "_time"  # microseconds since 1970, with `time=1`
COLUMNS_TYPE: Final = "application/vnd.livedash.columns+msgpack"
_encode = msgspec.json.Encoder().encode


Format = Callable[[Page, bool], tuple[str, bytes]]  # (page, with times) -> (content type, body)


def records_of(page: Page, with_time: bool) -> list[dict[str, Any]]:
    records = page.batch.records()
    if with_time:
        for record, time in zip(records, page.batch.times_us(), strict=True):
            record[TIME_FIELD] = time
    return records


def as_json(page: Page, with_time: bool) -> tuple[str, bytes]:
    """In parts: the encoder keeps the interpreter to itself for as long as it runs."""
    records, size = records_of(page, with_time), limits.READ_AT_ONCE_RECORDS
    parts = (_encode(records[start : start + size])[1:-1] for start in range(0, len(records), size))
    return "application/json; charset=utf-8", b"[" + b",".join(parts) + b"]"


def as_ndjson(page: Page, with_time: bool) -> tuple[str, bytes]:
    lines = [_encode(record) + b"\n" for record in records_of(page, with_time)]
    return "application/x-ndjson; charset=utf-8", b"".join(lines)


def as_csv(page: Page, with_time: bool) -> tuple[str, bytes]:
    """RFC 4180; nested values as JSON, absent and null ones empty."""
    records = records_of(page, with_time)
    names = dict.fromkeys(name for record in records for name in record)
    text = io.StringIO()
    writer = csv.writer(text)
    writer.writerow([_cell(name) for name in names])
    for record in records:
        writer.writerow([_cell(record.get(name)) for name in names])
    return "text/csv; charset=utf-8", text.getvalue().encode()


def _cell(value: Any) -> Any:
    """A text that a spreadsheet would run as a formula is quoted by an apostrophe (CSV injection, OWASP)."""
    if value is None or value != value:  # NaN
        return ""
    if isinstance(value, str) and value[:1] in ("=", "+", "-", "@", "\t", "\r") and not _is_number(value):
        return "'" + value
    return _encode(value).decode() if isinstance(value, bool | list | dict) else value


def _is_number(text: str) -> bool:
    try:
        float(text)
    except ValueError:
        return False
    return True


def as_columns(page: Page, with_time: bool) -> tuple[str, bytes]:
    """Our own readers': nothing is lost of types, times and zones."""
    fields = {"room": page.room, "epoch": page.position.epoch, "offset": page.position.offset}
    return COLUMNS_TYPE, msgspec.msgpack.encode(fields | MSGPACK.batch_fields(page.batch, "columns"))


def as_arrow(page: Page, with_time: bool) -> tuple[str, bytes]:
    pyarrow = _pyarrow("arrow")
    sink = pyarrow.BufferOutputStream()
    table = _table(pyarrow, page, with_time)
    with pyarrow.ipc.new_stream(sink, table.schema) as writer:
        writer.write_table(table)
    return "application/vnd.apache.arrow.stream", sink.getvalue().to_pybytes()


def as_parquet(page: Page, with_time: bool) -> tuple[str, bytes]:
    pyarrow = _pyarrow("parquet")
    from pyarrow import parquet

    sink = pyarrow.BufferOutputStream()
    parquet.write_table(_table(pyarrow, page, with_time, parquet.write_table), sink)
    return "application/vnd.apache.parquet", sink.getvalue().to_pybytes()


def _pyarrow(name: str) -> Any:
    try:
        import pyarrow
        import pyarrow.ipc
    except ImportError as error:
        raise MissingExtraError(f'format={name} needs pyarrow on the server: pip install "livedash[arrow]"') from error
    return pyarrow


def _table(pyarrow: Any, page: Page, with_time: bool, write: Callable[[Any, Any], object] | None = None) -> Any:
    """A field that has no type in Arrow, or none that `write` can write, as JSON: it mixes types, or holds empty objects."""
    from livedash.wire.frames import to_pandas

    frame = to_pandas(page.batch)
    for name, column in page.batch.columns.items():
        if column.type == "json" and not _is_writable(pyarrow, frame[[name]], write):
            frame[name] = [None if value is None else _encode(value).decode() for value in frame[name]]
    if with_time:
        frame[TIME_FIELD] = page.batch.times_us()
    return pyarrow.Table.from_pandas(frame, preserve_index=False)


def _is_writable(pyarrow: Any, frame: Any, write: Callable[[Any, Any], object] | None) -> bool:
    try:
        table = pyarrow.Table.from_pandas(frame, preserve_index=False)
        if write is not None:
            write(table, pyarrow.BufferOutputStream())
    except pyarrow.ArrowException:
        return False
    return True


FORMATS: Final[dict[str, Format]] = {
    "json": as_json,
    "ndjson": as_ndjson,
    "csv": as_csv,
    "columns": as_columns,
    "arrow": as_arrow,
    "parquet": as_parquet,
}
