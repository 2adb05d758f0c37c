variable "admin_url" {
  description = "Kong's Admin API."
  type        = string
}

variable "upstream" {
  description = "The API behind the gateway."
  type = object({
    protocol = string
    host     = string
    port     = number
  })
}

variable "ping" {
  description = "Ping: the iss of its tokens, where its keys are, and the aud that a token for this API has."
  type = object({
    issuer   = string
    jwks_uri = string
    audience = string
  })
}

variable "f5_peers" {
  description = "The F5's self and SNAT addresses, as addresses or CIDRs."
  type        = list(string)
}

variable "hosts" {
  description = "The hosts that clients may name."
  type        = list(string)
}

variable "redis_host" {
  description = "The Redis that keeps the counts. Its password is in the gateway's environment: REDIS_PASSWORD."
  type        = string
}

variable "redis_port" {
  type    = number
  default = 6379
}

# Of several tiers that a consumer is tagged with, the one that stands last holds.
variable "tiers" {
  description = "What consumers may use, from the least to the most."
  type = list(object({
    name        = string
    tps         = number
    daily_quota = number
  }))
  default = [
    { name = "free", tps = 20, daily_quota = 50000 },
    { name = "standard", tps = 60, daily_quota = 250000 },
    { name = "premium", tps = 100, daily_quota = 1000000 },
  ]
}

variable "consumers" {
  description = "The tier that each consumer pays for, by username: the client_id in its tokens."
  type        = map(string)
}

# Terraform keeps them in clear in its state.
variable "api_keys" {
  description = "API keys, by the username of a consumer. Who has none here comes with tokens alone."
  type        = map(string)
  default     = {}
  sensitive   = true
}
