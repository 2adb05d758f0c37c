# What config_json holds is what a plugin's README lists. The provider hands it to Kong as it is, and Kong
# refuses at apply what the plugin's schema does not know.
locals {
  # Without this, a stripped apikey and a client that never sent one get the same 401.
  apikey_came = {
    mode          = "enforce"
    trusted_peers = var.f5_peers
    rules = [
      {
        name   = "apikey"
        header = "apikey"
        status = 400
      },
    ]
  }

  # Which header was lost on the way from the F5, instead of a 401 that could mean anything.
  header_guard = {
    mode            = "audit" # reports, refuses nothing: begin here, and enforce when the log is quiet
    presets         = ["forwarded", "host"]
    hosts           = var.hosts
    max_hops        = 3
    trusted_peers   = var.f5_peers
    fingerprint_key = "{vault://env/fingerprint-key}" # FINGERPRINT_KEY of the gateways; without it no fingerprints
    rules = [
      {
        name   = "tenant"
        header = "X-Tenant-Id"
        match  = "^[a-z0-9-]{1,36}$"
        mode   = "enforce"
      },
    ]
  }

  jwks_verify = {
    issuers = [
      {
        issuer     = var.ping.issuer
        jwks_uri   = var.ping.jwks_uri
        audiences  = [var.ping.audience]
        algorithms = ["RS256"]
      },
    ]
    leeway_seconds    = 5
    consumer_claims   = ["client_id"]
    consumer_required = true
    hide_credentials  = true
  }

  key_auth = {
    key_names        = ["apikey"]
    key_in_query     = false
    hide_credentials = true
  }

  tiered_limit = {
    tiers          = var.tiers
    default_tier   = var.tiers[0].name
    on_redis_error = "local"
    redis = {
      host     = var.redis_host
      port     = var.redis_port
      password = "{vault://env/redis-password}"
      timeout  = 50
    }
  }
}
