"""Two servers on a broker of several processes, one of which fails while records come to both."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.end_to_end.chaos import expect_whole, stories


@pytest.mark.parametrize(
    ("kind", "fault", "pause_s"),
    [
        *stories("sentinels", "master-killed-replica-lags", "master-stopped"),
        *stories("nats-cluster", "leader-killed"),
        *stories("cluster", "node-killed", "node-replaced"),
    ],
)
def test_a_fault_while_both_servers_take_records_loses_none_and_doubles_none(
    kind: str, fault: str, pause_s: float, tmp_path: Path
) -> None:
    expect_whole(kind, fault, tmp_path, pause_s)
