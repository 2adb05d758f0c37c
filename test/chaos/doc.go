// Package chaos holds no code: its tests load several plugin servers steadily while their Redis, real
// redis-server processes, is paused, killed, failed over, resharded, full, read-only, slow or cut off, and hold
// what their clients saw to what tiered-limit's README states.
//
// The short form of each case lasts some seconds. TOLLGATE_CHAOS=30s has the trouble of each last for that
// long, with more requests and one case after the other, and prints the table of the README.
package chaos
