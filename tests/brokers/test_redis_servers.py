"""Redis with users, passwords and TLS, alone and behind sentinels."""

from __future__ import annotations

from pathlib import Path

import pytest

from livedash.brokers.contract import BrokerLostError
from livedash.brokers.urls import open_broker
from livedash.testing.broker_contract import CHECKS
from livedash.testing.broker_shelf_checks import a_shelf_holds_what_was_put
from tests.brokers.redis_sentinels import RedisSentinels, Sentinel
from tests.brokers.redis_server import Flavour, RedisServer
from tests.brokers.servers import START_LIMIT_S
from tests.brokers.tls import Certificate, TlsDoor, certificate
from tests.end_to_end.processes import free_port, wait_until

# what docs/reference/brokers.md gives a user of livedash's
USER = "user lab on >secret ~{livedash}:* resetchannels +@all -@dangerous +info +client|setname"


SENTINELS_USER = "user lab on >secret resetchannels -@all +sentinel|get-master-addr-by-name +client|setname"
SMALL_CHECKS = [check for check in CHECKS if "large" not in check.__name__ and "thousand" not in check.__name__]


@pytest.fixture(scope="module")
def shown(tmp_path_factory: pytest.TempPathFactory) -> Certificate:
    return certificate(tmp_path_factory.mktemp("tls"))


@pytest.mark.parametrize("flavour", Flavour)
async def test_a_user_that_may_do_no_more_than_is_needed_keeps_the_contract(tmp_path: Path, flavour: Flavour) -> None:
    with RedisServer(tmp_path, flavour=flavour, options=[USER]) as server:
        for check in SMALL_CHECKS:
            await check(lambda: open_broker(f"redis://lab:secret@127.0.0.1:{server.port}/0"))
        with pytest.raises(BrokerLostError, match="AuthenticationError"):
            await open_broker(f"redis://lab:wrong@127.0.0.1:{server.port}/0").connect()


async def test_tls_is_spoken_with_a_server_whose_authority_is_known_and_with_no_other(
    tmp_path: Path, shown: Certificate
) -> None:
    with RedisServer(tmp_path, options=[USER]) as server, TlsDoor(server.port, shown) as door:
        url = f"rediss://lab:secret@127.0.0.1:{door.port}/0"
        await a_shelf_holds_what_was_put(lambda: open_broker(f"{url}?ssl_ca_certs={shown.certificate}"))
        assert door.with_tls
        with pytest.raises(BrokerLostError, match="CERTIFICATE_VERIFY_FAILED"):
            await open_broker(url).connect()


async def test_sentinels_with_a_password_of_their_own_and_their_master_are_reached_by_tls(
    tmp_path: Path, shown: Certificate
) -> None:
    name = RedisSentinels.MASTER_NAME
    with (
        RedisServer(tmp_path / "master", options=[USER]) as master,
        TlsDoor(master.port, shown) as door,
        Sentinel(tmp_path / "sentinel", master, quorum=1, port=door.port, options=[SENTINELS_USER]) as sentinel,
        TlsDoor(sentinel.port, shown) as sentinels_door,
    ):
        wait_until(lambda: sentinel.master_port() == door.port, START_LIMIT_S, "the sentinel knows its master")
        before = f"rediss+sentinel://lab:secret@127.0.0.1:{sentinels_door.port}/{name}?ssl_ca_certs={shown.certificate}"
        broker = open_broker(f"{before}&sentinel_username=lab&sentinel_password=secret")
        assert "secret" not in broker.address
        assert (await broker.connect()).generation is None
        await broker.close()
        assert sentinels_door.with_tls
        assert door.with_tls
        with pytest.raises(BrokerLostError, match="AuthenticationError"):
            await open_broker(f"{before}&sentinel_username=lab&sentinel_password=wrong").connect()


async def test_a_cluster_is_reached_by_tls(tmp_path: Path, shown: Certificate) -> None:
    """Of one node, which names the door as its own."""
    with RedisServer(
        tmp_path, options=[f"{USER} +cluster|slots", "cluster-enabled yes", f"cluster-port {free_port()}"]
    ) as node:
        node.ask("CLUSTER", "ADDSLOTSRANGE", 0, 16383)
        with TlsDoor(node.port, shown) as door:
            node.ask("CONFIG", "SET", "cluster-announce-port", door.port)
            wait_until(lambda: "cluster_state:ok" in str(node.ask("CLUSTER", "INFO")), START_LIMIT_S, "it serves")
            url = f"rediss+cluster://lab:secret@127.0.0.1:{door.port}?ssl_ca_certs={shown.certificate}"
            broker = open_broker(url)
            assert (await broker.connect()).generation is None
            await broker.close()
            assert door.with_tls > 3
