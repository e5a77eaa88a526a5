"""What is NATS's own; what it shares with other brokers is in test_contract.py and test_outages.py."""

from __future__ import annotations

import asyncio
from pathlib import Path

import nats
import pytest

from livedash.brokers.contract import Broker, BrokerLostError, Standing
from livedash.brokers.urls import open_broker
from livedash.errors import SettingRefusedError
from livedash.testing.broker_shelf_checks import a_shelf_holds_what_was_put
from tests.brokers.nats_server import NatsServer
from tests.brokers.servers import Data
from tests.brokers.tls import certificate


async def begun(broker: Broker) -> Standing:
    standing = await broker.connect()
    assert await broker.begin(standing, "g1")
    return Standing(standing.run, "g1", standing.run)


def test_address_shows_no_secret() -> None:
    broker = open_broker("nats://user:secret@one:4222,two?prefix=lab")
    assert broker.address == "nats://one:4222,two"


@pytest.mark.parametrize("url", ["nats://", "nats://host/path", "nats://host?tls=1", "nats+ws://host"])
def test_what_is_no_address_is_refused(url: str) -> None:
    with pytest.raises(SettingRefusedError):
        open_broker(url)


async def test_a_run_ends_with_the_server_process(mortal_nats_server: NatsServer) -> None:
    broker = open_broker(mortal_nats_server.url)
    standing = await begun(broker)
    assert await broker.connect() == standing
    mortal_nats_server.restart()
    later = await broker.connect()
    assert (later.run != standing.run, later.generation, later.settled_run) == (True, "g1", standing.run)
    assert not later.is_settled
    assert await broker.settle(later)
    assert (await broker.connect()).is_settled
    await broker.close()


async def test_what_an_older_copy_has_at_the_same_number_is_not_found_again(mortal_nats_server: NatsServer) -> None:
    broker = open_broker(mortal_nats_server.url)
    standing = await begun(broker)
    await broker.append(standing, [b"1"])
    kept = await broker.end("g1")
    copy = mortal_nats_server.dump()
    await broker.append(standing, [b"2"])
    lost = await broker.end("g1")
    mortal_nats_server.restart(copy)
    standing = await broker.connect()
    assert (await broker.find("g1", kept), await broker.find("g1", lost)) == ("there", "lost")
    await broker.append(standing, [b"3"])
    assert (await broker.find("g1", kept), await broker.find("g1", lost)) == ("there", "lost")
    mortal_nats_server.restart(Data.EMPTY)
    assert (await broker.connect()).generation is None
    await broker.close()


async def test_a_break_ends_what_waits_at_once(mortal_nats_server: NatsServer) -> None:
    broker = open_broker(mortal_nats_server.url)
    await begun(broker)
    waiting = asyncio.ensure_future(broker.read("g1", 0))
    await asyncio.sleep(0.05)
    mortal_nats_server.kill()
    with pytest.raises(BrokerLostError, match="broke"):
        await waiting
    with pytest.raises(BrokerLostError):
        await broker.end("g1")
    with pytest.raises(BrokerLostError):
        await broker.connect()
    mortal_nats_server.start()
    await broker.close()


async def test_a_generation_whose_streams_were_deleted_is_none(nats_server: NatsServer) -> None:
    broker = open_broker(f"{nats_server.url}?prefix=deleted")
    standing = await begun(broker)
    client = await nats.connect(nats_server.url, allow_reconnect=False)
    await client.jetstream().delete_stream("deleted_log_g1")
    await client.close()
    standing = await broker.connect()
    assert standing.generation is None
    assert await broker.begin(standing, "g2")
    assert (await broker.connect()).generation == "g2"
    await broker.close()


async def test_what_hubs_that_ended_left_behind_goes_when_a_generation_begins(nats_server: NatsServer) -> None:
    broker = open_broker(f"{nats_server.url}?prefix=behind")
    standing = await begun(broker)
    await broker.put("never", "shelf", {"field": b"1"})
    assert await broker.begin(standing, "g2")
    client = await nats.connect(nats_server.url, allow_reconnect=False)
    names = {info.config.name for info in await client.jetstream().streams_info()}
    await client.close()
    assert {name for name in names if name.startswith("behind")} == {
        *("behind_meta", "behind_now", "behind_log_g2", "behind_shelves_g2")
    }
    await broker.close()


@pytest.mark.parametrize(
    ("option", "right", "wrong"),
    [
        ('authorization { user: "lab", password: "secret" }', "lab:secret@", "lab:wrong@"),
        ('authorization { token: "a-long-token" }', "a-long-token@", "another-token@"),
    ],
    ids=["user", "token"],
)
async def test_who_is_asked_who_it_is_says_it(tmp_path: Path, option: str, right: str, wrong: str) -> None:
    with NatsServer(tmp_path, options=[option]) as server:
        broker = open_broker(f"nats://{right}127.0.0.1:{server.port}")
        assert (await broker.connect()).generation is None
        await broker.close()
        for credentials in (wrong, ""):
            with pytest.raises(BrokerLostError, match="Authorization Violation"):
                await open_broker(f"nats://{credentials}127.0.0.1:{server.port}").connect()


async def test_tls_is_spoken_with_a_server_whose_authority_is_known_and_with_no_other(tmp_path: Path) -> None:
    shown = certificate(tmp_path)
    tls = f'tls {{ cert_file: "{shown.certificate}", key_file: "{shown.key}" }}'
    with NatsServer(tmp_path / "nats", options=[tls]) as server:
        url = f"tls://127.0.0.1:{server.port}"
        await a_shelf_holds_what_was_put(lambda: open_broker(f"{url}?ssl_ca_certs={shown.certificate}"))
        with pytest.raises(BrokerLostError, match="CERTIFICATE_VERIFY_FAILED"):
            await open_broker(url).connect()


def test_an_authority_that_can_not_be_read_is_refused(tmp_path: Path) -> None:
    with pytest.raises(SettingRefusedError, match="can't be read"):
        open_broker(f"tls://127.0.0.1?ssl_ca_certs={tmp_path / 'none.pem'}")


@pytest.mark.parametrize("replicas", ["0", "2", "three"])
def test_copies_that_a_cluster_does_not_keep_are_refused(replicas: str) -> None:
    with pytest.raises(SettingRefusedError, match="copies"):
        open_broker(f"nats://127.0.0.1?replicas={replicas}")


async def test_a_server_that_can_not_keep_so_many_copies_says_so(nats_server: NatsServer) -> None:
    with pytest.raises(BrokerLostError, match="replicas > 1 not supported"):
        await open_broker(f"{nats_server.url}?prefix=copies&replicas=3").connect()
