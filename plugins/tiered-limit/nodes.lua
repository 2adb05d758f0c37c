-- Notes that a node lives, and counts those that do.
--
-- KEYS[1]  nodes: a sorted set of their ids, by the second in which each was last heard of
-- ARGV     the node's id; how many seconds a node counts that is not heard of
--
-- Returns {nodes, whether this one was not among them, Redis' time in seconds since 1970, and the microseconds
-- beyond}. Who is too old goes first, so that a node whose entry was, as after a step of Redis' clock, is told.

local time = redis.call('TIME')
local now, life = tonumber(time[1]), tonumber(ARGV[2])
redis.call('ZREMRANGEBYSCORE', KEYS[1], '-inf', now - life)
local new = redis.call('ZADD', KEYS[1], now, ARGV[1])
redis.call('EXPIRE', KEYS[1], life)
return {redis.call('ZCARD', KEYS[1]), new, now, tonumber(time[2])}
