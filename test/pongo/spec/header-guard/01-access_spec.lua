local helpers = require "spec.helpers"
local tollgate = require "spec.tollgate"
local cjson = require "cjson"
local pl_file = require "pl.file"


local PLUGIN = "header-guard"


describe(PLUGIN .. ": schema", function()
  it("takes the smallest config and fills the defaults in", function()
    local config = assert(tollgate.validate(PLUGIN, { rules = { { header = "X-Tenant" } } }))
    assert.equal("enforce", config.mode)
    assert.equal(400, config.rules[1].status)
  end)

  it("needs a rule or a group", function()
    local config, err = tollgate.validate(PLUGIN, { mode = "audit" })
    assert.is_nil(config)
    assert.matches("at least one of these fields must be non-empty: 'rules', 'any_of', 'presets', 'hosts'",
      err["@entity"][1], nil, true)
  end)

  it("refuses a mode that does not exist", function()
    local config, err = tollgate.validate(PLUGIN, { mode = "warn", rules = { { header = "X-Tenant" } } })
    assert.is_nil(config)
    assert.equal("expected one of: enforce, audit", err.mode)
  end)

  it("refuses a header name that nginx would drop", function()
    local config, err = tollgate.validate(PLUGIN, { rules = { { header = "X Tenant" } } })
    assert.is_nil(config)
    assert.is_string(err.rules[1].header)
  end)

  it("refuses a status that is no error", function()
    local config, err = tollgate.validate(PLUGIN, { rules = { { header = "X-Tenant", status = 200 } } })
    assert.is_nil(config)
    assert.equal("value should be between 400 and 599", err.rules[1].status)
  end)

  it("refuses a consumer, who is not known yet when the plugin runs", function()
    local config, err = tollgate.validate(PLUGIN, { rules = { { header = "X-Tenant" } } },
      { consumer = { id = "8a388226-80e8-4027-a486-25e4f7db5d21" } })
    assert.is_nil(config)
    assert.equal("value must be null", err.consumer)
  end)
end)


for _, strategy in helpers.all_strategies() do
  describe(PLUGIN .. ": access [#" .. strategy .. "]", function()
    local client
    local access_log = os.tmpname()

    lazy_setup(function()
      local bp = helpers.get_db_utils(strategy, { "routes", "services", "plugins" }, { PLUGIN })

      local enforce = bp.routes:insert({ hosts = { "enforce.test" } })
      bp.plugins:insert {
        name = PLUGIN,
        route = { id = enforce.id },
        config = {
          rules = { { header = "X-Tenant", match = "^[a-z]+$", status = 422 } },
          any_of = { { headers = { "Authorization", "apikey" }, status = 401 } },
        },
      }
      bp.plugins:insert { name = "key-auth", route = { id = enforce.id } }

      local audit = bp.routes:insert({ hosts = { "audit.test" } })
      bp.plugins:insert {
        name = PLUGIN,
        route = { id = audit.id },
        config = { mode = "audit", audit_sample = 1, rules = { { header = "X-Tenant" } } },
      }
      local mixed = bp.routes:insert({ hosts = { "mixed.test" } })
      bp.plugins:insert {
        name = PLUGIN,
        route = { id = mixed.id },
        config = {
          mode = "audit",
          rules = { { header = "X-Tenant" }, { header = "X-Region", mode = "enforce", status = 403 } },
        },
      }

      bp.plugins:insert {
        name = "file-log",
        route = { id = audit.id },
        config = { path = access_log, reopen = true },
      }
      os.remove(access_log) -- the worker makes its own, whoever it runs as

      assert(helpers.start_kong(tollgate.settings(PLUGIN, { database = strategy })))
      tollgate.await({ path = "/", headers = { host = "audit.test" } }, 200)
    end)

    lazy_teardown(function()
      helpers.stop_kong()
      os.remove(access_log)
    end)

    before_each(function()
      client = helpers.proxy_client()
    end)

    after_each(function()
      client:close()
    end)

    it("refuses before key-auth does, and says which headers lack", function()
      local res = client:get("/", { headers = { host = "enforce.test" } })
      local problem = cjson.decode(assert.res_status(422, res))
      assert.equal("application/problem+json", res.headers["Content-Type"])
      assert.equal(res.headers["X-Kong-Request-Id"], problem.request_id)
      assert.same({
        { rule = "rules[1]", header = "x-tenant", reason = "missing", place = "unknown" },
        { rule = "any_of[1]", header = "authorization", reason = "missing", place = "unknown" },
        { rule = "any_of[1]", header = "apikey", reason = "missing", place = "unknown" },
      }, problem.violations)
    end)

    it("challenges where the status is 401", function()
      local res = client:get("/", { headers = { host = "enforce.test", ["X-Tenant"] = "acme" } })
      assert.res_status(401, res)
      assert.equal('Bearer realm="tollgate"', res.headers["WWW-Authenticate"])
    end)

    it("takes a blank header for a fault", function()
      local res = client:get("/", { headers = { host = "enforce.test", ["X-Tenant"] = "", apikey = "k" } })
      local problem = cjson.decode(assert.res_status(422, res))
      assert.equal("blank", problem.violations[1].reason)
    end)

    it("does not take X_Tenant for X-Tenant", function()
      local res = client:get("/", { headers = { host = "enforce.test", ["X_Tenant"] = "acme", apikey = "k" } })
      local problem = cjson.decode(assert.res_status(422, res))
      assert.equal("alias", problem.violations[1].reason)
    end)

    it("names a value's fault, never the value", function()
      local res = client:get("/", { headers = { host = "enforce.test", ["X-Tenant"] = "SECRET", apikey = "k" } })
      local body = assert.res_status(422, res)
      assert.equal("pattern", cjson.decode(body).violations[1].reason)
      assert.not_matches("SECRET", body, nil, true)
    end)

    it("leaves a complete request to key-auth", function()
      local res = client:get("/", { headers = { host = "enforce.test", ["X-Tenant"] = "acme", apikey = "wrong" } })
      local body = assert.res_status(401, res)
      assert.equal("Unauthorized", cjson.decode(body).message)
    end)

    it("enforces a rule of its own mode among rules that only report", function()
      assert.res_status(200, client:get("/", { headers = { host = "mixed.test", ["X-Region"] = "eu" } }))
      local res = client:get("/", { headers = { host = "mixed.test", ["X-Tenant"] = "acme" } })
      local problem = cjson.decode(assert.res_status(403, res))
      assert.same({
        { rule = "rules[2]", header = "x-region", reason = "missing", place = "unknown" },
      }, problem.violations)
    end)

    it("is refused by the Admin API with a bad config, which it names", function()
      local errors = tollgate.refused_by_admin_api(PLUGIN, { rules = { { header = "X Tenant" } } })
      assert.is_string(errors.rules[1].header)
    end)

    it("only reports in mode audit", function()
      local res = client:get("/", { headers = { host = "audit.test" } })
      assert.res_status(200, res)
      assert.request(res).has_not.header("x-tenant")
      assert.logfile().has.line('"plugin":"header-guard","decision":"audited"', true, 10)

      local id = res.headers["X-Kong-Request-Id"]
      local entry
      helpers.wait_until(function()
        for line in (pl_file.read(access_log) or ""):gmatch("[^\n]+") do
          local decoded = cjson.decode(line)
          if decoded.request.id == id then
            entry = decoded
            return true
          end
        end
      end, 10)
      assert.same({
        decision = "audited", status = 400,
        violations = {
          { rule = "rules[1]", header = "x-tenant", reason = "missing", place = "unknown", mode = "audit" },
        },
      }, entry.tollgate.header_guard)
    end)
  end)
end
