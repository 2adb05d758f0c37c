-- Notes that a node lives, and counts those that do.
--
-- KEYS[1]  nodes: a sorted set of their ids, by when each was last heard of, in microseconds since 1970
-- ARGV     the node's id; how many seconds a node counts that is not heard of
--
-- Returns {nodes, when this one had been heard of before, or 0 where it was not among them, Redis' time}. Who is too
-- old goes first, so that a node whose entry was, as after a step of Redis' clock, is told.

local time = redis.call('TIME')
local now, life = tonumber(time[1]) * 1000000 + tonumber(time[2]), tonumber(ARGV[2])
redis.call('ZREMRANGEBYSCORE', KEYS[1], '-inf', now - life * 1000000)
local before = redis.call('ZADD', KEYS[1], 'XX', 'INCR', 0, ARGV[1]) -- ZSCORE would be one more right that a user needs
redis.call('ZADD', KEYS[1], now, ARGV[1])
redis.call('EXPIRE', KEYS[1], life)
return {redis.call('ZCARD', KEYS[1]), tonumber(before or 0), now}
