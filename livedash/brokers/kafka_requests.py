"""What aiokafka makes of our requests and of a server's answers. It is an extra: this module is imported when it is needed."""

from __future__ import annotations

import ssl
import struct
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final, cast

from aiokafka import errors
from aiokafka.conn import AIOKafkaConnection
from aiokafka.protocol.admin import CreateTopicsRequest, DeleteRecordsRequest, DeleteTopicsRequest
from aiokafka.protocol.api import Request, RequestStruct, Response
from aiokafka.protocol.fetch import FetchRequest
from aiokafka.protocol.metadata import MetadataResponse_v5
from aiokafka.protocol.offset import OffsetRequest
from aiokafka.protocol.produce import ProduceRequest
from aiokafka.protocol.types import Array, Boolean, Int16, Int32, Schema, String
from aiokafka.record.default_records import DefaultRecordBatchBuilder
from aiokafka.record.memory_records import MemoryRecords

LOST: Final = (errors.KafkaError, OSError, TimeoutError, EOFError, NotImplementedError)
"""What says that the server is lost, whatever it was asked. NotImplementedError: it speaks another age's protocol."""

_BATCH_BEGIN: Final = struct.Struct(">8xii")  # after its offset: how much follows, and the epoch of its leader
_LENGTH_END: Final = 12
_MAGIC: Final = 2  # the format of records since Kafka 0.11
_NOBODY: Final = -1  # of a replica, a producer, a sequence: we are none
_ALL: Final = -1  # acknowledgements: of all replicas that are in step
_UNBOUNDED: Final = 1 << 30


@dataclass(frozen=True, slots=True)
class Record:
    """`leader`: the epoch of the leader that took it; below 0 from a server that counts none."""

    leader: int
    offset: int
    at_ms: int
    key: bytes
    value: bytes | None


@dataclass(frozen=True, slots=True)
class Leader:
    """Of a topic's one partition. `epoch` grows with each change of leader, and with each of its restarts."""

    node: int
    epoch: int


@dataclass(frozen=True, slots=True)
class Metadata:
    """`nodes`: their addresses. `errors`: codes, of topics that have no leader."""

    nodes: dict[int, tuple[str, int]]
    cluster: str
    controller: int
    leaders: dict[str, Leader]
    errors: dict[str, int]


class _MetadataResponse(Response):
    """As aiokafka's, which stops short of the epoch."""

    API_KEY = 3
    API_VERSION = 7
    SCHEMA = Schema(
        *zip(MetadataResponse_v5.SCHEMA.names[:-1], MetadataResponse_v5.SCHEMA.fields[:-1], strict=True),
        (
            "topics",
            Array(
                ("error_code", Int16),
                ("topic", String("utf-8")),
                ("is_internal", Boolean),
                (
                    "partitions",
                    Array(
                        ("error_code", Int16),
                        ("partition", Int32),
                        ("leader", Int32),
                        ("leader_epoch", Int32),
                        ("replicas", Array(Int32)),
                        ("isr", Array(Int32)),
                        ("offline_replicas", Array(Int32)),
                    ),
                ),
            ),
        ),
    )


class _MetadataStruct(RequestStruct):
    API_KEY = 3
    API_VERSION = 7
    RESPONSE_TYPE = _MetadataResponse
    SCHEMA = Schema(("topics", Array(String("utf-8"))), ("allow_auto_topic_creation", Boolean))


class _MetadataRequest(Request[_MetadataStruct]):
    """No topic comes into being by it: one that is over stays so."""

    API_KEY = 3

    def __init__(self, topics: Sequence[str] | None) -> None:
        self._topics = topics

    def build(self, request_struct_class: type[_MetadataStruct]) -> _MetadataStruct:
        return request_struct_class(self._topics, False)


def connection(
    host: str, port: int, limit_s: float, context: ssl.SSLContext | None, login: Mapping[str, str]
) -> AIOKafkaConnection:
    """Not connected yet. `login`: mechanism, username and password, or nothing."""
    secured = "SSL" if context else "PLAINTEXT"
    return AIOKafkaConnection(
        host,
        port,
        client_id="livedash",
        request_timeout_ms=round(limit_s * 1000),
        ssl_context=context,
        security_protocol=f"SASL_{secured}" if login else secured,
        **{f"sasl_{name}": value for name, value in login.items()},
    )


def name_of(code: int) -> str:
    return str(errors.for_code(code).__name__)


# Requests


def metadata(topics: Sequence[str] | None) -> Any:
    """None: of all topics."""
    return _MetadataRequest(topics)


def metadata_of(answer: Any) -> Metadata:
    nodes = {node: (host, port) for node, host, port, _ in answer.brokers}
    leaders: dict[str, Leader] = {}
    codes: dict[str, int] = {}
    for code, topic, _, partitions in answer.topics:
        for at_fault, _, node, epoch, *_ in partitions[:1]:
            leaders[topic] = Leader(node, epoch)
            codes[topic] = at_fault
        codes[topic] = code or codes.get(topic, 0)
        if codes[topic]:
            leaders.pop(topic, None)
    return Metadata(
        nodes, answer.cluster_id or "", answer.controller_id, leaders, {k: v for k, v in codes.items() if v}
    )


def create(topic: str, replication: int, settings: Mapping[str, str], limit_s: float) -> Any:
    return CreateTopicsRequest([(topic, 1, replication, [], list(settings.items()))], round(limit_s * 1000), False)


def delete(topics: Sequence[str], limit_s: float) -> Any:
    return DeleteTopicsRequest(list(topics), round(limit_s * 1000))


def produce(topic: str, messages: Sequence[tuple[bytes | None, bytes | None]], at_ms: int, limit_s: float) -> Any:
    """Of one batch, which is stored as a whole or not at all."""
    builder = DefaultRecordBatchBuilder(_MAGIC, 0, 0, _NOBODY, _NOBODY, _NOBODY, _UNBOUNDED)
    for number, (key, value) in enumerate(messages):
        builder.append(number, at_ms, key, value, [])
    return ProduceRequest(None, _ALL, round(limit_s * 1000), [(topic, [(0, bytes(builder.build()))])])


def placed(answer: Any) -> tuple[int, int]:
    """Error code, and the first message's offset."""
    _, code, offset, *_ = answer.topics[0][1][0]
    return code, offset


def fetch(topic: str, offset: int, wait_s: float, max_bytes: int) -> Any:
    return FetchRequest(round(wait_s * 1000), 1, max_bytes, 0, [(topic, [(0, offset, max_bytes)])])


def fetched(answer: Any, offset: int) -> tuple[int, list[Record]]:
    """Error code, and what lies there and after it."""
    if not answer.topics:
        return answer.error_code if hasattr(answer, "error_code") else 0, []
    _, code, *_, data = answer.topics[0][1][0]
    return code, [record for record in _records_of(bytes(data or b"")) if record.offset >= offset]


def _records_of(data: bytes) -> Iterator[Record]:
    batches, begin = MemoryRecords(data), 0
    while batches.has_next():
        batch: Any = batches.next_batch()
        length, leader = _BATCH_BEGIN.unpack_from(data, begin)
        begin += _LENGTH_END + length
        if not getattr(batch, "is_control_batch", False):
            for record in batch:
                yield Record(leader, record.offset, record.timestamp, bytes(record.key or b""), _value_of(record))


def _value_of(record: Any) -> bytes | None:
    return None if record.value is None else bytes(record.value)


def offset_at(topic: str, at_ms: int) -> Any:
    return OffsetRequest(_NOBODY, 0, [(topic, [(0, at_ms)])])


def offset_of(answer: Any) -> tuple[int, int]:
    """Error code, and the first offset that is not older; below 0 where there is none."""
    _, code, _, offset = answer.topics[0][1][0]
    return code, offset


def delete_records(topic: str, before: int, limit_s: float) -> Any:
    return DeleteRecordsRequest([(topic, [(0, before)])], round(limit_s * 1000))


def codes_of(answer: Any) -> dict[str, int]:
    """Of topics that were created, deleted or shortened."""
    for name in ("topic_errors", "topic_error_codes"):
        if hasattr(answer, name):
            return {topic: code for topic, code, *_ in getattr(answer, name)}
    return {topic: partitions[0][2] for topic, partitions, *_ in cast("Any", answer).topics}
