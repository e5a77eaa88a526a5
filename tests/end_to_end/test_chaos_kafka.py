"""Two servers on one Kafka, which fails as it can while records come to both."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.end_to_end.chaos import expect_whole, stories


@pytest.mark.parametrize(
    ("kind", "fault", "pause_s"),
    stories("kafka", "broker-killed", "broker-emptied", "broker-from-an-old-dump", "broker-stopped"),
)
def test_a_fault_while_both_servers_take_records_loses_none_and_doubles_none(
    kind: str, fault: str, pause_s: float, tmp_path: Path
) -> None:
    expect_whole(kind, fault, tmp_path, pause_s)
