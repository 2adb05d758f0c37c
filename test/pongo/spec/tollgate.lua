-- What the specs share: where the plugin server is, and how Kong and busted come to know the plugins.

local helpers = require "spec.helpers"
local plugin_servers = require "kong.runloop.plugin_servers"


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


--- The settings with which start_kong runs one plugin.
-- @param plugin the plugin's name
-- @param env (optional) further settings
function tollgate.settings(plugin, env)
  local key = "pluginserver_" .. string.gsub(plugin, "-", "_")
  local settings = {
    nginx_conf = "spec/fixtures/custom_nginx.template",
    plugins = "bundled," .. plugin,
    pluginserver_names = plugin,
    [key .. "_socket"] = socket,
    [key .. "_query_cmd"] = query_cmd(plugin),
    [key .. "_start_cmd"] = SERVER .. " serve --plugins=" .. plugin .. " --socket=" .. socket .. " --status=",
  }
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
