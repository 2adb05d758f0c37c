package headerguard

import (
	"fmt"
	"testing"
)

// described are a guard's checks as guard explain shows them.
func (g *guard) described() []string {
	var out []string
	for i := range g.checks {
		k := &g.checks[i]
		out = append(out, fmt.Sprintf("%s (%s, %d): %s", k.name, k.mode, k.status, k.demand.text()))
	}
	return out
}

const (
	authorityText     = "authority (enforce, 421): an absolute target names the same host as Host"
	aliasText         = "forwarded_alias (enforce, 400): no other spelling came of x-forwarded-port, x-forwarded-prefix, x-forwarded-path"
	contentLengthText = "content_length (enforce, 400): Content-Length is one number, stands alone, and Connection does not name it"
	hopByHopText      = "hop_by_hop (enforce, 400): Connection names no header that is meant for the upstream"
	spoofedText       = "spoofed (enforce, 400): the client sends none of x-consumer-*, x-credential-*, x-anonymous-consumer, x-authenticated-*"
)

func TestPresetsStandForRulesAndChecks(t *testing.T) {
	for _, row := range []struct {
		name, config string
		want         []string
	}{
		{"authorization", `{"presets":["authorization"]}`, []string{
			"authorization (enforce, 401): authorization came, at most 1 lines, matches ^[!#$%&'*+.^_|~0-9A-Za-z-]+ +[^ ]"}},
		{"host", `{"presets":["host"]}`, []string{
			authorityText,
			`host (enforce, 400): host came, at most 1 lines, matches ^([A-Za-z0-9._-]+|\[[0-9A-Fa-f:.]+\])(:[0-9]{1,5})?$`}},
		{"tls_offload", `{"presets":["tls_offload"]}`, []string{
			"forwarded_proto (enforce, 400): X-Forwarded-Proto is https"}},
		{"forwarded", `{"presets":["forwarded"]}`, []string{
			"forwarded_for (enforce, 400): X-Forwarded-For holds IP addresses",
			"forwarded_proto (enforce, 400): X-Forwarded-Proto is https",
			"forwarded_host (enforce, 400): X-Forwarded-Host is one host, where it came",
			aliasText}},
		{"all, with what narrows them", `{"presets":["authorization","tls_offload","forwarded"],"max_hops":3,"forwarded_proto":["https","wss"],"hosts":["*.a.com","B.com"]}`, []string{
			"hosts (enforce, 421): Host is one of b.com, *.a.com",
			authorityText,
			"forwarded_for (enforce, 400): X-Forwarded-For holds IP addresses, at most 3",
			"forwarded_proto (enforce, 400): X-Forwarded-Proto is https or wss",
			"forwarded_host (enforce, 400): X-Forwarded-Host is one of hosts, where it came",
			aliasText,
			"authorization (enforce, 401): authorization came, at most 1 lines, matches ^[!#$%&'*+.^_|~0-9A-Za-z-]+ +[^ ]"}},
		{"a rule of one's own takes a preset's place", `{"presets":["authorization","forwarded","host"],"rules":[
			{"header":"AUTHORIZATION","status":403,"max_length":9,"min_length":2,"one_of":["a b"],"required":false},
			{"name":"proto","header":"x-forwarded-proto"},{"header":"x-forwarded-for","max_count":1},{"header":"Host","match":"^a$"}]}`, []string{
			authorityText,
			"forwarded_host (enforce, 400): X-Forwarded-Host is one host, where it came",
			aliasText,
			`rules[1] (enforce, 403): authorization, where it came, at most 1 lines, at least 2 bytes, at most 9 bytes, one of ["a b"]`,
			"proto (enforce, 400): x-forwarded-proto came, at most 1 lines",
			"rules[3] (enforce, 400): x-forwarded-for came, at most 1 lines",
			"rules[4] (enforce, 400): host came, at most 1 lines, matches ^a$"}},
		{"a group", `{"any_of":[{"headers":["Authorization","apikey"]}]}`, []string{"any_of[1] (enforce, 400): one of authorization, apikey"}},
	} {
		t.Run(row.name, func(t *testing.T) {
			requireFound(t, append([]string{contentLengthText, hopByHopText, spoofedText}, row.want...), guardOf(t, row.config).described())
		})
	}
}

func TestTheAuthorizationPresetWantsCredentials(t *testing.T) {
	g := guardOf(t, `{"presets":["authorization"]}`)
	for value, reason := range map[string]string{
		"Bearer abc": "", "Basic eDp5": "", "Custom-Scheme  a=b, c=d": "",
		"Bearer": "pattern", "Bearer ": "pattern", "abc": "pattern", "": "blank",
	} {
		var want []string
		if reason != "" {
			want = []string{"authorization authorization " + reason}
		}
		t.Run(value, func(t *testing.T) { requireFound(t, want, g.found(headers{"authorization": {value}})) })
	}
}

func TestTheHostPresetWantsAHost(t *testing.T) {
	g := guardOf(t, `{"presets":["host"]}`)
	for value, reason := range map[string]string{
		"a.example.com": "", "a_b:80": "", "[::1]:8000": "", "": "blank", "a b": "pattern", "a.example.com/x": "pattern", "a:port": "pattern",
	} {
		var want []string
		if reason != "" {
			want = []string{"host host " + reason}
		}
		t.Run(value, func(t *testing.T) { requireFound(t, want, g.found(headers{"host": {value}})) })
	}
	requireFound(t, []string{"host host missing"}, g.found(nil)) // HTTP/1.0 allows that
}

func TestARuleForSomeRequestsLeavesThePresetsForTheOthers(t *testing.T) {
	g := guardOf(t, `{"presets":["authorization","tls_offload"],"rules":[
		{"name":"long","header":"Authorization","methods":["POST"],"min_length":9,"status":403},
		{"name":"probe","header":"Authorization","paths":["/probe"],"required":false},
		{"name":"clear","header":"X-Forwarded-Proto","paths":["/probe"],"required":false}]}`)
	proto := "forwarded_proto x-forwarded-proto forwarded_proto"
	for line, want := range map[string][]string{
		"GET /orders HTTP/1.1": {proto, "authorization authorization missing"},
		"POST / HTTP/1.1":      {proto, "long authorization missing"},
		"GET /probe HTTP/1.1":  nil,
		"POST /probe HTTP/1.1": {"long authorization missing"},
		"":                     {proto, "authorization authorization missing", "long authorization missing"},
	} {
		t.Run(line, func(t *testing.T) { requireFound(t, want, texts(g.judged(line, "", nil).faults)) })
	}
	for i := range g.checks {
		if k := &g.checks[i]; k.name == "authorization" && k.scope.text() != "not methods POST; not paths /probe" {
			t.Errorf("its scope is told as %q", k.scope.text())
		}
	}
}
