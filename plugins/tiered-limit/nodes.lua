-- Notes that a node lives, and counts those that do.
--
-- KEYS[1]  nodes: a sorted set of their ids, by the second in which each was last heard of
-- ARGV     the node's id; how many seconds a node counts that is not heard of
--
-- Returns {nodes, Redis' time in seconds since 1970, and the microseconds beyond}.

local time = redis.call('TIME')
local now, life = tonumber(time[1]), tonumber(ARGV[2])
redis.call('ZADD', KEYS[1], now, ARGV[1])
redis.call('ZREMRANGEBYSCORE', KEYS[1], '-inf', now - life)
redis.call('EXPIRE', KEYS[1], life)
return {redis.call('ZCARD', KEYS[1]), now, tonumber(time[2])}
