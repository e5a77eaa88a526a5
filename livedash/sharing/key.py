"""The secret of a link: how it looks, and the digest that stands for it wherever it is kept."""

from __future__ import annotations

import base64
import hashlib
import hmac
from collections.abc import Callable
from typing import Final

from livedash import limits

Random = Callable[[int], bytes]  # so many unpredictable bytes: secrets.token_bytes
_KEY_CHARACTERS: Final = -(-limits.KEY_BYTES * 4 // 3)  # base64 without padding


def new_key(random: Random) -> str:
    """256 bits, safe in a URL."""
    return base64.urlsafe_b64encode(random(limits.KEY_BYTES)).rstrip(b"=").decode()


def key_digest(key: str) -> bytes:
    """What is kept in the key's place: who reads a hub's memory, log or disk gets no key.

    A plain SHA-256 does, without salt or stretching, since 256 random bits can't be guessed by trying.
    """
    return hashlib.sha256(key.encode("utf-8", "surrogatepass")).digest()


def is_key(text: str) -> bool:
    """True if the text has a key's length: a hostile megabyte is not even hashed."""
    return len(text) == _KEY_CHARACTERS


def fits(key: str, digest: bytes) -> bool:
    """Takes the same time wherever the two differ."""
    return hmac.compare_digest(key_digest(key), digest)
