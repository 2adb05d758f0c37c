-- What the specs share: where the plugin server is, and how Kong and busted come to know the plugins.

local helpers = require "spec.helpers"
local plugin_servers = require "kong.runloop.plugin_servers"
local cjson = require "cjson"
local lfs = require "lfs"
local pl_file = require "pl.file"
local assert = require "luassert" -- with what Kong's helpers add to it


local PLUGINS = { "header-guard", "jwks-verify", "tiered-limit" }
local SERVER = os.getenv("PLUGINSERVER") or "/usr/local/bin/pluginserver"


local tollgate = {}


local function query_cmd(plugin)
  return SERVER .. " dump " .. plugin
end


-- Outside Kong's prefix, where the worker that starts the server may have no right to make a file.
local socket = os.tmpname()
os.remove(socket)


-- Blueprints validate what they insert in busted's own process.
helpers.test_conf.pluginservers = {}
for i, plugin in ipairs(PLUGINS) do
  helpers.test_conf.pluginservers[i] = { name = plugin, socket = socket, query_command = query_cmd(plugin) }
end


--- The settings with which start_kong runs plugins, all on one plugin server.
-- @param plugins the plugins' names, separated by commas
-- @param env (optional) further settings
function tollgate.settings(plugins, env)
  local settings = {
    nginx_conf = "spec/fixtures/custom_nginx.template",
    plugins = "bundled," .. plugins,
    pluginserver_names = plugins,
  }
  local start_cmd = SERVER .. " serve --plugins=" .. plugins .. " --socket=" .. socket .. " --status="
  for plugin in string.gmatch(plugins, "[^,]+") do
    local key = "pluginserver_" .. string.gsub(plugin, "-", "_")
    settings[key .. "_socket"] = socket
    settings[key .. "_query_cmd"] = query_cmd(plugin)
    settings[key .. "_start_cmd"] = start_cmd
    start_cmd = nil -- Kong starts the one server for the first of them
  end
  for k, v in pairs(env or {}) do
    settings[k] = v
  end
  return settings
end


--- Validates a plugin's config as Kong does when it is given one.
-- @return the config with its defaults, or nil and the errors of the config
function tollgate.validate(plugin, config, extra)
  local ok, schema = plugin_servers.load_schema(plugin)
  assert(ok, schema)
  local entity, err = helpers.validate_plugin_config_schema(config, { name = plugin, fields = schema.fields }, extra)
  if entity then
    return entity.config
  end
  return nil, err.config or err
end


-- The workers' process ids. GET / of the Admin API, where Kong's own helpers read them, is 500 on Kong 3.9 with a
-- plugin server that Kong starts.
local function worker_pids()
  local admin = helpers.admin_client()
  local status = cjson.decode(assert.res_status(200, admin:get("/status")))
  admin:close()
  local pids = {}
  for _, vm in ipairs(status.memory.workers_lua_vms) do
    pids[vm.pid] = true
  end
  return pids
end


--- Reloads Kong, and waits until its workers are others.
-- @param settings those that it was started with
function tollgate.reload(settings)
  local before = worker_pids()
  local command = "reload --prefix " .. helpers.test_conf.prefix .. " --nginx-conf " .. settings.nginx_conf
  assert(helpers.kong_exec(command, settings))
  helpers.wait_until(function()
    local ok, now = pcall(worker_pids)
    if not ok or not next(now) then
      return false
    end
    for pid in pairs(now) do
      if before[pid] then
        return false
      end
    end
    return true
  end, 30)
end


-- The process id of the plugin server that Kong has started, which a zombie's empty command line is not taken for.
local function server_pid()
  for entry in lfs.dir("/proc") do
    local args = tonumber(entry) and pl_file.read("/proc/" .. entry .. "/cmdline")
    if args and args:find(SERVER .. "\0serve\0", 1, true) == 1 and args:find("--socket=" .. socket, 1, true) then
      return tonumber(entry)
    end
  end
end


--- Kills the plugin server, and waits until Kong has started another.
function tollgate.kill_server()
  local victim = assert(server_pid(), "no plugin server runs")
  assert(os.execute("kill -KILL " .. victim))
  helpers.wait_until(function()
    local now = server_pid()
    return now and now ~= victim
  end, 30)
end


--- Gives a config to the Admin API, which must refuse it.
-- @return the errors of the config, by field
function tollgate.refused_by_admin_api(plugin, config)
  local admin = helpers.admin_client()
  local res = admin:post("/schemas/plugins/validate", {
    headers = { ["Content-Type"] = "application/json" },
    body = { name = plugin, config = config },
  })
  local answer = cjson.decode(assert.res_status(400, res))
  admin:close()
  assert.equal("schema violation", answer.name)
  return answer.fields.config
end


--- Waits until a request is answered, since Kong is up before the plugin server is.
function tollgate.await(request, status)
  helpers.wait_until(function()
    local client = helpers.proxy_client()
    local res = client:get(request.path, request)
    local got = res and res.status
    client:close()
    return got == status
  end, 10)
end


return tollgate
