package guides

import (
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// bundledFields are those of Kong 3.9.3's plugins, from their schema.lua and from kong/tools/redis/schema.lua.
func bundledFields() map[string][]string {
	return map[string][]string{
		"Fields of rate-limiting": {
			"second", "minute", "hour", "day", "month", "year", "limit_by", "header_name", "path", "policy", "fault_tolerant", "redis",
			"hide_client_headers", "error_code", "error_message", "sync_rate", "redis_host", "redis_port", "redis_password",
			"redis_username", "redis_ssl", "redis_ssl_verify", "redis_server_name", "redis_timeout", "redis_database",
			"host", "port", "timeout", "username", "password", "database", "ssl", "ssl_verify", "server_name",
		},
		"Fields of jwt": {
			"uri_param_names", "cookie_names", "key_claim_name", "secret_is_base64", "claims_to_verify", "anonymous",
			"run_on_preflight", "maximum_expiration", "header_names", "realm", "key", "algorithm", "rsa_public_key", "secret", "consumer",
		},
	}
}

func TestTheMigrationHasARowForEachBundledField(t *testing.T) {
	page, err := os.ReadFile(filepath.Join("..", "..", "kong", "guides", "migrate.md"))
	if err != nil {
		t.Fatal(err)
	}
	for title, want := range bundledFields() {
		got := firstColumn(string(page), title)
		slices.Sort(want)
		slices.Sort(got)
		if !slices.Equal(want, got) {
			t.Errorf("%s: rows for %q, want %q", title, got, want)
		}
	}
}

// firstColumn are the names in code of the tables in a section.
func firstColumn(page, title string) (names []string) {
	_, rest, _ := strings.Cut(page, "\n## "+title+"\n")
	section, _, _ := strings.Cut(rest, "\n## ")
	for line := range strings.Lines(section) {
		cell, ok := strings.CutPrefix(line, "| `")
		if !ok {
			continue
		}
		cell, _, _ = strings.Cut("`"+cell, " |")
		for _, name := range regexp.MustCompile("`([a-z_0-9]+)`").FindAllStringSubmatch(cell, -1) {
			names = append(names, name[1])
		}
	}
	return names
}
