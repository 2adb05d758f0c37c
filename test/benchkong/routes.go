package main

import (
	"fmt"
	"maps"
	"net/http"
	"slices"
	"strings"
)

// members are those of a JSON object.
type members = map[string]any

// route is what is measured: a route of Kong's with plugins.
type route struct {
	name  string
	title string // in the table
	ours  bool   // else it is Kong's own, or none
	// against names the routes that this one is compared with.
	against []string
	plugins []members
	denied  bool // once the first few requests were let pass
}

// want is the status of the answers.
func (r route) want() int {
	if r.denied {
		return http.StatusTooManyRequests
	}
	return http.StatusOK
}

// The plugins of ./stock, which go-pdk names by the program's file, and of ./floor.
const (
	stockName = "stock-limit"
	floorName = "guard-floor"
)

// Of all these limits none is reached; where requests are to be denied, one is with the first.
const (
	perSecond = 10_000 // the highest rate that tiered-limit counts exactly
	perDay    = 1_000_000_000
)

// place is where the parts are that plugins speak to.
type place struct {
	redisHost, redisPassword string
	redisPort                int
	issuer, keys, audience   string
}

func routes(at place) []route {
	return []route{
		{name: "open", title: "no plugin"},
		{name: "key-auth", title: "key-auth", plugins: []members{keyAuth()}},
		{name: "rl-local", title: "key-auth + rate-limiting, local", plugins: []members{keyAuth(), rateLimiting(perSecond, members{"policy": "local"})}},
		{name: "rl-redis", title: "key-auth + rate-limiting, redis", plugins: []members{keyAuth(), rateLimiting(perSecond, at.onRedis())}},
		{name: "tl-stock", title: "key-auth + tiered-limit on go-pdk's server", plugins: []members{keyAuth(), at.stockLimit(false)}},
		{name: "tl-own", title: "key-auth + tiered-limit on go-pdk's server, our encoding", plugins: []members{keyAuth(), at.stockLimit(true)}},
		{name: "tl-kong", title: "key-auth + tiered-limit", ours: true, against: []string{"rl-redis", "tl-stock", "tl-own"}, plugins: []members{keyAuth(), at.tieredLimit("k", perDay, "kong")}},
		{name: "tl-ietf", title: "key-auth + tiered-limit, `headers: ietf`", ours: true, against: []string{"rl-redis"}, plugins: []members{keyAuth(), at.tieredLimit("i", perDay, "ietf")}},
		{name: "rl-denied", title: "key-auth + rate-limiting, redis, denied", denied: true, plugins: []members{keyAuth(), rateLimiting(1, at.onRedis())}},
		{name: "tl-denied", title: "key-auth + tiered-limit, denied", ours: true, against: []string{"rl-denied"}, denied: true, plugins: []members{keyAuth(), at.tieredLimit("d", 1, "kong")}},
		{name: "tl-unlogged", title: "key-auth + tiered-limit, denied, `log_decision: none`", ours: true, against: []string{"rl-denied"}, denied: true, plugins: []members{keyAuth(), at.unlogged()}},
		{name: "jwt", title: "jwt, RS256", plugins: []members{{"name": "jwt"}}},
		{name: "jwks", title: "jwks-verify, RS256", ours: true, against: []string{"jwt"}, plugins: []members{at.jwksVerify()}},
		{name: "guard-floor", title: "a handler that makes header-guard's call", plugins: []members{{"name": floorName}}},
		{name: "guard", title: "header-guard", ours: true, against: []string{"guard-floor"}, plugins: []members{headerGuard()}},
		{name: "jwt-rl", title: "jwt + rate-limiting, redis", plugins: []members{{"name": "jwt"}, rateLimiting(perSecond, at.onRedis())}},
		{name: "all", title: "header-guard + jwks-verify + tiered-limit", ours: true, against: []string{"jwt-rl"}, plugins: []members{headerGuard(), at.jwksVerify(), at.tieredLimit("a", perDay, "kong")}},
	}
}

// choose keeps the routes of those names, and those that they are compared with; all where none is named.
func choose(all []route, names string) ([]route, error) {
	if names == "" {
		return all, nil
	}
	wanted := map[string]bool{}
	for name := range strings.SplitSeq(names, ",") {
		i := slices.IndexFunc(all, func(r route) bool { return r.name == name })
		if i < 0 {
			return nil, fmt.Errorf("no route is called %q", name)
		}
		wanted[name] = true
		for _, against := range all[i].against {
			wanted[against] = true
		}
	}
	return slices.DeleteFunc(all, func(r route) bool { return !wanted[r.name] }), nil
}

func keyAuth() members { return members{"name": "key-auth"} }

// rateLimiting admits so many in a second: with 1, as good as none.
func rateLimiting(second int, policy members) members {
	config := members{"second": second, "day": perDay}
	maps.Copy(config, policy)
	return members{"name": "rate-limiting", "config": config}
}

func (at place) onRedis() members { return members{"policy": "redis", "redis": at.redisRecord()} }

// redisRecord is what both plugins' records have in common.
func (at place) redisRecord() members {
	return members{"host": at.redisHost, "port": at.redisPort, "password": at.redisPassword}
}

func (at place) tieredLimit(namespace string, day int, headers string) members {
	redis := at.redisRecord()
	redis["timeout"] = 1000 // a machine that is busy with the load is no reason to count without Redis
	return members{"name": "tiered-limit", "config": members{
		"tiers":        []members{{"name": "free", "tps": perSecond, "daily_quota": day}},
		"default_tier": "free", "namespace": namespace, "headers": headers, "redis": redis,
	}}
}

// unlogged has no member in the access log, as rate-limiting has none.
func (at place) unlogged() members {
	plugin := at.tieredLimit("u", 1, "kong")
	plugin["config"].(members)["log_decision"] = "none"
	return plugin
}

// stockLimit is the plugin of ./stock, which has the rest of its configuration built in.
func (at place) stockLimit(ownCalls bool) members {
	return members{"name": stockName, "config": members{
		"redis_host": at.redisHost, "redis_port": at.redisPort, "redis_password": at.redisPassword, "own_calls": ownCalls,
	}}
}

func (at place) jwksVerify() members {
	return members{"name": "jwks-verify", "config": members{
		"issuers": []members{{
			"issuer": at.issuer, "jwks_uri": at.keys, "audiences": []string{at.audience},
		}},
		"insecure_http":     true,
		"claims_to_headers": []members{{"claim": "scope", "header": "X-Scope"}, {"claim": "sub", "header": "X-Sub"}},
	}}
}

func headerGuard() members {
	return members{"name": "header-guard", "config": members{
		"presets": []string{"authorization"}, "rules": []members{{"header": "User-Agent", "max_length": 200}},
	}}
}
