# terraform plan -var-file=example.tfvars
#
# API keys come by TF_VAR_api_keys, or from a store of secrets, and not from a file.
admin_url = "http://127.0.0.1:8001"

upstream = {
  protocol = "https"
  host     = "api.internal"
  port     = 443
}

ping = {
  issuer   = "https://auth.pingone.eu/11111111-2222-3333-4444-555555555555/as"
  jwks_uri = "https://auth.pingone.eu/11111111-2222-3333-4444-555555555555/as/jwks"
  audience = "https://api.example.com"
}

f5_peers   = ["10.20.0.0/28"]
hosts      = ["api.example.com"]
redis_host = "redis.internal"

consumers = {
  free-app     = "free"
  standard-app = "standard"
  premium-app  = "premium"
}
