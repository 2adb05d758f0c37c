package deck

import (
	"crypto/sha1"
	"encoding/hex"
	"strings"
)

// namespace is the one that Kong uses for ids of declarative entities.
var namespace = [16]byte{0xfd, 0x02, 0x80, 0x1f, 0x09, 0x57, 0x4a, 0x15, 0xa5, 0x5a, 0xc8, 0xd9, 0x60, 0x6f, 0x30, 0xb5}

// newID is a version 5 UUID over kind and name.
func newID(kind string, name ...string) string {
	inner := uuid5(namespace, kind)
	return formatUUID(uuid5(inner, strings.Join(name, ":")))
}

func uuid5(space [16]byte, name string) (id [16]byte) {
	hash := sha1.New()
	hash.Write(space[:])
	hash.Write([]byte(name))
	copy(id[:], hash.Sum(nil))
	id[6] = id[6]&0x0f | 0x50
	id[8] = id[8]&0x3f | 0x80
	return id
}

func formatUUID(id [16]byte) string {
	text := hex.EncodeToString(id[:])
	return strings.Join([]string{text[:8], text[8:12], text[12:16], text[16:20], text[20:]}, "-")
}
