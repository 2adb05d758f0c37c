local helpers = require "spec.helpers"
local tollgate = require "spec.tollgate"
local cjson = require "cjson"
local pkey = require "resty.openssl.pkey"
local jwt = require "kong.plugins.jwt.jwt_parser"


local PLUGIN = "jwks-verify"
local ISSUER = "https://issuer.test/as"
local AUDIENCE = "https://api.test"
local KEYS_PORT = 10901
local UNREACHABLE = "http://127.0.0.1:1/jwks"


local function issuer(jwks_uri)
  return { issuer = ISSUER, jwks_uri = jwks_uri, audiences = { AUDIENCE } }
end


describe(PLUGIN .. ": schema", function()
  it("takes the smallest config and fills the defaults in", function()
    local config = assert(tollgate.validate(PLUGIN, { issuers = { issuer("https://issuer.test/jwks") } }))
    assert.same({ "RS256", "PS256", "ES256" }, config.issuers[1].algorithms)
    assert.equal(10, config.leeway_seconds)
    assert.is_false(config.insecure_http)
  end)

  it("needs an issuer", function()
    local config, err = tollgate.validate(PLUGIN, { issuers = {} })
    assert.is_nil(config)
    assert.equal("length must be at least 1", err.issuers)
  end)

  it("needs an audience", function()
    local config, err = tollgate.validate(PLUGIN, {
      issuers = { { issuer = ISSUER, jwks_uri = "https://issuer.test/jwks" } },
    })
    assert.is_nil(config)
    assert.equal("required field missing", err.issuers[1].audiences)
  end)

  it("refuses symmetric algorithms and none", function()
    for _, algorithm in ipairs { "HS256", "none" } do
      local with = issuer("https://issuer.test/jwks")
      with.algorithms = { algorithm }
      local config, err = tollgate.validate(PLUGIN, { issuers = { with } })
      assert.is_nil(config)
      assert.matches("expected one of: RS256", err.issuers[1].algorithms[1], nil, true)
    end
  end)
end)


for _, strategy in helpers.all_strategies() do
  describe(PLUGIN .. ": access [#" .. strategy .. "]", function()
    local client, key
    local username = "client-with-a-consumer"
    local limited = "client-with-a-limit-of-its-own"

    -- token signs claims, changed as given.
    local function token(changes, with)
      local claims = { iss = ISSUER, aud = AUDIENCE, exp = ngx.time() + 300, sub = "someone", client_id = username }
      for name, value in pairs(changes or {}) do
        claims[name] = value
      end
      local pem = (with or key):tostring("private", "PEM")
      return jwt.encode(claims, pem, "RS256", { typ = "JWT", alg = "RS256", kid = "k1" })
    end

    local function get(host, bearer, headers)
      headers = headers or {}
      headers.host = host
      headers.authorization = bearer and "Bearer " .. bearer
      return client:get("/", { headers = headers })
    end

    local function refused(res)
      local problem = cjson.decode(assert.res_status(401, res))
      assert.equal("application/problem+json", res.headers["Content-Type"])
      assert.matches('^Bearer realm="kong", error="invalid_token"', res.headers["WWW-Authenticate"])
      return problem
    end

    lazy_setup(function()
      key = assert(pkey.new({ type = "RSA", bits = 2048 }))
      local public = cjson.decode(key:tostring("public", "JWK"))
      local set = cjson.encode({ keys = { { kty = "RSA", use = "sig", kid = "k1", n = public.n, e = public.e } } })

      local fixtures = { http_mock = { keys = string.format([[
        server {
          listen %d;
          location = /jwks {
            content_by_lua_block {
              ngx.header["Content-Type"] = "application/json"
              ngx.say('%s')
            }
          }
        }
      ]], KEYS_PORT, set) } }

      local bp = helpers.get_db_utils(strategy, { "routes", "services", "plugins", "consumers", "acls" },
        { PLUGIN, "tiered-limit" })
      local consumer = bp.consumers:insert({ username = username, tags = { "tier:gold" } })
      bp.acls:insert { consumer = { id = consumer.id }, group = "owners" }

      local function protect(host, jwks_uri, required, groups)
        local route = bp.routes:insert({ hosts = { host } })
        bp.plugins:insert {
          name = PLUGIN,
          route = { id = route.id },
          config = {
            issuers = { issuer(jwks_uri) },
            insecure_http = true,
            consumer_required = required,
            groups_claim = groups,
          },
        }
        return { id = route.id }
      end
      local keys = "http://127.0.0.1:" .. KEYS_PORT .. "/jwks"
      protect("open.test", keys, false)
      protect("registered.test", keys, true)
      protect("down.test", UNREACHABLE, false)
      local redis = { host = helpers.redis_host, port = helpers.redis_port, timeout = 1000 }
      bp.plugins:insert {
        name = "tiered-limit",
        route = protect("limited.test", keys, true),
        config = {
          tiers = { { name = "free", tps = 1 }, { name = "gold", tps = 40 } },
          default_tier = "free",
          redis = redis,
        },
      }
      consumer = bp.consumers:insert({ username = limited, tags = { "tier:gold" } })
      bp.plugins:insert {
        name = "tiered-limit",
        consumer = { id = consumer.id },
        config = { tiers = { { name = "own", tps = 77, daily_quota = 2 } }, default_tier = "own", redis = redis },
      }
      bp.plugins:insert {
        name = "acl",
        route = protect("groups.test", keys, false, "groups"),
        config = { allow = { "editors", "owners" }, always_use_authenticated_groups = true },
      }

      local settings = tollgate.settings(PLUGIN .. ",tiered-limit", { database = strategy })
      assert(helpers.start_kong(settings, nil, nil, fixtures))
      tollgate.await({ path = "/", headers = { host = "open.test" } }, 401)
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

    it("asks for a token where none came, without an error code", function()
      local res = get("open.test")
      assert.res_status(401, res)
      assert.equal('Bearer realm="kong"', res.headers["WWW-Authenticate"])
    end)

    it("passes a good token on as its consumer", function()
      local res = get("open.test", token())
      assert.res_status(200, res)
      assert.equal(username, assert.request(res).has.header("x-consumer-username"))
      assert.equal(username, assert.request(res).has.header("x-credential-identifier"))
      assert.request(res).has.header("x-consumer-id")
    end)

    it("gives the token's consumer its tier", function()
      local res = get("limited.test", token())
      assert.res_status(200, res)
      assert.equal("40", res.headers["X-RateLimit-Limit-Second"])
    end)

    it("lets Kong choose the tiered-limit of the token's consumer before the route's", function()
      for remaining = 1, 0, -1 do
        local res = get("limited.test", token({ client_id = limited }))
        assert.res_status(200, res)
        assert.equal("77", res.headers["X-RateLimit-Limit-Second"])
        assert.equal(tostring(remaining), res.headers["X-RateLimit-Remaining-Day"])
      end
      assert.res_status(429, get("limited.test", token({ client_id = limited })))
    end)

    it("has Kong's acl go by the groups of the token alone", function()
      assert.res_status(200, get("groups.test", token({ groups = { "readers", "editors" } })))
      assert.res_status(200, get("groups.test", token({ groups = "editors" })))
      assert.res_status(200, get("groups.test", token({ client_id = "unknown", groups = { "editors" } })))

      assert.res_status(403, get("groups.test", token({ groups = { "readers" } })))
      assert.res_status(403, get("groups.test", token({ groups = cjson.empty_array })))
      assert.res_status(403, get("groups.test", token())) -- an owner by Kong's own records, which do not count
      assert.res_status(403, get("groups.test", token(), { ["X-Authenticated-Groups"] = "editors" }))
      assert.res_status(401, get("groups.test"))
    end)

    it("is refused by the Admin API with a bad config, which it names", function()
      local errors = tollgate.refused_by_admin_api(PLUGIN, { issuers = {} })
      assert.equal("length must be at least 1", errors.issuers)
    end)

    it("removes a client's own claims to be someone, in every spelling", function()
      local res = get("open.test", token({ client_id = "unknown" }), {
        ["X-Consumer-Username"] = "forged",
        ["X_Consumer_Username"] = "forged",
        ["X-Consumer_Id"] = "forged",
      })
      assert.not_matches("forged", assert.res_status(200, res), nil, true)
    end)

    it("refuses an expired token", function()
      assert.equal("The access token expired.", refused(get("open.test", token({ exp = ngx.time() - 60 }))).detail)
    end)

    it("refuses another audience, another issuer and another key", function()
      refused(get("open.test", token({ aud = "https://other.test" })))
      refused(get("open.test", token({ iss = "https://other.test" })))
      refused(get("open.test", token(nil, assert(pkey.new({ type = "RSA", bits = 2048 })))))
    end)

    it("refuses a token without a signature", function()
      local encode = require("ngx.base64").encode_base64url
      local header = encode(cjson.encode({ alg = "none", kid = "k1", typ = "JWT" }))
      local claims = encode(cjson.encode({ iss = ISSUER, aud = AUDIENCE, exp = ngx.time() + 300 }))
      refused(get("open.test", header .. "." .. claims .. "."))
    end)

    it("refuses two tokens", function()
      local res = client:get("/", { headers = { host = "open.test", authorization = "Bearer a, Bearer b" } })
      assert.res_status(400, res)
      assert.matches('error="invalid_request"', res.headers["WWW-Authenticate"], nil, true)
    end)

    it("answers 403 where a consumer is required and none is found", function()
      assert.res_status(200, get("registered.test", token()))
      assert.res_status(403, get("registered.test", token({ client_id = "unknown" })))
    end)

    it("answers 503 while the issuer's keys cannot be had", function()
      local res = get("down.test", token())
      assert.res_status(503, res)
      assert.equal("5", res.headers["Retry-After"])
    end)
  end)
end
