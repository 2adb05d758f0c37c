package tieredlimit

// slotGroups is how many parts of a Cluster's slots have a breaker of their own: a shard that is away takes
// the parts that it serves with it, and not the others. Which shard serves what need not be known.
const slotGroups = 16

// slotGroup is the part that a limit key's state and ring lie in.
func slotGroup(key string) int {
	const slots = 16384 // of Redis Cluster
	return int(crc16(key)) % slots / (slots / slotGroups)
}

// crc16 is the checksum that Redis Cluster takes of a key's hash tag (CRC-16/XMODEM, see the Redis Cluster
// specification, appendix A).
func crc16(text string) (sum uint16) {
	const polynomial, top = 0x1021, 1 << 15
	for i := range len(text) {
		sum ^= uint16(text[i]) << 8
		for range 8 {
			carries := sum&top != 0
			sum <<= 1
			if carries {
				sum ^= polynomial
			}
		}
	}
	return sum
}
