package freeport

import "testing"

func TestNoPortIsTakenTwice(t *testing.T) {
	seen := map[int]bool{}
	for range 200 { // of 12,000: without claims, two are the same in most runs
		port, err := Take()
		if err != nil {
			t.Fatal(err)
		}
		if seen[port] {
			t.Fatalf("%d was taken twice", port)
		}
		seen[port] = true
		if claim(port) {
			t.Fatalf("%d can be claimed by somebody else", port)
		}
	}
}
