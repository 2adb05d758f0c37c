// Package integration holds no code: its tests look at the whole from outside, over HTTP. They run on the
// stand-in for Kong, and with GATEWAY=kong the same on a real one, which is found on the PATH:
//
//	go test ./test/integration/...
//	GATEWAY=kong go test -count=1 ./test/integration/...
//
// test/STRESS.md has what was measured of it under stress, which TOLLGATE_STRESS=30s prints.
//
// What only a real Kong can show is marked by realKongOnly. Where the two differ, kongsim is wrong.
package integration
