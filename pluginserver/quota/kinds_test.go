package quota

import (
	"bytes"
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"tollgate/test/redisproc"
	"tollgate/test/redistest"
)

// kinds start a Redis of each kind, and return how a command line says where it is, and what is printed of that.
var kinds = map[string]func(*testing.T, *Options) (address string){
	"a unix socket": func(t *testing.T, o *Options) string {
		path := filepath.Join(t.TempDir(), "redis.sock")
		redistest.StartWith(t, redisproc.Options{Socket: path})
		o.Redis = map[string]any{"socket": path, "database": 2}
		return path + "/2"
	},
	"TLS": func(t *testing.T, o *Options) string {
		ca := redistest.NewAuthority(t)
		server := redistest.StartWith(t, redisproc.Options{TLS: ca.Files(t, "127.0.0.1")})
		client := ca.Files(t, "client")
		o.Redis = map[string]any{"host": "127.0.0.1", "port": redistest.Port(t, server.Addr), "ssl": true}
		o.Files = map[string]string{"ssl_ca_cert": client.CA, "ssl_cert": client.Cert, "ssl_cert_key": client.Key}
		return server.Addr + "/0"
	},
	"sentinels": func(t *testing.T, o *Options) string {
		var addrs []string
		for _, node := range redistest.StartSentinels(t).Nodes {
			addrs = append(addrs, node.Addr)
		}
		o.Redis = map[string]any{"sentinel_master": redistest.MasterName, "sentinel_nodes": parsed(t, "host", addrs)}
		return "sentinel://mymaster@"
	},
	"a cluster": func(t *testing.T, o *Options) string {
		addrs := redistest.StartCluster(t, 3)
		o.Redis = map[string]any{"cluster_nodes": parsed(t, "ip", addrs)}
		return "cluster://127.0.0.1:"
	},
}

func parsed(t *testing.T, member string, addrs []string) []any {
	t.Helper()
	nodes, err := ParseNodes(strings.Join(addrs, ","), member, 1)
	if err != nil {
		t.Fatal(err)
	}
	return nodes
}

func TestEveryKindOfRedisIsReached(t *testing.T) {
	t.Parallel() // sentinels take seconds to know each other
	for kind, start := range kinds {
		t.Run(kind, func(t *testing.T) {
			t.Parallel()
			o := Options{Flat: Flat{Quota: 10}, Timeout: 5 * time.Second}
			address := start(t, &o)
			o.JSON = true
			for i, action := range []Action{{Grant, 5}, {Grant, 2}, {Name: Show}} {
				var out, notes bytes.Buffer
				err := Run(t.Context(), action, annID, o, Env{Lookup: nothingSet, Stdout: &out, Diagnostics: &notes, Now: time.Now})
				if err != nil {
					t.Fatal(err)
				}
				var r reported
				if err := json.Unmarshal(out.Bytes(), &r); err != nil {
					t.Fatal(err)
				}
				want := []int64{15, 17, 17}[i]
				if got := r.Counts[0]; got.Day.Remaining != want || !strings.HasPrefix(got.Redis, address) {
					t.Errorf("%s: %d remaining at %s, want %d at %s", action.Name, got.Day.Remaining, got.Redis, want, address)
				}
			}
		})
	}
}

func nothingSet(string) (string, bool) { return "", false }

// The flags say where Redis is in the place of all that the configuration says of that.
func TestWhereRedisIsIsReplacedAsAWhole(t *testing.T) {
	sentinels := map[string]any{"sentinel_master": "m", "sentinel_nodes": []any{"s"}, "sentinel_password": "p", "ssl": true}
	for _, row := range []struct {
		name               string
		record, with, want map[string]any
	}{
		{"a host for sentinels", sentinels, map[string]any{"host": "h"}, map[string]any{"host": "h", "ssl": true}},
		{"a host for a host, whose certificate it has", map[string]any{"host": "a", "port": 1}, map[string]any{"host": "b"},
			map[string]any{"host": "b", "port": 1, "server_name": "a"}},
		{"a cluster for a host", map[string]any{"host": "a", "timeout": 1}, map[string]any{"cluster_nodes": []any{"c"}},
			map[string]any{"cluster_nodes": []any{"c"}, "timeout": 1}},
		{"a password of the sentinels that are there", sentinels, map[string]any{"sentinel_password": "q"},
			map[string]any{"sentinel_master": "m", "sentinel_nodes": []any{"s"}, "sentinel_password": "q", "ssl": true}},
		{"and of none", map[string]any{"host": "a"}, map[string]any{"sentinel_password": "q"}, map[string]any{"host": "a"}},
	} {
		t.Run(row.name, func(t *testing.T) {
			record := map[string]any{}
			for member, value := range row.record {
				record[member] = value
			}
			override(record, row.with)
			if diff := cmp.Diff(row.want, record); diff != "" {
				t.Errorf("record (-want +got):\n%s", diff)
			}
		})
	}
}

func TestNodesAreRead(t *testing.T) {
	got, err := ParseNodes("a,b:7,[::1]:8,::1", "host", 9)
	want := []any{
		map[string]any{"host": "a", "port": 9}, map[string]any{"host": "b", "port": 7},
		map[string]any{"host": "::1", "port": 8}, map[string]any{"host": "::1", "port": 9},
	}
	if diff := cmp.Diff(want, got); err != nil || diff != "" {
		t.Errorf("%v, nodes (-want +got):\n%s", err, diff)
	}
	if _, err := ParseNodes("a,b:many", "host", 9); err == nil || !strings.Contains(err.Error(), `got "b:many"`) {
		t.Errorf("error %v", err)
	}
}

// Where the environment has the passwords and files the certificates, no message shows them.
func TestSecretsOfTheEnvironmentAndOfFilesAreReadAndNotShown(t *testing.T) {
	file := filepath.Join(t.TempDir(), "key.pem")
	if err := os.WriteFile(file, []byte("hunter2\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	o := Options{Files: map[string]string{"ssl_cert_key": file}, Redis: map[string]any{"host": "h"}}
	env := Env{Lookup: func(name string) (string, bool) {
		return map[string]string{passwordVariable: "hunter3", sentinelPasswordVariable: "hunter4"}[name], true
	}}
	got, err := o.overrides(env)
	want := map[string]any{"host": "h", "password": "hunter3", "sentinel_password": "hunter4", "ssl_cert_key": "hunter2"}
	if diff := cmp.Diff(want, got); err != nil || diff != "" {
		t.Errorf("%v, overrides (-want +got):\n%s", err, diff)
	}
	o.Files = map[string]string{"ssl_cert": file + ".none", "password": file + ".none"}
	if _, err := o.overrides(env); err == nil || strings.Count(err.Error(), "reading the ") != 2 || strings.Contains(err.Error(), "hunter") {
		t.Errorf("error %v, want both files named", err)
	}
}
