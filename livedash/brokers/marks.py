"""How a mark names an entry: by the number of the message that holds it, what that holds, and which of its entries it is.

A log that was restored from an older copy gives the same numbers to other messages, so a number alone would find an entry
again that is lost.
"""

from __future__ import annotations

import zlib
from typing import Final

from livedash.brokers.contract import BEFORE_ALL, Mark

MOST_ENTRIES: Final = 1000  # of a message
_INDEX_BITS: Final = 12
_CHECK_BITS: Final = 16
_NUMBER_BITS: Final = _INDEX_BITS + _CHECK_BITS  # 36 bits are left for the message: years of a busy generation


def mark_of(number: int, message: bytes, index: int) -> Mark:
    """`number`: of the message, from 1."""
    check = zlib.crc32(message) & ((1 << _CHECK_BITS) - 1)
    return number << _NUMBER_BITS | check << _INDEX_BITS | index


def number_of(mark: Mark) -> int:
    """Of the message; 0 for BEFORE_ALL."""
    return mark >> _NUMBER_BITS if mark != BEFORE_ALL else 0


def holds(mark: Mark, message: bytes) -> bool:
    """True if the message that has the mark's number is the one that the mark was made for."""
    index = mark & ((1 << _INDEX_BITS) - 1)
    return mark_of(number_of(mark), message, index) == mark
