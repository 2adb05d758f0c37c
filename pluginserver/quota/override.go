package quota

import (
	"errors"
	"fmt"
	"maps"
	"net"
	"os"
	"strconv"
	"strings"
)

// whereMembers of a redis record say where Redis is; what replaces one of them replaces all.
var whereMembers = [...]string{
	"host", "socket", "sentinel_master", "sentinel_role", "sentinel_nodes", "sentinel_username", "sentinel_password", "cluster_nodes",
}

// says tells whether members of a record say where Redis is.
func says(redis map[string]any) bool {
	return redis["host"] != nil || redis["socket"] != nil || redis["sentinel_nodes"] != nil || redis["cluster_nodes"] != nil
}

// override replaces members of a record.
func override(record, redis map[string]any) {
	if redis["host"] != nil && record["server_name"] == nil && record["host"] != nil {
		record["server_name"] = record["host"] // Redis has the same certificate at another address
	}
	if says(redis) {
		for _, member := range whereMembers {
			delete(record, member)
		}
	}
	maps.Copy(record, redis)
	if record["sentinel_nodes"] == nil {
		delete(record, "sentinel_password") // the environment has it for the instances with sentinels
	}
}

// overrides are the members that replace those of every redis record.
func (o *Options) overrides(env Env) (map[string]any, error) {
	redis := maps.Clone(o.Redis)
	if redis == nil {
		redis = map[string]any{}
	}
	for member, variable := range map[string]string{"password": passwordVariable, "sentinel_password": sentinelPasswordVariable} {
		if password, _ := env.Lookup(variable); password != "" {
			redis[member] = password
		}
	}
	var errs []error
	for member, path := range o.Files {
		text, err := os.ReadFile(path)
		if err != nil {
			errs = append(errs, fmt.Errorf("reading the %s of redis: %w", strings.ReplaceAll(member, "_", " "), err))
		}
		redis[member] = strings.TrimRight(string(text), "\r\n")
	}
	return redis, errors.Join(errs...)
}

// ParseNodes reads addresses of sentinels or of a cluster's nodes, as a redis record has them: member is what
// it calls their hosts, and standard the port of those without one.
func ParseNodes(text, member string, standard int) ([]any, error) {
	var nodes []any
	for address := range strings.SplitSeq(text, ",") {
		host, port := address, standard
		if h, p, err := net.SplitHostPort(address); err == nil {
			n, err := strconv.Atoi(p)
			if err != nil {
				return nil, fmt.Errorf("must be addresses like redis-1:%d,redis-2, got %q", standard, address)
			}
			host, port = h, n
		}
		nodes = append(nodes, map[string]any{member: strings.Trim(host, "[]"), "port": port})
	}
	return nodes, nil
}
