-- Debits one request from a consumer's rate and day: from both, or from neither. The type account in
-- account.go is the same algorithm without a store; the tests hold the two together, step by step.
--
-- KEYS[1]  state: "day used size head tail last debt" in decimal
-- KEYS[2]  ring: the times of admissions; admission n stands in slot n % size
-- ARGV     tps, burst, daily quota; 0 where the tier has none
--
-- Returns {admitted, rate left, ms until the rate admits again, day left, ms until the day ends}. What
-- is left is 0 for a limit that the tier lacks; the wait is 0 unless the rate is exceeded.
--
-- Times are microseconds since 1970, which Lua's numbers hold exactly until the year 2255. Only an
-- admitted request writes. struct and bit are not used: the embedded store of the tests lacks them.

local SECOND, DAY = 1000000, 86400000000
local SLOT = 7 -- bytes a time takes, in base 256
local KEEP = 3000 -- ms that keys stay after they stopped to count
local DAY_SLACK = 60000 -- ms that the day's count outlives the day, in case the clock steps back

local time = redis.call('TIME')
local now = tonumber(time[1]) * SECOND + tonumber(time[2])
local tps, burst, quota = tonumber(ARGV[1]), tonumber(ARGV[2]), tonumber(ARGV[3])

-- size: slots of the ring. head: the admission that comes next. tail: the oldest that may still count.
-- last: when the rate last admitted. debt: millionths of requests that the bucket has yet to drain.
local day, used, size, head, tail, last, debt = 0, 0, 0, 0, 0, 0, 0
local saved = redis.call('GET', KEYS[1])
if saved then
  local fields = {}
  for field in string.gmatch(saved, '%d+') do
    fields[#fields + 1] = tonumber(field)
  end
  day, used, size, head, tail, last, debt = unpack(fields)
end

local today = math.floor(now / DAY)
if day ~= today then
  day, used = today, 0
end

-- A clock that steps back by up to a second is taken to stand still; beyond that nobody knows the age
-- of what was counted, and it is forgotten: better than to refuse until the clock has caught up.
local clock = now
if tps > 0 then
  if last - now > SECOND then
    last = 0
  end
  clock = math.max(now, last)
  if last <= clock - SECOND then
    size, head, tail = 0, 0, 0
  end
end
local since = clock - SECOND -- an admission at this time, or before, no longer counts

local function encode(t)
  local bytes = {}
  for i = SLOT, 1, -1 do
    bytes[i] = t % 256
    t = math.floor(t / 256)
  end
  return string.char(unpack(bytes))
end

-- decode returns the time in the i-th slot of a run; 0, long ago, where Redis has lost it.
local function decode(run, i)
  local a, b, c, d, e, f, g = string.byte(run, (i - 1) * SLOT + 1, i * SLOT)
  if not g then
    return 0
  end
  return (((((a * 256 + b) * 256 + c) * 256 + d) * 256 + e) * 256 + f) * 256 + g
end

local function slots(first, count)
  local from = first % size * SLOT
  return redis.call('GETRANGE', KEYS[2], from, from + count * SLOT - 1)
end

-- first_young returns the first admission from n on that still counts, or head. It reads runs that
-- double: one in the usual case, and never more than a few.
local function first_young(n)
  local count = 8
  while n < head do
    count = math.min(count, head - n, size - n % size)
    local run = slots(n, count)
    if decode(run, count) > since then
      local low, high = 1, count
      while low < high do
        local middle = math.floor((low + high) / 2)
        if decode(run, middle) > since then
          high = middle
        else
          low = middle + 1
        end
      end
      return n + low - 1
    end
    n, count = n + count, count * 2
  end
  return head
end

-- grow lays the ring out anew for a higher rate; a lower one uses the larger ring as it is.
local function grow()
  local bytes = redis.call('GET', KEYS[2]) or ''
  local oldest = head % size * SLOT
  local held = #bytes / SLOT
  redis.call('SET', KEYS[2], string.sub(bytes, oldest + 1) .. string.sub(bytes, 1, oldest))
  size, head, tail = tps, held, 0 -- first_young looks again
end

local function append()
  if head == 0 then
    size = tps
    redis.call('SET', KEYS[2], encode(clock), 'PX', KEEP)
  else
    if tps > size then
      grow()
    end
    redis.call('SETRANGE', KEYS[2], head % size * SLOT, encode(clock))
    redis.call('PEXPIRE', KEYS[2], KEEP)
  end
  head = head + 1
end

local rate_left, wait = 0, 0
if tps > 0 then
  if burst > 0 then
    -- A bucket that was lowered is no more than empty. Clamped before it drains: a rejected request
    -- writes nothing, and the debt above the burst would have to drain first.
    debt = math.min(debt, burst * SECOND)
  end
  debt = math.max(0, debt - (clock - last) * tps)
  if burst > 0 then
    rate_left = math.max(0, math.floor(burst - debt / SECOND))
    wait = math.max(0, math.ceil((debt + SECOND - burst * SECOND) / tps))
  else
    if head - tail >= tps then
      wait = math.max(0, decode(slots(head - tps, 1), 1) - since)
    end
    if wait == 0 then
      tail = first_young(tail)
      rate_left = tps - (head - tail)
    end
  end
  if wait > 0 then
    wait = wait + clock - now -- who waits does so from now, and not from when the clock stands still
  end
end

local day_left = math.max(0, quota - used)
local day_ends = math.ceil(((today + 1) * DAY - now) / 1000)
if wait > 0 or quota > 0 and day_left == 0 then
  return {0, rate_left, math.ceil(wait / 1000), day_left, day_ends}
end

local ttl = KEEP
if tps > 0 then
  last, debt, rate_left = clock, debt + SECOND, rate_left - 1
  ttl = ttl + math.ceil(debt / tps / 1000)
  if burst == 0 then
    append()
  end
end
if quota > 0 then
  used, day_left = used + 1, day_left - 1
end
if used > 0 then
  ttl = math.max(ttl, day_ends + DAY_SLACK)
end
redis.call('SET', KEYS[1], string.format('%d %d %d %d %d %d %d', day, used, size, head, tail, last, debt), 'PX', ttl)
return {1, rate_left, 0, day_left, day_ends}
