-- Debits up to n requests of a consumer: each from its rate and its day, or from neither. The type account
-- in account.go is the same algorithm without a store; the tests hold the two together, step by step.
--
-- KEYS[1]  state: "used granted counted expires last tokens bucketed size head tail" in decimal
-- KEYS[2]  ring: the times of admissions at an exact rate; admission i stands in slot i % size. Only where
--          there is tps and no burst: with one key, no slot of a Cluster that moves gives TRYAGAIN
-- ARGV     tps, burst, daily quota (0 where the tier has none), n; with a quota four consecutive day
--          starts, in seconds since 1970: Redis knows no time zones, and the caller's clock may be off
--
-- Returns {admitted, rate left, µs until the rate admits another, day left, µs until the day ends, granted
-- to the day}, each after the debit. What is left, or granted, is 0 for a limit that the tier lacks; the wait is 0 while the rate has some
-- left. Where Redis' time lies in none of the days it was given it debits nothing and returns {-1, time},
-- in seconds.
--
-- Times are microseconds since 1970, which Lua's numbers hold exactly until the year 2255, unless said
-- otherwise. A denial writes nothing, but that a state may live longer. struct and bit are not used: the embedded store of the tests lacks
-- them.
--
-- Redis keeps the compiled script, but runs all of it at each call (make bench): a function costs its
-- making there, so that there are few, and only where they are used. The number of a text is text + 0:
-- tonumber costs a call, and reads the text twice. An assignment to several locals does not read one that
-- it has just written: the embedded store's Lua writes them one after the other.

local SECOND = 1000000
local SLOT = 7 -- bytes a time takes, in base 256: as many as are read and written one by one below
local KEEP = 4 -- seconds that keys stay after they stopped to count
local DAY_SLACK = 60 -- seconds that the day's count outlives the day, in case the clock steps back
local LONGEST = 1100000 -- seconds that a state can count: the slowest bucket takes a million to fill

-- Redis 6.0 is the first that has SET with KEEPTTL, and it came with setresp. An older one would fail on its
-- way, now and then.
if not redis.setresp then
  return redis.error_reply('TOOOLD this script needs SET with KEEPTTL')
end

local time = redis.call('TIME')
local now_s = time[1] + 0
local now = now_s * SECOND + time[2]
local tps, burst, quota, n = ARGV[1] + 0, ARGV[2] + 0, ARGV[3] + 0, ARGV[4] + 0

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
    return redis.error_reply('FOREIGN ' .. KEYS[1] .. ' holds something else')
  end
  used, granted, counted, expires, last = u + 0, g + 0, c + 0, e + 0, l + 0
  tokens, bucketed, size, head, tail = t + 0, b + 0, s + 0, h + 0, o + 0
end
local lives_until = expires -- as Redis has it

-- The count is kept as long as its last debit lies in the asking tier's day: another tier may have another
-- time zone.
local day_left, day_ends, from, to = 0, 0, 0, 0
if quota > 0 then
  to = ARGV[5] + 0
  for i = 6, #ARGV do
    from, to = to, ARGV[i] + 0
    if now_s < to then
      break
    end
  end
  if now_s < from or now_s >= to then
    return {-1, now_s}
  end
  if counted < from or counted >= to then
    used, granted = 0, 0
  end
  day_left, day_ends = quota + granted - used, to * SECOND - now
  if day_left < 0 then
    day_left = 0
  end
end

-- A clock that steps back by up to a second is taken to stand still; beyond that nobody knows the age
-- of what was counted, and it is forgotten: better than to refuse until the clock has caught up.
local clock = now
if tps > 0 then
  if last - now > SECOND then
    last, bucketed = 0, 0
  end
  if last > now then
    clock = last
  end
  if last <= clock - SECOND then
    size, head, tail = 0, 0, 0
  end
end
local since = clock - SECOND -- an admission at this time, or before, no longer counts

-- young is the first admission in the ring that still counts, or head; oldest is its time.
local young, oldest = tail, clock
if tps > 0 and burst == 0 and tail < head then
  -- decode returns the time in the i-th slot of a run; 0, long ago, where Redis has lost it.
  local function decode(run, i)
    local a, b, c, d, e, f, g = string.byte(run, (i - 1) * SLOT + 1, i * SLOT)
    if not g then
      return 0
    end
    return (((((a * 256 + b) * 256 + c) * 256 + d) * 256 + e) * 256 + f) * 256 + g
  end

  if young < head - tps then
    young = head - tps -- older ones do not matter to this rate
  end
  -- It reads runs that double, one in the usual case and never more than a few, and looks into a run in
  -- steps that double too, for the usual case is that few have grown too old since the last call.
  local count = 8
  while young < head do
    count = math.min(count, head - young, size - young % size)
    local at = young % size * SLOT
    local run = redis.call('GETRANGE', KEYS[2], at, at + count * SLOT - 1)
    local low, high = 1, 1
    local seen = decode(run, 1)
    while seen <= since and high < count do
      low, high = high + 1, math.min(high * 2, count)
      seen = decode(run, high)
    end
    if seen > since then
      oldest = seen
      while low < high do
        local middle = math.floor((low + high) / 2)
        seen = decode(run, middle)
        if seen > since then
          high, oldest = middle, seen
        else
          low = middle + 1
        end
      end
      young = young + low - 1
      break
    end
    young, count = young + count, count * 2
  end
end

-- How many the rate admits now. A bucket that is new takes what the exact rate has admitted in the second
-- up to its last admission, where tail was set, for its own. An exact rate keeps to the bucket before it
-- for a second, and debits it, so that nodes with the one and nodes with the other may alternate.
local room, free = n, 0 -- free: what the exact rate leaves of itself
local guarded = burst > 0 -- the bucket has a say
if tps > 0 then
  local capacity = (burst > 0 and burst or tps) * SECOND
  if burst > 0 and bucketed == 0 then
    tokens = math.max(0, capacity - (head - tail) * SECOND)
  end
  if burst > 0 or bucketed > 0 then
    tokens = math.min(capacity, tokens + (clock - last) * tps)
  end
  if burst > 0 then
    room = math.floor(tokens / SECOND)
  else
    free = tps - (head - young)
    room, guarded = free, bucketed > since
    if guarded then
      room = math.min(room, math.floor(tokens / SECOND))
    end
    if room > 0 then
      tail = young
    end
  end
end

local admitted = n
if admitted > room then
  admitted = room
end
if quota > 0 and admitted > day_left then
  admitted = day_left
end

if admitted > 0 then
  local keep_until = now_s + KEEP
  if tps > 0 and (burst > 0 or bucketed > 0) then
    tokens = math.max(0, tokens - admitted * SECOND)
  end
  if burst > 0 then
    bucketed = clock
    keep_until = keep_until + math.ceil((burst * SECOND - tokens) / tps / SECOND)
  elseif tps > 0 then
    -- The ring takes the admissions at the time clock: their slots, from the last digit on.
    local g = clock % 256
    local rest = (clock - g) / 256
    local f = rest % 256
    rest = (rest - f) / 256
    local e = rest % 256
    rest = (rest - e) / 256
    local d = rest % 256
    rest = (rest - d) / 256
    local c = rest % 256
    rest = (rest - c) / 256
    local b = rest % 256
    local slots = string.rep(string.char((rest - b) / 256, b, c, d, e, f, g), admitted)
    if head == 0 then
      size = tps
      redis.call('SET', KEYS[2], slots, 'EX', KEEP)
    else
      -- Once a second is often enough, unless the ring is new or may have been lost.
      local keep = head == tail or bucketed == last or last - last % SECOND ~= clock - clock % SECOND
      if tps > size then
        -- A higher rate lays the ring out anew; a lower one uses the larger ring as it is.
        local bytes = redis.call('GET', KEYS[2]) or ''
        local first = head % size * SLOT
        local held = #bytes / SLOT
        redis.call('SET', KEYS[2], string.sub(bytes, first + 1) .. string.sub(bytes, 1, first))
        tail = math.max(0, held - (head - tail))
        size, head = tps, held
        keep = true
      end
      local at = head % size
      local fit = (size - at) * SLOT
      if #slots > fit then
        redis.call('SETRANGE', KEYS[2], 0, string.sub(slots, fit + 1))
        slots = string.sub(slots, 1, fit)
      end
      redis.call('SETRANGE', KEYS[2], at * SLOT, slots)
      if keep then
        redis.call('EXPIRE', KEYS[2], KEEP)
      end
    end
    head = head + admitted
  end
  if tps > 0 then
    last = clock
  end
  if quota > 0 then
    used, counted, day_left = used + admitted, now_s, day_left - admitted
    if keep_until < to + DAY_SLACK then
      keep_until = to + DAY_SLACK
    end
  end
  -- Never sooner than another tier, with a day or a slower bucket, has asked for.
  if expires < keep_until or expires > now_s + LONGEST then
    expires = keep_until
  end
  local state = string.format('%d %d %d %d %d %d %d %d %d %d',
    used, granted, counted, expires, last, tokens, bucketed, size, head, tail)
  if expires == lives_until then
    redis.call('SET', KEYS[1], state, 'KEEPTTL') -- Redis 6.0 and later; cheaper than to set it anew
  else
    redis.call('SET', KEYS[1], state, 'EX', expires - now_s)
  end
end

-- A day that is denied must be remembered as long as the asking tier's day: the state may have got its life
-- by the day of another zone.
if admitted == 0 and quota > 0 and used + granted > 0 and expires < to + DAY_SLACK then
  expires = to + DAY_SLACK
  redis.call('SET', KEYS[1], string.gsub(saved, '^(%d+ %d+ %d+) %d+', '%1 ' .. string.format('%d', expires)),
    'EX', expires - now_s)
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
return {admitted, rate_left, wait, day_left, day_ends, quota > 0 and granted or 0}
