package tieredlimit

import (
	"slices"

	"tollgate/internal/schema"
)

// hostPattern refuses what is more than a host, and less.
const hostPattern = `^[^%s/]+$`

func redisRecord() schema.Record {
	return schema.Record{
		Fields: slices.Concat(singleFields(), sentinelFields(), clusterFields(), callFields(), tlsFields()),
		Checks: redisChecks(),
	}
}

// redisChecks let Kong refuse two modes at once, and what a mode lacks or cannot have.
func redisChecks() []schema.Check {
	modes := []string{"host", "socket", "sentinel_nodes", "cluster_nodes"}
	return []schema.Check{
		{AtLeastOneOf: modes},
		{MutuallyExclusive: modes},
		{MutuallyRequired: []string{"sentinel_master", "sentinel_nodes"}},
		{MutuallyRequired: []string{"ssl_cert", "ssl_cert_key"}},
		whenPresent("sentinel_role", "sentinel_nodes", schema.Rules{Required: true}),
		whenPresent("sentinel_username", "sentinel_password", schema.Rules{Required: true}),
		whenPresent("sentinel_password", "sentinel_nodes", schema.Rules{Required: true}),
		whenPresent("username", "password", schema.Rules{Required: true}),
		whenPresent("cluster_nodes", "database", schema.Rules{Eq: 0}),
		whenPresent("socket", "ssl", schema.Rules{Eq: false}),
		whenPresent("ssl_ca_cert", "ssl", schema.Rules{Eq: true}),
		whenPresent("ssl_ca_cert", "ssl_verify", schema.Rules{Eq: true}),
		whenPresent("ssl_cert", "ssl", schema.Rules{Eq: true}),
	}
}

// whenPresent binds a field to the presence of another.
func whenPresent(field, then string, rule schema.Rules) schema.Check {
	return schema.Check{Conditional: &schema.Conditional{
		IfField: field, IfMatch: schema.Rules{Required: true}, ThenField: then, ThenMatch: rule,
	}}
}

func portField(standard int, doc string) schema.Field {
	return schema.Field{Name: "port", Kind: schema.Integer, Default: standard,
		Rules: schema.Rules{Required: true, Between: schema.Between(1, 65535)}, Doc: doc}
}

func nodeList(name, hostName string, port int, doc string) schema.Field {
	return schema.Field{Name: name, Kind: schema.Array, Rules: schema.Rules{LenMin: 1}, Doc: doc,
		Elements: &schema.Field{Kind: schema.Object, Record: schema.Record{Fields: []schema.Field{
			{Name: hostName, Kind: schema.String, Rules: schema.Rules{Required: true, Match: hostPattern},
				Doc: "The host name or address of the node."},
			portField(port, "The TCP port of the node."),
		}}}}
}

// singleFields are of a Redis that is alone.
func singleFields() []schema.Field {
	return []schema.Field{
		{Name: "host", Kind: schema.String, Rules: schema.Rules{Match: hostPattern},
			Doc: "The host name or address of Redis. Exactly one of host, socket, sentinel_nodes and cluster_nodes says where Redis is."},
		portField(6379, "The TCP port of Redis at host."),
		{Name: "socket", Kind: schema.String, Rules: schema.Rules{Match: `^/`},
			Doc: "The path of the unix socket of a Redis on the gateway's machine."},
	}
}

func sentinelFields() []schema.Field {
	return []schema.Field{
		{Name: "sentinel_master", Kind: schema.String, Rules: schema.Rules{Match: `^[%w_.%-]+$`},
			Doc: "The name by which the sentinels know the master. Needed with sentinel_nodes."},
		{Name: "sentinel_role", Kind: schema.String, Rules: schema.Rules{OneOf: []string{"master"}},
			Doc: "Taken as in Kong's own records. Counts are written, which only a master does: absent is the same."},
		nodeList("sentinel_nodes", "host", 26379,
			"The sentinels that watch over Redis. The master that most of them name is used."),
		{Name: "sentinel_username", Kind: schema.String, Referenceable: true,
			Doc: "The ACL user at the sentinels. Absent means their default user."},
		{Name: "sentinel_password", Kind: schema.String, Referenceable: true, Encrypted: true,
			Doc: "The password at the sentinels. Absent means none."},
	}
}

func clusterFields() []schema.Field {
	return []schema.Field{
		nodeList("cluster_nodes", "ip", 6379,
			"Some nodes of a Redis Cluster, which tell of the others. ip may be a host name."),
		{Name: "cluster_max_redirections", Kind: schema.Integer, Default: 5, Rules: schema.Rules{Required: true, Between: schema.Between(1, 16)},
			Doc: "How often a call follows a redirection to another node of the cluster."},
	}
}

// callFields say how Redis is spoken to, wherever it is.
func callFields() []schema.Field {
	return []schema.Field{
		{Name: "timeout", Kind: schema.Integer, Default: 50, Rules: schema.Rules{Required: true, Between: schema.Between(1, 10_000)},
			Doc: "The most that a request waits on Redis, in milliseconds: connecting, sending and the answer together."},
		{Name: "username", Kind: schema.String, Referenceable: true,
			Doc: "The ACL user. Absent means the default user. Needs password."},
		{Name: "password", Kind: schema.String, Referenceable: true, Encrypted: true,
			Doc: "The user's password. Absent means none."},
		{Name: "database", Kind: schema.Integer, Default: 0, Rules: schema.Rules{Required: true, Between: schema.Between(0, 65535)},
			Doc: "The number of the database. A cluster has only 0."},
	}
}

func tlsFields() []schema.Field {
	return []schema.Field{
		{Name: "ssl", Kind: schema.Boolean, Default: false, Rules: schema.Rules{Required: true},
			Doc: "Whether to connect with TLS, 1.2 or later, to Redis and to sentinels. Not on a socket."},
		{Name: "ssl_verify", Kind: schema.Boolean, Default: true, Rules: schema.Rules{Required: true},
			Doc: "Whether to check the server's certificate. Means nothing without ssl."},
		{Name: "server_name", Kind: schema.String,
			Doc: "The name that the certificates of Redis and of sentinels must bear, also sent as SNI. Absent means the host or address that is connected to."},
		{Name: "ssl_ca_cert", Kind: schema.String, Referenceable: true,
			Doc: "The certificates of the authorities that sign the server's certificate, in PEM. Absent means the system's. Needs ssl and ssl_verify."},
		{Name: "ssl_cert", Kind: schema.String, Referenceable: true,
			Doc: "The client's certificate for a Redis that demands one, with its chain, in PEM. Needs ssl and ssl_cert_key."},
		{Name: "ssl_cert_key", Kind: schema.String, Referenceable: true, Encrypted: true,
			Doc: "The key of ssl_cert, in PEM, without a passphrase."},
	}
}
