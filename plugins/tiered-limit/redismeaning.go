package tieredlimit

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"
	"syscall"

	"github.com/redis/go-redis/v9"
)

// What can be wrong with a Redis, or with the configuration of one, as an operator is told.
var (
	errUnreachable   = errors.New("no connection to redis")
	errNoSentinel    = errors.New("no connection to a sentinel")
	errWaiting       = errors.New("none is open yet")
	errConnecting    = errors.New("what is connected to has not answered")
	errLocating      = errors.New("the sentinels have not answered")
	errNoAddress     = errors.New("a node of the cluster does not know its own address: cluster-announce-ip must be set there")
	errNoEndpoint    = errors.New("the cluster names no addresses: its cluster-preferred-endpoint-type must be ip or hostname")
	errUnknownMaster = errors.New("the sentinels know no master")
	errNoRedis       = errors.New("what answers is no redis")
	errNoScripts     = errors.New("what answers runs no scripts: it may be a sentinel or a proxy")
	errTooOld        = errors.New("redis is older than 6.0, which first has SET with KEEPTTL, as the script needs it")
	errForeignKey    = errors.New("the key holds no state of tiered-limit")
	errIsReplica     = errors.New("redis is a replica, which takes no writes")
	errIsFull        = errors.New("redis has reached maxmemory and evicts nothing")
	errIsCluster     = errors.New("the key lies on another node of a cluster: cluster_nodes must name its nodes, or cluster_max_redirections is too low")
	errNoCluster     = errors.New("redis is no cluster: host must name it in the place of cluster_nodes")

	errNoPassword     = errors.New("redis demands a password, and none is configured")
	errWrongPassword  = errors.New("redis refuses the username or the password")
	errNeedlessSecret = errors.New("a password is configured, and redis has none")
	errNotAllowed     = errors.New("the redis user lacks a right: it needs " + neededRights)
	errNoCommand      = errors.New("redis lacks a command that a script calls, or has it under another name")

	errSpeaksTLS     = errors.New("what answers speaks TLS: redis.ssl must be true")
	errNoTLS         = errors.New("what answers speaks no TLS: redis.ssl must be false, or the port is another one")
	errWrongCA       = errors.New("the server's certificate is signed by no authority of ssl_ca_cert, or of the system without one")
	errWrongName     = errors.New("the server's certificate bears another name: server_name must be one of its names")
	errClientCert    = errors.New("the server refuses the client's certificate, or demands one: ssl_cert and ssl_cert_key")
	errSilentTLS     = errors.New("what answers ends no TLS handshake: the port may speak no TLS")
	errHangsUp       = errors.New("the server hangs up before it has answered: the port may speak TLS, and redis.ssl is false")
	errHangsUpSecure = errors.New("the server hangs up before it has answered: it may demand a client's certificate (ssl_cert), or refuse the one it got")
	errSilent        = errors.New("the server accepts connections and does not answer")
)

// neededRights are those of an ACL user of Redis that the scripts and the watch need, on the keys of all
// namespaces. A cluster needs those of neededInCluster besides.
const (
	neededRights    = "~tollgate:* +eval +evalsha +time +get +set +getrange +setrange +expire +zadd +zremrangebyscore +zcard +zrem +info, with database +select, with cluster_nodes " + neededInCluster
	neededInCluster = "+cluster|slots +asking"
)

// meanings are parts of Redis' own answers, and what they mean. The first that is found counts.
var meanings = [...]struct {
	part  string
	means error
}{
	// Redis takes so long a command of nobody it knows for an attack, and does not say NOAUTH.
	{"unauthenticated multibulk length", errNoPassword},
	{"NOAUTH ", errNoPassword},
	{"WRONGPASS ", errWrongPassword},
	{"without any password configured", errNeedlessSecret},
	{"NOPERM ", errNotAllowed},
	{"ACL failure in script", errNotAllowed},               // Valkey
	{"The user executing the script can't", errNotAllowed}, // Redis 6 and 7.0
	{"TOOOLD ", errTooOld},                                 // limit.lua
	{"FOREIGN ", errForeignKey},                            // limit.lua and ledger.lua
	{"WRONGTYPE ", errForeignKey},
	{"READONLY ", errIsReplica},
	{"OOM ", errIsFull},
	{"MOVED ", errIsCluster},
	{"cluster support disabled", errNoCluster},
	{"unknown command", errNoScripts},
	{"command called from", errNoCommand}, // of a script; Redis 6, Redis 7 and Valkey differ in the rest
	{string(redis.Nil), errNoEndpoint},    // CLUSTER SLOTS has null for an address; no script returns null
}

// meaningOf is nil where an error says itself what is wrong. A stranger is who is no Redis that runs scripts.
func meaningOf(err error) (stranger bool, meaning error) {
	var answer redis.Error
	switch {
	case err == nil:
		return false, nil
	case errors.As(err, &answer):
		for _, m := range meanings {
			if strings.Contains(answer.Error(), m.part) {
				return errors.Is(m.means, errNoScripts), m.means
			}
		}
	case strings.HasPrefix(err.Error(), "redis: can't parse"), strings.HasPrefix(err.Error(), "redis: invalid reply"):
		return true, errNoRedis
	}
	return false, nil
}

// unanswered says what it means that a new connection ends, or stays silent, before Redis has said a word.
func unanswered(err error, secure bool) error {
	switch {
	case strings.Contains(err.Error(), "remote error: tls: "): // with TLS 1.3 the server judges the client late
		return fmt.Errorf("%w: %w", errClientCert, err)
	case errors.Is(err, os.ErrDeadlineExceeded):
		return fmt.Errorf("%w: %w", errSilent, err)
	case errors.Is(err, io.EOF), errors.Is(err, syscall.ECONNRESET), errors.Is(err, syscall.EPIPE):
		if secure {
			return fmt.Errorf("%w: %w", errHangsUpSecure, err)
		}
		return fmt.Errorf("%w: %w", errHangsUp, err)
	}
	return err
}

// explainedTLS says what a handshake that failed means.
func explainedTLS(err error) error {
	var (
		plain     tls.RecordHeaderError
		authority x509.UnknownAuthorityError
		name      x509.HostnameError
	)
	switch {
	case errors.As(err, &plain):
		return fmt.Errorf("%w: %s", errNoTLS, plain.Msg)
	case errors.As(err, &authority):
		return fmt.Errorf("%w: %w", errWrongCA, err)
	case errors.As(err, &name):
		return fmt.Errorf("%w: %w", errWrongName, err)
	case strings.Contains(err.Error(), "remote error: tls: "):
		return fmt.Errorf("%w: %w", errClientCert, err)
	case errors.Is(err, context.DeadlineExceeded), errors.Is(err, os.ErrDeadlineExceeded):
		return fmt.Errorf("%w: %w", errSilentTLS, err)
	}
	return err
}
