-- Reads or changes the day's count of a consumer: for an operator, or for a node that tells what it has
-- admitted without Redis (debit), all of it, even beyond the quota. The state is that of limit.lua, whose header
-- explains it; all that is not of the day is left as it stands.
--
-- KEYS[1]  state: "used granted counted expires last tokens bucketed size head tail" in decimal
-- KEYS[2]  of a debit, the number of the last one that the node has made here
-- ARGV     show, reset, grant or debit; how many requests to grant or to debit; the debit's number, and how many
--          seconds that is kept, else zeros; consecutive day starts, in seconds since 1970, as limit.lua gets them
--
-- A debit that was made before, and whose answer was lost, is not made again.
--
-- Returns {used, granted before the change; used, granted after it; Redis' time in µs since 1970; the
-- second in which the day ends}. Where Redis' time lies in none of the days it was given it changes nothing
-- and returns {-1, time}, in seconds.

local SECOND = 1000000
local DAY_SLACK = 60 -- seconds that the count outlives the day, as in limit.lua
local LONGEST = 1100000 -- seconds that a state can count, as in limit.lua

local time = redis.call('TIME')
local now_s = tonumber(time[1])
local change, n = ARGV[1], tonumber(ARGV[2])

local from, to
for i = 5, #ARGV - 1 do
  from, to = tonumber(ARGV[i]), tonumber(ARGV[i + 1])
  if from <= now_s and now_s < to then
    break
  end
  to = nil
end
if not to then
  return {-1, now_s}
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

local used_before, granted_before = used, granted
if change == 'reset' then
  used, granted = 0, 0
elseif change == 'grant' then
  granted = granted + n
elseif change == 'debit' then
  if tonumber(redis.call('GET', KEYS[2]) or 0) < tonumber(ARGV[3]) then
    used = used + n
  else
    change = 'show'
  end
end

if change ~= 'show' then
  if expires > now_s + LONGEST then
    expires = 0
  end
  expires = math.max(expires, to + DAY_SLACK)
  redis.call('SET', KEYS[1], string.format('%d %d %d %d ', used, granted, now_s, expires) .. rate,
    'EX', expires - now_s)
end
if change == 'debit' then -- last: a number without its debit would lose it
  redis.call('SET', KEYS[2], ARGV[3], 'EX', ARGV[4])
end
return {used_before, granted_before, used, granted, now_s * SECOND + tonumber(time[2]), to}
