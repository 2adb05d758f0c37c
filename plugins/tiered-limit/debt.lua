-- Debits from a consumer's day what a node has admitted without Redis: all of it, even beyond the quota. The
-- state is that of limit.lua, whose header explains it; the rate is left as it stands.
--
-- KEYS[1]  state: "used granted counted expires last tokens bucketed size head tail" in decimal
-- KEYS[2]  the number of the last batch that the node has debited here
-- ARGV     the batch's number, and how many requests it is of; the day's start and end, in seconds since
--          1970; how many seconds the number is kept
--
-- A batch that was debited before, and whose answer was lost, is not debited again. Returns {1, used, granted},
-- of the day, or {0, 0, 0} where the day has not begun or has ended by Redis' time.

local DAY_SLACK = 60 -- seconds that the count outlives the day, as in limit.lua
local LONGEST = 1100000 -- seconds that a state can count, as in limit.lua

local now_s = tonumber(redis.call('TIME')[1])
local number, n, from, to = tonumber(ARGV[1]), tonumber(ARGV[2]), tonumber(ARGV[3]), tonumber(ARGV[4])
if now_s < from or now_s >= to then
  return {0, 0, 0}
end

local used, granted, expires, rate = 0, 0, 0, '0 0 0 0 0 0'
local saved = redis.call('GET', KEYS[1])
if saved then
  local u, g, c, e, r = string.match(saved, '^(%d+) (%d+) (%d+) (%d+) (%d+ %d+ %d+ %d+ %d+ %d+)$')
  if not u then
    return redis.error_reply('FOREIGN ' .. KEYS[1] .. ' holds something else')
  end
  expires, rate = tonumber(e), r
  if from <= tonumber(c) and tonumber(c) < to then
    used, granted = tonumber(u), tonumber(g)
  end
end

if tonumber(redis.call('GET', KEYS[2]) or 0) < number then
  used = used + n
  if expires > now_s + LONGEST then
    expires = 0
  end
  expires = math.max(expires, to + DAY_SLACK)
  redis.call('SET', KEYS[1], string.format('%d %d %d %d ', used, granted, now_s, expires) .. rate,
    'EX', expires - now_s)
  redis.call('SET', KEYS[2], ARGV[1], 'EX', ARGV[5])
end
return {1, used, granted}
