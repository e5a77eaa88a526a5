from __future__ import annotations

import importlib
from collections.abc import Iterator

import psutil
import pytest

from livedash import api
from livedash.sources import stop_all, system
from livedash.sources.system import SystemReader, counters
from tests.end_to_end.processes import wait_until

LIMIT_S = 10.0
FIELDS = {"cpu_percent", "memory_percent", "disk_percent", "memory_gb"}


@pytest.fixture(autouse=True)
def _ended() -> Iterator[None]:
    yield
    stop_all()


def reader(per_core: bool = False) -> SystemReader:
    times = iter(range(1000))
    return SystemReader(per_core=per_core, now_s=lambda: float(next(times)), wait=lambda seconds: None)


def test_each_record_has_all_fields_the_first_one_too() -> None:
    one = reader()
    first, second = one.read(), one.read()
    assert set(first) == set(second) == FIELDS | set(counters())


def test_percentages_are_between_0_and_100() -> None:
    record = reader().read()
    assert all(0 <= record[name] <= 100 for name in record if name.endswith("_percent"))
    assert 0 < record["memory_gb"] * 1e9 <= psutil.virtual_memory().total


def test_rates_are_megabytes_a_second(monkeypatch: pytest.MonkeyPatch) -> None:
    read = iter([0, 5_000_000, 6_500_000])
    module = importlib.import_module("livedash.sources.system")  # the package's attribute is the function
    monkeypatch.setattr(module, "counters", lambda: {"net_in_mb_s": next(read)})
    one = reader()
    assert [one.read()["net_in_mb_s"], one.read()["net_in_mb_s"]] == [5.0, 1.5]


def test_machine_without_counters_has_no_rates(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(psutil, "disk_io_counters", lambda: None)
    monkeypatch.setattr(psutil, "net_io_counters", lambda: None)
    assert counters() == {}
    assert set(reader().read()) == FIELDS


def test_each_core_has_a_field_if_that_is_asked_for() -> None:
    record = reader(per_core=True).read()
    assert {f"cpu{number}_percent" for number in range(psutil.cpu_count() or 1)} <= set(record)


def test_source_pushes_to_its_room_at_once() -> None:
    room = api.room("system_test")
    source = system(room.name, "1h")
    wait_until(lambda: source.state.runs > 0, LIMIT_S, "a first run")
    assert FIELDS <= set(room.latest() or {})
