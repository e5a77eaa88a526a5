from __future__ import annotations

from typing import Any

import pytest

from livedash.server.config import ServerConfig
from livedash.server.public_url import is_loopback, public_base
from livedash.server.services import Services
from livedash.testing.clock import ManualClock
from livedash.testing.loop import ManualLoop


@pytest.fixture(autouse=True)
def _outside_a_hub(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("JUPYTERHUB_PUBLIC_URL", raising=False)


@pytest.fixture
def loop() -> ManualLoop:
    return ManualLoop(ManualClock())


def services(loop: ManualLoop, *, came_by: str | None = None, **config: Any) -> Services:
    made = Services(ServerConfig(**config), loop)
    made.browser_origin = came_by
    return made


@pytest.mark.parametrize(
    ("public_url", "base"),
    [
        ("https://lab.example.org", "https://lab.example.org/livedash/"),
        ("https://lab.example.org/", "https://lab.example.org/livedash/"),
        ("https://lab.example.org/x/livedash", "https://lab.example.org/x/livedash/"),
        ("https://lab.example.org/x/livedash/", "https://lab.example.org/x/livedash/"),
        ("http://localhost:9", "http://localhost:9/livedash/"),
    ],
)
def test_what_whoever_runs_the_server_says_is_believed(
    loop: ManualLoop, public_url: str, base: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("JUPYTERHUB_PUBLIC_URL", "https://hub.example.org")
    assert public_base(services(loop, public_url=public_url, came_by="http://other")) == (base, None)


def test_else_the_address_of_the_jupyterhub_counts(loop: ManualLoop, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("JUPYTERHUB_PUBLIC_URL", "https://hub.example.org/hub/")
    found = services(loop, base_path="/user/ann/livedash/", came_by="http://10.0.0.1:8888")
    assert public_base(found) == ("https://hub.example.org/user/ann/livedash/", None)


def test_else_the_address_by_which_the_browser_came_counts(loop: ManualLoop) -> None:
    found = services(loop, came_by="https://proxy.example.org", listening_url="http://10.0.0.1:8888")
    assert public_base(found) == ("https://proxy.example.org/livedash/", None)


def test_else_the_address_on_which_the_server_listens_counts(loop: ManualLoop) -> None:
    assert public_base(services(loop, listening_url="http://lab3:8899")) == ("http://lab3:8899/livedash/", None)


@pytest.mark.parametrize("config", [{}, {"listening_url": "http://127.0.0.1:8899"}, {"came_by": "http://localhost:1"}])
def test_an_address_that_opens_on_this_machine_alone_says_how_to_change_that(
    loop: ManualLoop, config: dict[str, Any]
) -> None:
    _, note = public_base(services(loop, **config))
    assert note is not None
    assert "--public-url" in note
    assert "LiveDash.public_url" in note


@pytest.mark.parametrize(
    ("url", "is_here"),
    [
        ("http://localhost:8899", True),
        ("http://LOCALHOST", True),
        ("http://app.localhost", True),
        ("http://127.0.0.1:8899", True),
        ("http://127.3.2.1", True),
        ("http://[::1]:8899", True),
        ("http://localhost.example.org", False),
        ("http://10.0.0.1", False),
        ("http://0.0.0.0", False),
        ("http://lab3", False),
        ("nonsense", False),
    ],
)
def test_loopback_is_known_in_all_its_forms(url: str, is_here: bool) -> None:
    assert is_loopback(url) is is_here
