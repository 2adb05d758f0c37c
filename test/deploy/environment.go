package deploy

// Environment is what kong/kong.yml asks of the environment, with values as in production.
func Environment() map[string]string {
	return map[string]string{
		"DECK_UPSTREAM_URL": "https://api.internal", "DECK_ISSUER": "https://ping.example.com/as",
		"DECK_JWKS_URI": "https://ping.example.com/as/jwks", "DECK_AUDIENCE": "https://api.example.com",
		"DECK_INSECURE_HTTP": "false", "DECK_REDIS_HOST": "redis.internal", "DECK_REDIS_PORT": "6379",
		"DECK_REDIS_PASSWORD": "{vault://env/redis-password}", "DECK_REDIS_TIMEOUT": "50",
		"DECK_KEY_FREE": "key-of-free", "DECK_KEY_STANDARD": "key-of-standard", "DECK_KEY_PREMIUM": "key-of-premium", "DECK_KEY_TRIAL": "key-of-trial",
	}
}
