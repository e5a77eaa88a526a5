from __future__ import annotations

import datetime as dt
from zoneinfo import ZoneInfo

import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from livedash.wire import timestamps
from livedash.wire.timestamps import common_zone, iso_texts, microseconds, zone, zone_name

NAT = -(2**63)
BERLIN = ZoneInfo("Europe/Berlin")
naive = dt.datetime.fromisoformat
ZONES = ["UTC", "Europe/Berlin", "America/New_York", "Asia/Kathmandu", "Pacific/Apia", "+05:30", "-09:45"]


def test_microseconds_count_from_1970_in_utc_whatever_the_zone() -> None:
    moment = dt.datetime(2026, 7, 1, 14, 0, 0, 1, tzinfo=BERLIN)
    assert microseconds(moment) == microseconds(moment.astimezone(dt.UTC))
    assert microseconds(naive("1970-01-01T00:00:00.000007")) == 7
    assert microseconds(naive("1969-12-31T23:59:59.999999")) == -1


def test_each_of_two_hours_with_the_same_name_keeps_its_place() -> None:
    before, after = (dt.datetime(2026, 10, 25, 2, 30, tzinfo=BERLIN, fold=fold) for fold in (0, 1))
    assert microseconds(after) - microseconds(before) == 3600 * 1_000_000


def test_a_zone_is_named_by_iana_else_by_its_offset() -> None:
    moment = naive("2026-07-01T12:00")
    assert zone_name(moment) is None
    assert zone_name(moment.replace(tzinfo=BERLIN)) == "Europe/Berlin"
    assert zone_name(moment.replace(tzinfo=dt.UTC)) == "UTC"
    assert zone_name(moment.replace(tzinfo=dt.timezone(dt.timedelta(hours=-3, minutes=-30)))) == "-03:30"
    assert zone_name(pd.Timestamp("2026-07-01", tz="Asia/Tokyo").to_pydatetime()) == "Asia/Tokyo"


@pytest.mark.parametrize(
    "name",
    ["", "Nowhere/Atlantis", "../../etc/passwd", "/etc/passwd", "Europe", "x" * 10_000, "+99:99", "a\0b", "größe"],
)
def test_a_zone_that_nobody_knows_reads_as_utc(name: str) -> None:
    assert zone(name) is dt.UTC


@given(st.integers(-(10**15), 10**15), st.sampled_from(ZONES))
def test_the_text_of_a_time_names_the_same_moment(value: int, name: str) -> None:
    (text,) = iso_texts([value], "us", name)
    assert text is not None
    assert microseconds(dt.datetime.fromisoformat(text)) == value


def test_a_zone_of_before_1900_whose_offset_has_seconds_names_the_same_moment() -> None:
    value = microseconds(dt.datetime(1880, 1, 1, tzinfo=dt.UTC))
    (text,) = iso_texts([value], "us", "Europe/Berlin")
    assert text == "1880-01-01T00:53:00+00:53"


def test_a_naive_time_has_no_offset_and_a_time_in_utc_has_z() -> None:
    assert iso_texts([0], "us", None) == ["1970-01-01T00:00:00"]
    assert iso_texts([0], "us", "UTC") == ["1970-01-01T00:00:00Z"]
    assert iso_texts([0], "us", "+00:00") == ["1970-01-01T00:00:00Z"]


@pytest.mark.parametrize(("unit", "digits"), [("s", 0), ("ms", 3), ("us", 6), ("ns", 9)])
def test_fractions_have_the_digits_that_they_need_and_the_last_one_is_kept(unit: str, digits: int) -> None:
    one_second = 10**digits
    whole, finest = iso_texts([one_second, one_second + 1], unit, None)
    assert whole == "1970-01-01T00:00:01"
    assert finest == ("1970-01-01T00:00:02" if digits == 0 else "1970-01-01T00:00:01." + "0" * (digits - 1) + "1")


def test_a_missing_time_is_none_and_one_that_no_calendar_has_is_a_number_with_its_power() -> None:
    assert iso_texts([NAT], "ns", "UTC") == [None]
    assert iso_texts([2**62], "s", "UTC") == [f"{2**62}e-0"]
    assert iso_texts([253402300799], "s", "+01:00") == ["253402300799e-0"]


def test_years_before_1000_have_four_digits() -> None:
    assert iso_texts([microseconds(naive("0033-04-03"))], "us", None) == ["0033-04-03T00:00:00"]


def test_the_zone_of_a_column_is_the_one_that_its_times_share_else_utc() -> None:
    local, berlin = naive("2026-07-01"), dt.datetime(2026, 7, 1, tzinfo=BERLIN)
    assert common_zone([local, local]) == (True, None)
    assert common_zone([berlin, berlin]) == (True, "Europe/Berlin")
    assert common_zone([berlin, berlin.astimezone(dt.UTC)]) == (True, "UTC")
    assert common_zone([berlin, local]) == (False, None)


def test_the_epoch_is_that_of_unix() -> None:
    assert timestamps.EPOCH.timestamp() == 0
