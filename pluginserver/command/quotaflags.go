package command

import (
	"fmt"
	"strconv"
	"strings"

	"github.com/spf13/pflag"

	"tollgate/pluginserver/quota"
)

func addQuotaFlags(flags *pflag.FlagSet, o *quota.Options) {
	flags.StringSliceVar(&o.Configs, "config", nil, "file of the declarative configuration, YAML or JSON; - is the standard input; may be given more than once")
	flags.StringVar(&o.ConsumerID, "consumer-id", "", "the consumer's id in Kong, where the configuration does not say it; not for credential: and ip:")
	flags.StringVar(&o.AdminURL, "admin-url", "", "Kong's Admin API, such as http://127.0.0.1:8001, to ask for ids and tags")
	flags.StringVar(&o.Instance, "instance", "", "with --config: only the plugin instance with this instance_name or id, or this text in the column INSTANCE")
	flags.StringVar(&o.Service, "service", "", "with --config: only what is counted on this service, by name or id")
	flags.StringVar(&o.Route, "route", "", "with --config: only what is counted on this route, by name or id")
	flags.StringVar(&o.Tier, "tier", "", "the tier, whatever the consumer's tags name; without --config only what it is called")
	flags.BoolVar(&o.JSON, "json", false, "print JSON")
	flags.DurationVar(&o.Timeout, "timeout", o.Timeout, "how long each call to Redis, and each to the Admin API, may take; at least 1ms")
	flags.StringVar(&o.Flat.Namespace, "namespace", "", "without --config: the plugin's namespace; the default is the plugin's")
	flags.StringVar(&o.Flat.Scope, "scope", "", "without --config: the plugin's scope, consumer, service or route; the default is consumer")
	flags.StringVar(&o.Flat.ScopeID, "scope-id", "", "without --config: the id of that service or route")
	flags.StringVar(&o.Flat.Timezone, "timezone", "", "without --config: the tier's quota_timezone; the default is UTC")
	flags.Int64Var(&o.Flat.Quota, "quota", 0, "without --config: the tier's daily_quota; needed unless --tps is given")
	flags.Int64Var(&o.Flat.TPS, "tps", 0, "without --config: the tier's tps, to show the rate; --quota may be absent then")
	flags.Int64Var(&o.Flat.Burst, "burst", 0, "without --config: the tier's burst")
	addRedisFlags(flags, o)
}

// addRedisFlags make up the redis record without a configuration, and replace its members with one: Redis may
// have another address from here.
func addRedisFlags(flags *pflag.FlagSet, o *quota.Options) {
	add := func(define func(name, usage string, set func(string) error), member string, parse func(string) (any, error), usage string) {
		define("redis-"+strings.ReplaceAll(member, "_", "-"), usage, func(text string) error {
			value, err := parse(text)
			if err == nil && value != nil {
				o.Redis[member] = value
			}
			return err
		})
	}
	add(flags.Func, "host", asText, "host of Redis")
	add(flags.Func, "port", asNumber, "port of Redis")
	add(flags.Func, "database", asNumber, "number of the database")
	add(flags.Func, "username", asText, "ACL user of Redis")
	add(flags.BoolFunc, "ssl", asTruth, "connect with TLS")
	add(flags.BoolFunc, "ssl_verify", asTruth, "check the server's certificate")
	add(flags.Func, "server_name", asText, "the name that the certificate must bear; the default is that of the configuration")
	add(flags.Func, "socket", asText, "path of the unix socket of Redis")
	add(flags.Func, "sentinel_master", asText, "what the sentinels call the master")
	add(flags.Func, "sentinel_nodes", nodesAs("host", 26379), "sentinels, like sentinel-1,sentinel-2:26379; their password is in TOLLGATE_REDIS_SENTINEL_PASSWORD")
	add(flags.Func, "sentinel_username", asText, "ACL user of the sentinels")
	add(flags.Func, "cluster_nodes", nodesAs("ip", 6379), "nodes of a cluster, like redis-1,redis-2:6379")
	addFileFlags(flags, o)
}

// addFileFlags are for members that are secret, or long.
func addFileFlags(flags *pflag.FlagSet, o *quota.Options) {
	for _, file := range []struct{ flag, member, usage string }{
		{"redis-password-file", "password", "file with the password of Redis; else TOLLGATE_REDIS_PASSWORD"},
		{"redis-ssl-ca-cert-file", "ssl_ca_cert", "file with the authorities of the server's certificate, in PEM"},
		{"redis-ssl-cert-file", "ssl_cert", "file with the client's certificate, in PEM"},
		{"redis-ssl-cert-key-file", "ssl_cert_key", "file with the client's key, in PEM"},
	} {
		flags.Func(file.flag, file.usage, func(path string) error {
			if path != "" {
				o.Files[file.member] = path
			}
			return nil
		})
	}
}

func nodesAs(member string, port int) func(string) (any, error) {
	return func(text string) (any, error) { return quota.ParseNodes(text, member, port) }
}

func asText(text string) (any, error) { return text, nil }

// asNumber gives nil for an URL: Kubernetes sets TOLLGATE_REDIS_PORT to one where a service is called
// tollgate-redis.
func asNumber(text string) (any, error) {
	if strings.HasPrefix(text, "tcp://") {
		return nil, nil
	}
	n, err := strconv.Atoi(text)
	if err != nil {
		return nil, fmt.Errorf("must be a number, got %q", text)
	}
	return n, nil
}

func asTruth(text string) (any, error) {
	b, err := strconv.ParseBool(text)
	if err != nil {
		return nil, fmt.Errorf("must be true or false, got %q", text)
	}
	return b, nil
}
