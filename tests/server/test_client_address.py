from __future__ import annotations

import pytest

from livedash.server.client_address import counted_address
from tests.server.served import OWNER, Served, error_of, json_of, serve


@pytest.mark.parametrize(
    ("remote_ip", "address"),
    [
        ("192.0.2.7", "192.0.2.7"),
        ("10.1.2.3", "10.1.2.3"),
        ("::ffff:192.0.2.7", "192.0.2.7"),
        ("2001:db8:1:2:3:4:5:6", "2001:db8:1:2::/64"),
        ("2001:db8:1:2::9", "2001:db8:1:2::/64"),
        ("fe80::1%eth0", "fe80::/64"),
    ],
)
def test_an_address_is_counted_as_one_host_or_home(remote_ip: str, address: str) -> None:
    assert counted_address(remote_ip) == address


@pytest.mark.parametrize(
    "remote_ip", ["127.0.0.1", "127.8.8.8", "::1", "::ffff:127.0.0.1", "0.0.0.0", "::", "", None, "x"]
)
def test_this_machine_and_sockets_are_not_counted(remote_ip: str | None) -> None:
    assert counted_address(remote_ip) is None


def came_from(address: str) -> dict[str, str]:
    return {**OWNER, "X-Forwarded-For": address}


async def has_place(served: Served, address: str) -> bool:
    answer = await served.get("poll", headers=came_from(address), room="train", timeout=0)
    if answer.code != 200:
        assert error_of(answer) == (503, "limit_reached")
    return answer.code == 200


async def test_behind_a_trusted_proxy_each_client_has_its_own_places() -> None:
    served = await serve(trusts_proxy=True, address_connections=1)
    async with await served.websocket(headers=came_from("192.0.2.1")) as socket:
        await socket.ask("ping")
        assert [await has_place(served, f"192.0.2.{host}") for host in (1, 2)] == [False, True]
        assert await has_place(served, "127.0.0.1")
    await served.close()


async def test_what_a_header_says_without_a_trusted_proxy_is_not_believed() -> None:
    served = await serve(address_connections=0)
    assert await has_place(served, "192.0.2.1")
    await served.close()


async def test_a_bound_of_addresses_hits_nobody_on_this_machine() -> None:
    served = await serve(address_connections=0)
    assert json_of(await served.get("poll", room="train", timeout=0))["records"] == {}
    await served.close()
