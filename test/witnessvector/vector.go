// Package witnessvector reads the shared examples of the load balancer's witness, which every reader and
// every writer of it must agree with: plugins/header-guard/testdata/witness/vectors.json.
package witnessvector

import (
	"cmp"
	"encoding/json"
	"os"
	"path/filepath"
	"testing"
)

// File is where the examples lie, from the module's root.
var File = filepath.Join("plugins", "header-guard", "testdata", "witness", "vectors.json")

// Examples are the whole file.
type Examples struct {
	About    string    `json:"about"`
	Accepted []Vector  `json:"accepted"`
	Refused  []Refusal `json:"refused"`
}

// Vector is a request and its witness.
type Vector struct {
	Name string `json:"name"`
	// Secret is the key that signs, Time the load balancer's clock.
	Secret string `json:"secret"`
	Time   int64  `json:"time"`
	// Method, Host and Path are as the load balancer sends them.
	Method string `json:"method"`
	Host   string `json:"host"`
	Path   string `json:"path"`
	// Target is what stands on the request line, where that is more than Path.
	Target string `json:"target,omitempty"`
	// Received and Sent are the header lines, name and value.
	Received [][2]string `json:"received"`
	Sent     [][2]string `json:"sent"`
	// Covered is the text under the digest, Value the witness.
	Covered string `json:"covered"`
	Value   string `json:"value"`
	// Fault is what a reader says though the digest is right: too_large, or nothing.
	Fault string `json:"fault,omitempty"`
	// Places are what a reader concludes.
	Places []Conclusion `json:"places,omitempty"`
}

// Conclusion is the place of a header at fault.
type Conclusion struct {
	Header string `json:"header"`
	Reason string `json:"reason"`
	Here   bool   `json:"here"`
	// Limit is how many lines are allowed, of a duplicate.
	Limit int    `json:"limit,omitempty"`
	Place string `json:"place"`
}

// RequestTarget is what stands on the request line.
func (v *Vector) RequestTarget() string { return cmp.Or(v.Target, v.Path) }

// Refusal is a value that a reader must not believe.
type Refusal struct {
	Name    string   `json:"name"`
	Secrets []string `json:"secrets"`
	Now     int64    `json:"now"`
	Method  string   `json:"method"`
	Host    string   `json:"host"`
	Path    string   `json:"path"`
	Value   string   `json:"value"`
	Fault   string   `json:"fault"`
}

// Load reads the examples; root leads to the module's root.
func Load(tb testing.TB, root string) Examples {
	tb.Helper()
	data, err := os.ReadFile(filepath.Join(root, File))
	if err != nil {
		tb.Fatal(err)
	}
	var all Examples
	if err := json.Unmarshal(data, &all); err != nil {
		tb.Fatal(err)
	}
	if len(all.Accepted) < 5 || len(all.Refused) < 10 {
		tb.Fatalf("only %d and %d examples", len(all.Accepted), len(all.Refused))
	}
	return all
}
