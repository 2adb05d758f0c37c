// Package fleet holds no code: its tests prove tiered-limit's exactness from outside. They run several
// plugin servers whose clocks differ on one Redis, load them over their sockets as Kong does, and judge
// what was admitted by what Redis says it has done: by its MONITOR, and by its own time.
//
// Whatever the machine is busy with, the judgements hold: they are upper bounds and equalities by Redis'
// time. TOLLGATE_FLEET=60s loads each case for that long, with more consumers.
package fleet
