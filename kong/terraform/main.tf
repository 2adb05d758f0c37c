resource "kong_service" "api" {
  name     = "api"
  protocol = var.upstream.protocol
  host     = var.upstream.host
  port     = var.upstream.port
}

# On the service, so that a consumer has one limit on both ways in.
resource "kong_plugin" "tiered_limit" {
  name        = "tiered-limit"
  service_id  = kong_service.api.id
  config_json = jsonencode(local.tiered_limit)
}

# Clients with tokens of Ping.
resource "kong_route" "ping" {
  name       = "ping"
  protocols  = ["http", "https"]
  paths      = ["/ping-api"]
  service_id = kong_service.api.id
}

resource "kong_plugin" "header_guard" {
  name        = "header-guard"
  route_id    = kong_route.ping.id
  config_json = jsonencode(local.header_guard)
}

resource "kong_plugin" "jwks_verify" {
  name        = "jwks-verify"
  route_id    = kong_route.ping.id
  config_json = jsonencode(local.jwks_verify)
}

# Clients with API keys.
resource "kong_route" "keys" {
  name       = "keys"
  protocols  = ["http", "https"]
  paths      = ["/keys"]
  service_id = kong_service.api.id
}

resource "kong_plugin" "apikey_came" {
  name        = "header-guard"
  route_id    = kong_route.keys.id
  config_json = jsonencode(local.apikey_came)
}

resource "kong_plugin" "key_auth" {
  name        = "key-auth"
  route_id    = kong_route.keys.id
  config_json = jsonencode(local.key_auth)
}

resource "kong_consumer" "app" {
  for_each = var.consumers

  username = each.key
  tags     = ["tier:${each.value}"]

  lifecycle {
    precondition {
      condition     = contains(var.tiers[*].name, each.value)
      error_message = "The consumer ${each.key} has a tier that is none: ${each.value}."
    }
  }
}

resource "kong_consumer_key_auth" "app" {
  for_each = nonsensitive(toset(keys(var.api_keys)))

  consumer_id = kong_consumer.app[each.key].id
  key         = var.api_keys[each.key]
}
