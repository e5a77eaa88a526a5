"""Lines of text as records: NDJSON, and CSV with a header; where they come from and go is somebody else's business."""

from __future__ import annotations

import csv
import datetime as dt
import math
import re
from collections.abc import Iterable, Iterator
from enum import StrEnum
from typing import Any, Final

import msgspec

from livedash.errors import ValueRefusedError

# 007 is a name, not a number
_INTEGER: Final = re.compile(r"[+-]?(?:0|[1-9][0-9]*)")
_NUMBER: Final = re.compile(r"[+-]?(?:(?:0|[1-9][0-9]*)(?:\.[0-9]*)?|\.[0-9]+)(?:[eE][+-]?[0-9]+)?")
_MOMENT: Final = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}[T ][0-9]{2}:[0-9]{2}.*")
_WORDS: Final = {"": None, "true": True, "false": False, "nan": math.nan}


class TextFormat(StrEnum):
    NDJSON = "ndjson"
    CSV = "csv"


def records_of_lines(lines: Iterable[str], text_format: TextFormat) -> Iterator[dict[str, Any]]:
    """Raises ValueRefusedError with the line's number for a line that is no record."""
    return records_of_ndjson(lines) if text_format is TextFormat.NDJSON else records_of_csv(lines)


def records_of_ndjson(lines: Iterable[str]) -> Iterator[dict[str, Any]]:
    """One JSON object a line; empty lines are passed over."""
    for number, text in enumerate(lines, 1):
        if not text.strip():
            continue
        try:
            record = msgspec.json.decode(text)
        except msgspec.DecodeError as error:
            raise ValueRefusedError(f"line {number} is no JSON ({error}); for CSV use --format csv") from error
        if not isinstance(record, dict):
            raise ValueRefusedError(f"line {number} is no JSON object, but a {type(record).__name__}")
        yield record


def records_of_csv(lines: Iterable[str]) -> Iterator[dict[str, Any]]:
    """The first line names the fields. Numbers, true, false and ISO 8601 times are such; an empty cell is null."""
    rows = csv.reader(lines, strict=True)
    names: list[str] = []
    try:
        for cells in rows:
            if not cells:
                continue
            if not names:
                names = _checked_header(cells)
            elif len(cells) != len(names):
                raise ValueRefusedError(
                    f"line {rows.line_num} has {len(cells)} cells, and the header {len(names)}: {', '.join(names)[:60]}"
                )
            else:
                yield dict(zip(names, map(cell_value, cells), strict=True))
    except csv.Error as error:
        raise ValueRefusedError(f"line {rows.line_num} is no CSV: {error}") from error


def cell_value(text: str) -> Any:
    """What a cell stands for; a text that looks like nothing else is itself."""
    word = text.strip()
    if _INTEGER.fullmatch(word):
        return int(word)
    if _NUMBER.fullmatch(word):
        return float(word)
    if word.lower() in _WORDS:
        return _WORDS[word.lower()]
    if _MOMENT.fullmatch(word):
        try:
            return dt.datetime.fromisoformat(word)
        except ValueError:
            return text
    return text


def _checked_header(cells: list[str]) -> list[str]:
    """Some programs begin their files with a byte order mark."""
    names = [name.strip() for name in cells]
    names[0] = names[0].removeprefix("\ufeff")
    twice = sorted({name for name in names if names.count(name) > 1})
    if "" in names:
        raise ValueRefusedError(f"the header has no name for column {names.index('') + 1}")
    if twice:
        raise ValueRefusedError(f"the header names the field {twice[0]!r} twice")
    return names
