"""The wire vectors, read both ways by both codecs; the front end's tests read the same file."""

from __future__ import annotations

import base64
import importlib.util
import json
from pathlib import Path
from typing import Any

import pytest

from livedash.wire.codec import JSON, MSGPACK
from livedash.wire.messages import Delivery

VECTORS = Path(__file__).parent.parent / "vectors"
BATCHES: list[dict[str, Any]] = json.loads((VECTORS / "batches.json").read_text(encoding="utf-8"))
each_vector = pytest.mark.parametrize("vector", BATCHES, ids=lambda vector: vector["name"])


def delivery(message: object) -> Delivery:
    assert isinstance(message, Delivery)
    return message


def as_records(sent: Delivery) -> Any:
    """What a viewer of shape `records` gets in JSON."""
    shaped = Delivery(sent.room, sent.epoch, sent.offset, sent.batch, "records", sent.is_snapshot, sent.skipped)
    return json.loads(JSON.encode(shaped))["records"]


@each_vector
def test_json_text_is_read_as_the_records_and_written_as_the_same_message(vector: dict[str, Any]) -> None:
    read = delivery(JSON.decode_from_hub(vector["batch_json"]))
    assert as_records(read) == vector["records"]
    assert json.loads(JSON.encode(read)) == json.loads(vector["batch_json"])


@each_vector
def test_msgpack_bytes_are_read_as_the_records_and_written_as_the_same_bytes(vector: dict[str, Any]) -> None:
    data = base64.b64decode(vector["msgpack_base64"])
    read = delivery(MSGPACK.decode_from_hub(data))
    assert as_records(read) == vector["records"]
    assert MSGPACK.encode(read) == data


@each_vector
def test_a_message_of_msgpack_is_the_same_message_in_json(vector: dict[str, Any]) -> None:
    read = delivery(MSGPACK.decode_from_hub(base64.b64decode(vector["msgpack_base64"])))
    assert json.loads(JSON.encode(read)) == json.loads(vector["batch_json"])


def test_the_vectors_are_what_their_script_writes() -> None:
    spec = importlib.util.spec_from_file_location("make_vectors", VECTORS / "make.py")
    assert spec is not None
    assert spec.loader is not None
    make = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(make)
    assert make.text() == (VECTORS / "batches.json").read_text(encoding="utf-8")
