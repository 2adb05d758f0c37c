// Package midday keeps the ends of days away from tests that count what a day has.
package midday

import (
	"fmt"
	"time"
)

// Zone is a time zone, by its IANA name, in which it is between 12 and 13 o'clock at a time. The signs of
// these names are those of POSIX: Etc/GMT-5 is east of Greenwich.
func Zone(at time.Time) string {
	const noon = 12
	switch east := noon - at.UTC().Hour(); {
	case east > 0:
		return fmt.Sprintf("Etc/GMT-%d", east)
	case east < 0:
		return fmt.Sprintf("Etc/GMT+%d", -east)
	}
	return "Etc/GMT"
}
