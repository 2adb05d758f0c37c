package sandbox

import (
	"fmt"
	"strings"
	"text/tabwriter"
)

// Describe says what runs where, aligned.
func (s *Sandbox) Describe() string {
	var out strings.Builder
	table := tabwriter.NewWriter(&out, 0, 0, 2, ' ', 0)
	for _, row := range s.rows() {
		_, _ = fmt.Fprintf(table, "  %s\t%s\t%s\n", row[0], row[1], row[2])
	}
	_ = table.Flush() // into memory
	return out.String()
}

func (s *Sandbox) rows() [][3]string {
	gateway, admin := "kongsim, a stand-in; GATEWAY=kong takes the kong of the PATH", [][3]string(nil)
	if s.options.Gateway == Kong {
		gateway = "Kong, the one of the PATH; also " + s.TLSURL
		admin = [][3]string{{"admin api", s.AdminURL, "Kong's"}}
	}
	redis := "redis-server"
	if !s.Redis.Real {
		redis = "miniredis, embedded: no redis-server is on the PATH"
	}
	rows := append([][3]string{{"gateway", s.URL, gateway}}, admin...)
	return append(rows,
		[3]string{"plugin server", "unix:" + s.Socket(), strings.Join(pluginNames(), ", ")},
		[3]string{"metrics", s.StatusURL + "/metrics", "the plugin server's"},
		[3]string{"issuer", s.IssuerURL, "GET /token?client=…  POST /rotate  /down  /up"},
		[3]string{"upstream", s.EchoURL, "echoes what arrives"},
		[3]string{"redis", s.Redis.Host + ":" + s.Redis.Port, redis},
		[3]string{"config", s.ConfigFile(), "kong/kong.yml, rendered"},
		[3]string{"logs", s.Folder + "/*.log", "run (plugin server), error, access (JSON)"},
	)
}

// Examples are commands for a shell, each of which works when it is pasted.
func (s *Sandbox) Examples() string {
	token := fmt.Sprintf("TOKEN=$(curl -s '%s/token?client=free-app' | cut -d'\"' -f4)", s.IssuerURL)
	ping := fmt.Sprintf(`curl -i %s/ping-api -H 'X-Tenant-Id: acme' -H "Authorization: Bearer $TOKEN"`, s.URL)
	return strings.Join([]string{
		"  # a token of a client of the tier free (or standard-app, premium-app, trial-app), and what it opens",
		"  " + token,
		"  " + ping,
		"",
		"  # a header was taken away on the way: header-guard says which",
		fmt.Sprintf("  curl -i %s/ping-api", s.URL),
		"",
		"  # no token, and one that has expired",
		fmt.Sprintf("  curl -i %s/ping-api -H 'X-Tenant-Id: acme'", s.URL),
		"  " + strings.NewReplacer("TOKEN", "OLD", "free-app", "free-app&expires_in=-60").Replace(token),
		"  " + strings.Replace(ping, "$TOKEN", "$OLD", 1),
		"",
		"  # 40 at once with the key of a tier that has 20 a second, by status",
		fmt.Sprintf("  seq 40 | xargs -P 8 -I{} curl -s -o /dev/null -w '%%{http_code}\\n' %s/keys -H 'apikey: %s' | sort | uniq -c", s.URL, KeyFree),
		"",
		"  # a day's quota of five",
		fmt.Sprintf("  for i in 1 2 3 4 5 6; do curl -s -o /dev/null -w '%%{http_code}\\n' %s/keys -H 'apikey: %s'; done", s.URL, KeyTrial),
	}, "\n") + "\n"
}
