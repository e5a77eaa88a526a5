from __future__ import annotations

from typing import get_args

import pytest

from livedash import limits
from livedash.transports.close_codes import (
    BAD_MESSAGE,
    DRAINING,
    GOING_AWAY,
    LIMIT,
    LINK_ENDED,
    NOT_ALLOWED,
    OF_REASON,
    TOO_SLOW,
    stays_away,
    wait_s_of,
)
from livedash.wire.messages import ByeReason
from tests.client.endings import VECTORS


def test_each_reason_to_say_bye_has_a_code() -> None:
    assert set(OF_REASON) == set(get_args(ByeReason))


@pytest.mark.parametrize("code", [GOING_AWAY, DRAINING, TOO_SLOW, LIMIT])
def test_who_was_sent_away_for_the_hubs_sake_comes_back(code: int) -> None:
    assert not stays_away(code)


@pytest.mark.parametrize("code", [BAD_MESSAGE, NOT_ALLOWED, LINK_ENDED])
def test_who_would_be_refused_again_stays_away(code: int) -> None:
    assert stays_away(code)


@pytest.mark.parametrize("code", [None, 1000, 1006, 4200])
def test_who_was_cut_off_or_closed_by_others_comes_back(code: int | None) -> None:
    assert not stays_away(code)


@pytest.mark.parametrize(("reason", "code"), [("not_allowed", 4101), ("draining", 4001), ("slow", 4002)])
def test_codes_are_those_that_outsiders_know(reason: ByeReason, code: int) -> None:
    assert OF_REASON[reason] == code


def test_a_link_that_has_ended_is_told_apart_from_a_hub_that_ends() -> None:
    assert OF_REASON["expired"] == OF_REASON["revoked"] == LINK_ENDED != OF_REASON["draining"]


@pytest.mark.parametrize("vector", VECTORS["close_codes"], ids=lambda vector: str(vector["code"]))
def test_codes_are_judged_as_all_clients_judge_them(vector: dict[str, int]) -> None:
    assert stays_away(vector["code"]) is not vector["comes_back"]


@pytest.mark.parametrize("reason", get_args(ByeReason))
def test_a_bye_says_when_to_come_back_where_its_code_says_to(reason: ByeReason) -> None:
    expected = None if reason in {"expired", "revoked", "not_allowed"} else limits.BYE_RETRY_S
    assert wait_s_of(reason) == expected
    assert stays_away(OF_REASON[reason]) is (expected is None)
