-- Debits up to n requests of a consumer: each from its rate and its day, or from neither. The type account
-- in account.go is the same algorithm without a store; the tests hold the two together, step by step.
--
-- KEYS[1]  state: "used granted counted expires last tokens bucketed size head tail" in decimal
-- KEYS[2]  ring: the times of admissions at an exact rate; admission i stands in slot i % size
-- ARGV     tps, burst, daily quota (0 where the tier has none), n; with a quota four consecutive day
--          starts, in seconds since 1970: Redis knows no time zones, and the caller's clock may be off
--
-- Returns {admitted, rate left, µs until the rate admits another, day left, µs until the day ends}, each
-- after the debit. What is left is 0 for a limit that the tier lacks; the wait is 0 while the rate has some
-- left. Where Redis' time lies in none of the days it was given it debits nothing and returns {-1, time},
-- in seconds.
--
-- Times are microseconds since 1970, which Lua's numbers hold exactly until the year 2255, unless said
-- otherwise. Only an admission writes. struct and bit are not used: the embedded store of the tests lacks
-- them.

local SECOND = 1000000
local SLOT = 7 -- bytes a time takes, in base 256
local KEEP = 4 -- seconds that keys stay after they stopped to count
local DAY_SLACK = 60 -- seconds that the day's count outlives the day, in case the clock steps back
local LONGEST = 1100000 -- seconds that a state can count: the slowest bucket takes a million to fill

local time = redis.call('TIME')
local now = tonumber(time[1]) * SECOND + tonumber(time[2])
local tps, burst, quota, n = tonumber(ARGV[1]), tonumber(ARGV[2]), tonumber(ARGV[3]), tonumber(ARGV[4])

-- used, granted: of the day that counted, the second of the last debit from a quota, lies in.
-- expires: the second until which the state counts. last: when the rate last admitted.
-- tokens: what the bucket held then, in millionths of requests. bucketed: when a bucket last admitted.
-- size: slots of the ring. head: the admission that comes next. tail: the oldest that may still count.
local used, granted, counted, expires, last, tokens, bucketed, size, head, tail = 0, 0, 0, 0, 0, 0, 0, 0, 0, 0
local saved = redis.call('GET', KEYS[1])
if saved then
  local u, g, c, e, l, t, b, s, h, o =
    string.match(saved, '^(%d+) (%d+) (%d+) (%d+) (%d+) (%d+) (%d+) (%d+) (%d+) (%d+)$')
  if not u then
    return redis.error_reply('ERR ' .. KEYS[1] .. ' holds no state of tiered-limit')
  end
  used, granted, counted, expires, last = tonumber(u), tonumber(g), tonumber(c), tonumber(e), tonumber(l)
  tokens, bucketed, size, head, tail = tonumber(t), tonumber(b), tonumber(s), tonumber(h), tonumber(o)
end
local now_s = math.floor(now / SECOND)

-- The count is kept as long as its last debit lies in the asking tier's day: another tier may have another
-- time zone.
local day_left, day_ends = 0, 0
if quota > 0 then
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
  if counted < from or counted >= to then
    used, granted = 0, 0
  end
  day_left, day_ends = math.max(0, quota + granted - used), to * SECOND - now
end

-- A clock that steps back by up to a second is taken to stand still; beyond that nobody knows the age
-- of what was counted, and it is forgotten: better than to refuse until the clock has caught up.
local clock = now
if tps > 0 then
  if last - now > SECOND then
    last, bucketed = 0, 0
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

-- first_young returns the first admission from i on that still counts, and its time; or head. It reads
-- runs that double: one in the usual case, and never more than a few.
local function first_young(i)
  local count = 8
  while i < head do
    count = math.min(count, head - i, size - i % size)
    local from = i % size * SLOT
    local run = redis.call('GETRANGE', KEYS[2], from, from + count * SLOT - 1)
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
      return i + low - 1, decode(run, low)
    end
    i, count = i + count, count * 2
  end
  return head, clock
end

-- grow lays the ring out anew for a higher rate; a lower one uses the larger ring as it is.
local function grow()
  local bytes = redis.call('GET', KEYS[2]) or ''
  local oldest = head % size * SLOT
  local held = #bytes / SLOT
  redis.call('SET', KEYS[2], string.sub(bytes, oldest + 1) .. string.sub(bytes, 1, oldest))
  size, head, tail = tps, held, math.max(0, held - (head - tail))
end

-- append writes k admissions at the time clock.
local function append(k)
  local slots = string.rep(encode(clock), k)
  if head == 0 then
    size = tps
    redis.call('SET', KEYS[2], slots, 'EX', KEEP)
    head = k
    return
  end
  -- Once a second is often enough, unless the ring is new or may have been lost.
  local keep = head == tail or bucketed == last or math.floor(last / SECOND) ~= math.floor(clock / SECOND)
  if tps > size then
    grow()
    keep = true
  end
  local at = head % size
  local fit = math.min(k, size - at)
  redis.call('SETRANGE', KEYS[2], at * SLOT, string.sub(slots, 1, fit * SLOT))
  if fit < k then
    redis.call('SETRANGE', KEYS[2], 0, string.sub(slots, fit * SLOT + 1))
  end
  if keep then
    redis.call('EXPIRE', KEYS[2], KEEP)
  end
  head = head + k
end

-- How many the rate admits now. A bucket that is new takes what the exact rate has admitted in the second
-- up to its last admission, where tail was set, for its own. An
-- exact rate keeps to the bucket before it for a second, and debits it, so that nodes with the one and
-- nodes with the other may alternate.
local room, free, oldest = n, 0, clock -- free: what the exact rate leaves of itself
local guarded = burst > 0 -- the bucket has a say
if tps > 0 then
  local capacity = (burst > 0 and burst or tps) * SECOND
  local young
  if burst == 0 then
    young, oldest = first_young(math.max(tail, head - tps))
    free = tps - (head - young)
  elseif bucketed == 0 then
    tokens = math.max(0, capacity - (head - tail) * SECOND)
  end
  if burst > 0 or bucketed > 0 then
    tokens = math.min(capacity, tokens + (clock - last) * tps)
  end
  if burst > 0 then
    room = math.floor(tokens / SECOND)
  else
    room, guarded = free, bucketed > since
    if guarded then
      room = math.min(room, math.floor(tokens / SECOND))
    end
    if room > 0 then
      tail = young
    end
  end
end

local admitted = math.min(n, room)
if quota > 0 then
  admitted = math.min(admitted, day_left)
end

if admitted > 0 then
  local ttl = KEEP
  if tps > 0 then
    if burst > 0 or bucketed > 0 then
      tokens = math.max(0, tokens - admitted * SECOND)
    end
    if burst > 0 then
      bucketed = clock
      ttl = ttl + math.ceil((burst * SECOND - tokens) / tps / SECOND)
    else
      append(admitted)
    end
    last = clock
  end
  if quota > 0 then
    used, counted, day_left = used + admitted, now_s, day_left - admitted
    ttl = math.max(ttl, math.ceil(day_ends / SECOND) + DAY_SLACK)
  end
  -- Never sooner than another tier, with a day or a slower bucket, has asked for.
  if expires > now_s + LONGEST then
    expires = 0
  end
  expires = math.max(expires, now_s + ttl)
  redis.call('SET', KEYS[1], string.format('%d %d %d %d %d %d %d %d %d %d',
    used, granted, counted, expires, last, tokens, bucketed, size, head, tail), 'EX', expires - now_s)
end

local rate_left, wait = 0, 0
if tps > 0 then
  rate_left = room - admitted
  if rate_left == 0 then
    if burst == 0 and free == admitted then
      wait = oldest - since
    end
    if guarded then
      local refill = math.ceil((SECOND - tokens) / tps)
      if burst == 0 then
        refill = math.min(refill, bucketed + SECOND - clock)
      end
      wait = math.max(wait, refill)
    end
    wait = wait + clock - now -- who waits does so from now, and not from when the clock stands still
  end
end
return {admitted, rate_left, wait, day_left, day_ends}
