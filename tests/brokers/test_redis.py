"""What is Redis's own, beside the contract."""

from __future__ import annotations

from livedash.brokers.redis import RedisBroker
from livedash.brokers.redis_servers import servers_of
from tests.brokers.redis_server import RedisServer


async def test_shelves_of_a_generation_whose_hub_died_before_it_began_go_with_the_next_that_begins(
    redis_server: RedisServer,
) -> None:
    dead, other = (RedisBroker(servers_of(redis_server.url), "leak") for _ in range(2))
    await dead.connect()
    await dead.put("dead", "room:a", {"state": b"1"})
    await dead.close()
    standing = await other.connect()
    await other.put("lives", "room:a", {"state": b"2"})
    assert await other.begin(standing, "lives")
    keys = [str(key) for key in redis_server.ask("KEYS", "{leak}:*")]
    assert [key for key in keys if "dead" in key] == []
    assert await other.load("lives") == {"room:a": {"state": b"2"}}
    await other.close()
