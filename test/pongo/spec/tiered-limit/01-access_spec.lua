local helpers = require "spec.helpers"
local tollgate = require "spec.tollgate"
local cjson = require "cjson"


local PLUGIN = "tiered-limit"


local function config(changes)
  local c = {
    tiers = {
      { name = "free", tps = 2 },
      { name = "gold", tps = 50, burst = 100, daily_quota = 3 },
      { name = "unlimited" },
    },
    default_tier = "free",
    redis = { host = helpers.redis_host, port = helpers.redis_port, timeout = 1000 },
  }
  for name, value in pairs(changes or {}) do
    c[name] = value
  end
  return c
end


local function tier(t)
  t.name = "t"
  return config({ tiers = { t }, default_tier = "t" })
end


describe(PLUGIN .. ": schema", function()
  it("fills the defaults in", function()
    local c = assert(tollgate.validate(PLUGIN, config({ redis = { host = "redis.test" } })))
    assert.equal("tier:", c.tier_tag_prefix)
    assert.equal("local", c.on_redis_error)
    assert.equal(2, c.fallback_nodes)
    assert.equal(6379, c.redis.port)
    assert.equal(50, c.redis.timeout)
    assert.is_true(c.redis.ssl_verify)
  end)

  it("needs tiers and a default", function()
    local c, err = tollgate.validate(PLUGIN, { redis = { host = "redis.test" } })
    assert.is_nil(c)
    assert.equal("required field missing", err.tiers)
    assert.equal("required field missing", err.default_tier)
  end)

  it("refuses limits out of range", function()
    local c, err = tollgate.validate(PLUGIN, tier({ tps = 0 }))
    assert.is_nil(c)
    assert.equal("value should be between 1 and 1000000", err.tiers[1].tps)
  end)

  it("refuses a burst without a rate", function()
    local c, err = tollgate.validate(PLUGIN, tier({ burst = 10 }))
    assert.is_nil(c)
    assert.equal("required field missing", err.tiers[1].tps)
  end)

  it("refuses a rate above 10,000 without a burst", function()
    local c, err = tollgate.validate(PLUGIN, tier({ tps = 10001 }))
    assert.is_nil(c)
    assert.equal("required field missing", err.tiers[1].burst)
  end)
end)


for _, strategy in helpers.all_strategies() do
  describe(PLUGIN .. ": access [#" .. strategy .. "]", function()
    local client, settings

    local function get(host, key)
      return client:get("/", { headers = { host = host, apikey = key } })
    end

    lazy_setup(function()
      local bp = helpers.get_db_utils(strategy,
        { "routes", "services", "plugins", "consumers", "keyauth_credentials" }, { PLUGIN })

      local function limit(host, changes, auth)
        local route = bp.routes:insert({ hosts = { host } })
        bp.plugins:insert { name = PLUGIN, route = { id = route.id }, config = config(changes) }
        if auth then
          bp.plugins:insert { name = "key-auth", route = { id = route.id } }
        end
      end
      limit("limited.test", nil, true)
      limit("allow.test", { redis = { host = "127.0.0.1", port = 1 }, on_redis_error = "allow" })
      limit("deny.test", { redis = { host = "127.0.0.1", port = 1 }, on_redis_error = "deny" })
      limit("unsound.test", { default_tier = "platinum" })

      for key, tags in pairs {
        ["free-key"] = { "some-other-tag" },
        ["gold-key"] = { "tier:gold" },
        ["another-gold-key"] = { "tier:gold" },
        ["third-gold-key"] = { "tier:gold" },
        ["unlimited-key"] = { "tier:unlimited" },
      } do
        local consumer = bp.consumers:insert({ username = key, tags = tags })
        bp.keyauth_credentials:insert({ key = key, consumer = { id = consumer.id } })
      end

      settings = tollgate.settings(PLUGIN, { database = strategy })
      assert(helpers.start_kong(settings))
      tollgate.await({ path = "/", headers = { host = "allow.test" } }, 200)
    end)

    lazy_teardown(function()
      helpers.stop_kong()
    end)

    before_each(function()
      client = helpers.proxy_client()
    end)

    after_each(function()
      client:close()
    end)

    it("admits a tier's rate, rejects what comes above it, and admits again later", function()
      for remaining = 1, 0, -1 do
        local res = get("limited.test", "free-key")
        assert.res_status(200, res)
        assert.equal("2", res.headers["X-RateLimit-Limit-Second"])
        assert.equal(tostring(remaining), res.headers["X-RateLimit-Remaining-Second"])
        assert.is_nil(res.headers["X-RateLimit-Limit-Day"])
      end

      local res = get("limited.test", "free-key")
      local problem = cjson.decode(assert.res_status(429, res))
      assert.equal("application/problem+json", res.headers["Content-Type"])
      assert.equal("1", res.headers["Retry-After"])
      assert.equal("https://iana.org/assignments/http-problem-types#quota-exceeded", problem.type)
      assert.equal(1, #problem["violated-policies"])

      tollgate.await({ path = "/", headers = { host = "limited.test", apikey = "free-key" } }, 200)
    end)

    it("gives a consumer the tier that its tag names, and that tier's daily quota", function()
      for remaining = 2, 0, -1 do
        local res = get("limited.test", "gold-key")
        assert.res_status(200, res)
        assert.equal("50", res.headers["X-RateLimit-Limit-Second"])
        assert.equal("3", res.headers["X-RateLimit-Limit-Day"])
        assert.equal(tostring(remaining), res.headers["X-RateLimit-Remaining-Day"])
      end

      local res = get("limited.test", "gold-key")
      assert.res_status(429, res)
      assert.equal("0", res.headers["X-RateLimit-Remaining-Day"])
      assert.is_true(tonumber(res.headers["Retry-After"]) >= 1)
    end)

    it("keeps the count over a reload", function()
      assert.res_status(200, get("limited.test", "another-gold-key"))
      client:close()

      -- A reload gives each plugin a new instance, and Kong starts another plugin server.
      tollgate.reload(settings)
      tollgate.await({ path = "/", headers = { host = "allow.test" } }, 200)

      client = helpers.proxy_client()
      local res = get("limited.test", "another-gold-key")
      assert.res_status(200, res)
      assert.equal("1", res.headers["X-RateLimit-Remaining-Day"])
    end)

    it("keeps the count where its plugin server is killed, and limits again once Kong has started another", function()
      assert.res_status(200, get("limited.test", "third-gold-key"))
      client:close()

      tollgate.kill_server()
      tollgate.await({ path = "/", headers = { host = "allow.test" } }, 200)

      client = helpers.proxy_client()
      for remaining = 1, 0, -1 do
        local res = get("limited.test", "third-gold-key")
        assert.res_status(200, res)
        assert.equal(tostring(remaining), res.headers["X-RateLimit-Remaining-Day"])
      end
      assert.res_status(429, get("limited.test", "third-gold-key"))
    end)

    it("is refused by the Admin API with a bad config, which it names", function()
      local errors = tollgate.refused_by_admin_api(PLUGIN, tier({ tps = 0 }))
      assert.equal("value should be between 1 and 1000000", errors.tiers[1].tps)
    end)

    it("does not limit a tier without limits", function()
      for _ = 1, 10 do
        local res = get("limited.test", "unlimited-key")
        assert.res_status(200, res)
        assert.is_nil(res.headers["RateLimit-Limit"])
      end
    end)

    it("lets requests pass without Redis where it may", function()
      for _ = 1, 10 do
        local res = get("allow.test")
        assert.res_status(200, res)
        assert.is_nil(res.headers["RateLimit-Limit"])
      end
    end)

    it("answers 503 without Redis where it must", function()
      local res = get("deny.test")
      assert.res_status(503, res)
      assert.equal("1", res.headers["Retry-After"])
    end)

    it("answers 500 and logs why where only the plugin can see that the config is wrong", function()
      assert.res_status(500, get("unsound.test"))
      assert.logfile().has.line("default_tier", true, 10)
    end)
  end)
end
