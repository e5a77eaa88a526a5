from __future__ import annotations

import base64
import hashlib
import secrets

from livedash.sharing.key import fits, is_key, key_digest, new_key


def test_a_key_holds_all_256_bits_and_is_safe_in_a_url() -> None:
    key = new_key(lambda count: bytes([251]) * count)
    assert base64.urlsafe_b64decode(key + "=") == bytes([251]) * 32
    assert set(key) <= set("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_")


def test_what_is_kept_is_the_sha_256_of_the_key() -> None:
    assert key_digest("abc") == hashlib.sha256(b"abc").digest()


def test_a_key_fits_its_own_digest_and_no_other() -> None:
    one, other = new_key(secrets.token_bytes), new_key(secrets.token_bytes)
    assert fits(one, key_digest(one))
    assert not fits(other, key_digest(one))
    assert not fits("", key_digest(one))


def test_hostile_text_is_no_key_and_does_not_break_the_digest() -> None:
    assert is_key(new_key(secrets.token_bytes))
    assert not is_key("")
    assert not is_key("x" * 1_000_000)
    assert len(key_digest("\ud800 is no character")) == 32
