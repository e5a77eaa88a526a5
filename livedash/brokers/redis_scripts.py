"""What runs inside Redis: each script is done as a whole, or not at all. Redis 6.2 and later, and Valkey, know all of it."""

from __future__ import annotations

from typing import Final

_STANDS: Final = """
local meta = redis.call('HMGET', KEYS[1], 'generation', 'settled_run')
local function stands(generation, settled_run)
  return (meta[1] or '') == generation and (meta[2] or '') == settled_run
end
"""

# meta, log | generation, settled run, entries...
APPEND: Final = f"""{_STANDS}
if not stands(ARGV[1], ARGV[2]) then return 0 end
for i = 3, #ARGV do redis.call('XADD', KEYS[2], '*', 'e', ARGV[i]) end
return 1
"""

# meta | run, generation, settled run
SETTLE: Final = f"""{_STANDS}
if not stands(ARGV[2], ARGV[3]) then return 0 end
redis.call('HSET', KEYS[1], 'settled_run', ARGV[1])
return 1
"""

# meta, log of the former generation | run, generation, settled run, new generation
# An entry without content tells who waits at the end of that log, and who puts on its shelves, that it is over.
BEGIN: Final = f"""{_STANDS}
if not stands(ARGV[2], ARGV[3]) then return 0 end
redis.call('HSET', KEYS[1], 'generation', ARGV[4], 'settled_run', ARGV[1])
if ARGV[2] ~= '' then
  redis.call('DEL', KEYS[2])
  redis.call('XADD', KEYS[2], '*', 'over', ARGV[4])
  redis.call('PEXPIRE', KEYS[2], 3600000)
end
return 1
"""

# log, places up to which it was trimmed | the entry that stays: other hubs, which were slower, may come with earlier ones
TRIM: Final = """
local added = redis.pcall('XADD', KEYS[2], 'MAXLEN', '1', ARGV[1], 'upto', '1')
if type(added) == 'table' and added.err then return 0 end
redis.call('XTRIM', KEYS[1], 'MINID', ARGV[1])
return 1
"""

# shelves
GET: Final = """
local shelves = {}
for i = 1, #KEYS do shelves[i] = redis.call('HGETALL', KEYS[i]) end
return shelves
"""

# shelf, names of shelves, log, generations with shelves
# | generation, name, how many arguments of fields and values follow, those, fields that go
PUT: Final = """
local last = redis.call('XREVRANGE', KEYS[3], '+', '-', 'COUNT', 1)[1]
if last and last[2][1] == 'over' then return 0 end
local kept = tonumber(ARGV[3])
for i = 4, 3 + kept, 2 do redis.call('HSET', KEYS[1], ARGV[i], ARGV[i + 1]) end
for i = 4 + kept, #ARGV do redis.call('HDEL', KEYS[1], ARGV[i]) end
redis.call('SADD', KEYS[4], ARGV[1])
if redis.call('EXISTS', KEYS[1]) == 1 then
  redis.call('SADD', KEYS[2], ARGV[2])
else
  redis.call('SREM', KEYS[2], ARGV[2])
end
return 1
"""

# beats | node, what it says, milliseconds for which that holds
BEAT: Final = """
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
redis.call('HSET', KEYS[1], ARGV[1], string.format('%d ', now + ARGV[3]) .. ARGV[2])
local said, there = redis.call('HGETALL', KEYS[1]), {}
for i = 1, #said, 2 do
  local ends, data = string.match(said[i + 1], '^(%d+) (.*)$')
  if tonumber(ends) >= now then
    there[#there + 1] = said[i]
    there[#there + 1] = data
  else
    redis.call('HDEL', KEYS[1], said[i])
  end
end
return there
"""

# lease | node, milliseconds
LEASE: Final = """
local holder = redis.call('GET', KEYS[1])
if holder and holder ~= ARGV[1] then return 0 end
redis.call('SET', KEYS[1], ARGV[1], 'PX', ARGV[2])
return 1
"""
