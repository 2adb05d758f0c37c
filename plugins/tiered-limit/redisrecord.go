package tieredlimit

import (
	"net"
	"slices"
	"strconv"
	"strings"
	"time"
)

// Redis says where and how to reach Redis: by exactly one of Host, Socket, SentinelNodes and ClusterNodes.
// Names are those of Kong's own redis record where that has such a field, of its Enterprise edition for
// Sentinel and Cluster.
type Redis struct {
	// Host is the name or the address of a single Redis.
	Host string `json:"host"`
	// Port is its TCP port; default 6379.
	Port int `json:"port"`
	// Socket is the path of its unix socket.
	Socket string `json:"socket"`

	// SentinelMaster is what the sentinels call the master.
	SentinelMaster string `json:"sentinel_master"`
	// SentinelRole is "master", or absent, which is the same.
	SentinelRole string `json:"sentinel_role"`
	// SentinelNodes are the sentinels that know the master.
	SentinelNodes []SentinelNode `json:"sentinel_nodes"`
	// SentinelUsername and SentinelPassword are for the sentinels; absent means none.
	SentinelUsername string `json:"sentinel_username"`
	SentinelPassword string `json:"sentinel_password"`

	// ClusterNodes are nodes of a cluster, which tell of the others.
	ClusterNodes []ClusterNode `json:"cluster_nodes"`
	// ClusterMaxRedirections is how often a call follows a cluster's redirections, 1 to 16; default 5.
	ClusterMaxRedirections int `json:"cluster_max_redirections"`

	// Timeout is the most that a request waits on Redis, in milliseconds, 1 to 10,000; default 50.
	Timeout int `json:"timeout"`
	// Username is the ACL user; absent means Redis' default user.
	Username string `json:"username"`
	// Password is the user's password; absent means none.
	Password string `json:"password"`
	// Database is the number of the database; default 0, the only one of a cluster.
	Database int `json:"database"`

	// SSL connects with TLS 1.2 or later, to sentinels too; default false.
	SSL bool `json:"ssl"`
	// SSLVerify checks the server's certificate; default true. It means nothing without SSL.
	SSLVerify bool `json:"ssl_verify"`
	// ServerName is the name that certificates must bear, sent as SNI; absent means the host that is
	// connected to.
	ServerName string `json:"server_name"`
	// SSLCACert holds the authorities that sign the server's certificate, in PEM; absent means the system's.
	SSLCACert string `json:"ssl_ca_cert"`
	// SSLCert is the client's certificate, with its chain, and SSLCertKey its key, in PEM; absent means none.
	SSLCert    string `json:"ssl_cert"`
	SSLCertKey string `json:"ssl_cert_key"`
}

// SentinelNode is where a sentinel listens.
type SentinelNode struct {
	// Host is a name or an address.
	Host string `json:"host"`
	// Port is a TCP port; default 26379.
	Port int `json:"port"`
}

// ClusterNode is where a node of a cluster listens.
type ClusterNode struct {
	// IP is an address or a name.
	IP string `json:"ip"`
	// Port is a TCP port; default 6379.
	Port int `json:"port"`
}

// distinct is the record without what makes no difference: the order of nodes, and what another mode uses.
// Records that are equal then share their connections. The timeout does make one: the client reads by it what it
// asks on its own, as where the slots of a cluster lie.
func (c Redis) distinct() Redis {
	if c.Host == "" {
		c.Port = 0
	}
	c.SentinelRole = ""
	c.SentinelNodes, c.ClusterNodes = inOrder(c.SentinelNodes), inOrder(c.ClusterNodes)
	if len(c.ClusterNodes) == 0 {
		c.ClusterMaxRedirections = 0
	}
	if !c.SSL {
		c.SSLVerify, c.ServerName = false, ""
	}
	return c
}

// target names what is connected to, for people: never a secret.
func (c Redis) target() string {
	switch {
	case len(c.ClusterNodes) > 0:
		return "cluster://" + strings.Join(c.clusterAddresses(), ",")
	case len(c.SentinelNodes) > 0:
		return "sentinel://" + c.SentinelMaster + "@" + strings.Join(c.sentinelAddresses(), ",")
	case c.Socket != "":
		return c.Socket
	}
	return c.address()
}

// address is that of a single Redis.
func (c Redis) address() string { return net.JoinHostPort(c.Host, strconv.Itoa(c.Port)) }

// sentinelAddresses and clusterAddresses are sorted: the same nodes in another order are the same target.
func (c Redis) sentinelAddresses() []string { return addresses(c.SentinelNodes) }

func (c Redis) clusterAddresses() []string { return addresses(c.ClusterNodes) }

func addresses[N interface{ address() string }](nodes []N) (out []string) {
	for _, n := range inOrder(nodes) {
		out = append(out, n.address())
	}
	return out
}

func inOrder[N interface{ address() string }](nodes []N) []N {
	return slices.SortedFunc(slices.Values(nodes), func(a, b N) int { return strings.Compare(a.address(), b.address()) })
}

func (n SentinelNode) address() string { return net.JoinHostPort(n.Host, strconv.Itoa(n.Port)) }

func (n ClusterNode) address() string { return net.JoinHostPort(n.IP, strconv.Itoa(n.Port)) }

// loneHost is where the one node of a cluster is that is configured; empty where there are several, or none.
func (c Redis) loneHost() string {
	if len(c.ClusterNodes) != 1 {
		return ""
	}
	return c.ClusterNodes[0].IP
}

func (c Redis) timeout() time.Duration { return time.Duration(c.Timeout) * time.Millisecond }
