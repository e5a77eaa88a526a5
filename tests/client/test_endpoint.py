from __future__ import annotations

import pytest

from livedash.client.endpoint import Endpoint, endpoint_of_environment, endpoint_of_socket, endpoint_of_url
from livedash.errors import SettingRefusedError


@pytest.mark.parametrize(
    ("url", "base_url"),
    [
        ("http://hub:8899", "http://hub:8899/livedash/"),
        ("http://hub:8899/", "http://hub:8899/livedash/"),
        ("http://hub:8899/livedash", "http://hub:8899/livedash/"),
        ("http://hub:8899/livedash/", "http://hub:8899/livedash/"),
        ("https://lab.example.org/user/a%40b", "https://lab.example.org/user/a%40b/livedash/"),
        ("https://lab.example.org/user/a%40b/livedash/view?room=x", "https://lab.example.org/user/a%40b/livedash/"),
        ("hub:8899", "http://hub:8899/livedash/"),
        ("localhost", "http://localhost/livedash/"),
        ("http://[::1]:8899/", "http://[::1]:8899/livedash/"),
        ("http://user:password@hub:8899/", "http://hub:8899/livedash/"),
        ("http://hub/xlivedash/view", "http://hub/xlivedash/view/livedash/"),
    ],
)
def test_address_is_known_with_and_without_its_path(url: str, base_url: str) -> None:
    assert endpoint_of_url(url).base_url == base_url


@pytest.mark.parametrize("page", ["view", "feed", "poll", "ws"])
def test_link_is_known_by_any_of_its_urls_with_its_key_and_rooms(page: str) -> None:
    endpoint = endpoint_of_url(f"http://hub/livedash/{page}?key=k-1&room=a&room=b", token="t")
    assert (endpoint.base_url, endpoint.key, endpoint.rooms) == ("http://hub/livedash/", "k-1", ("a", "b"))
    assert endpoint.token is None  # a login is not shown where a key says who calls
    assert (endpoint.query(), endpoint.headers()) == ({"key": "k-1"}, {})


@pytest.mark.parametrize("url", ["ftp://hub/", "http://", "", "redis://hub", "file:///tmp/x"])
def test_what_is_no_address_of_a_hub_is_refused_with_an_example(url: str) -> None:
    with pytest.raises(SettingRefusedError, match="http://host:8899/"):
        endpoint_of_url(url)


def test_login_goes_into_a_header_and_never_into_what_people_see() -> None:
    endpoint = endpoint_of_url("http://hub:8899", token="s3cret")
    assert endpoint.headers() == {"Authorization": "Bearer s3cret"}
    assert endpoint.query() == {}
    for text in (endpoint.address, repr(endpoint), str(endpoint)):
        assert "s3cret" not in text
    assert "hub:8899" in repr(endpoint)


@pytest.mark.parametrize(
    ("base_url", "websocket_url"),
    [("http://hub/livedash/", "ws://hub/livedash/ws"), ("https://hub/x/livedash/", "wss://hub/x/livedash/ws")],
)
def test_websocket_is_encrypted_where_the_hub_is(base_url: str, websocket_url: str) -> None:
    assert Endpoint(base_url).websocket_url == websocket_url


def test_environment_names_a_hub_or_none() -> None:
    assert endpoint_of_environment({}) is None
    assert endpoint_of_environment({"LIVEDASH_URL": "", "LIVEDASH_TOKEN": "t"}) is None
    assert endpoint_of_environment({"LIVEDASH_URL": "hub", "LIVEDASH_TOKEN": "t"}) == Endpoint(
        "http://hub/livedash/", "t"
    )


def test_socket_is_that_of_the_kernels_own_server_and_its_address_is_its_path() -> None:
    endpoint = endpoint_of_socket("/run/livedash.sock")
    assert (endpoint.address, endpoint.is_jupyter) == ("/run/livedash.sock", True)
