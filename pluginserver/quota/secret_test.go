package quota

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// A password that is no plain YAML is refused, or read as something else; no message shows it, and nothing
// that is printed.
func TestNoMessageShowsAnOddPassword(t *testing.T) {
	const secret = "hunter2"
	b := newBench(t)
	refused := 0
	for _, quotes := range []string{"", "'", `"`} {
		file := filepath.Join(t.TempDir(), "kong.yml")
		text := "consumers: [{username: ann}]\nplugins:\n- name: tiered-limit\n  config:\n    default_tier: free\n    tiers: [{name: free, daily_quota: 10}]\n" +
			"    redis:\n      host: 127.0.0.1\n      port: ${{ env \"DECK_REDIS_PORT\" | toInt }}\n      password: " + quotes + `${{ env "DECK_P" }}` + quotes + "\n"
		if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		for _, odd := range []string{"*", "&", "!", `"`, "'", "{", "[", "|", ">", "%", "@", "`", "\n", ": ", " #", "- ", "{vault://aws/", "{vault://env/"} {
			for _, value := range []string{odd + secret, secret + odd, odd + secret + odd, secret + odd + secret, odd + secret + "}", odd + secret + "]"} {
				b.env["DECK_P"] = value
				o := Options{Configs: []string{file}, Timeout: from("").Timeout}
				out, err := b.run(t, show, "ann", o)
				if err != nil {
					refused++
					out += err.Error()
				}
				if strings.Contains(out+b.stderr.String(), secret) {
					t.Errorf("%s%q%s: %s%s", quotes, value, quotes, out, b.stderr.String())
				}
			}
		}
	}
	if refused == 0 {
		t.Error("no password was refused")
	}
}
