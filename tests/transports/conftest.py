"""Fixtures of the transports' tests."""

from __future__ import annotations

import pytest

from tests.transports.theatre import Theatre


@pytest.fixture
def theatre() -> Theatre:
    return Theatre()
