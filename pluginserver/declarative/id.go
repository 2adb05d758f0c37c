package declarative

import (
	"crypto/sha1"
	"encoding/hex"
	"strings"
)

// entities is the namespace of the ids that Kong derives (kong/db/schema/others/declarative_config.lua).
var entities = [16]byte{0xfd, 0x02, 0x80, 0x1f, 0x09, 0x57, 0x4a, 0x15, 0xa5, 0x5a, 0xc8, 0xd9, 0x60, 0x6f, 0x30, 0xb5}

// derivedID is the id that a Kong without a database gives to an entity of a kind (consumers, services,
// routes) by its endpoint key: username or name. Without that key the id is another one each time Kong reads
// the file, and empty here.
func derivedID(kind, key string) string {
	if key == "" {
		return ""
	}
	id := uuid5(uuid5(entities, kind), key)
	text := hex.EncodeToString(id[:])
	return strings.Join([]string{text[:8], text[8:12], text[12:16], text[16:20], text[20:]}, "-")
}

// uuid5 is a name-based UUID with SHA-1 (RFC 9562, section 5.5).
func uuid5(space [16]byte, name string) (id [16]byte) {
	hash := sha1.New()
	hash.Write(space[:])
	hash.Write([]byte(name))
	copy(id[:], hash.Sum(nil))
	id[6] = id[6]&0x0f | 0x50
	id[8] = id[8]&0x3f | 0x80
	return id
}

// IsUUID tells whether a text has the form of an id.
func IsUUID(s string) bool {
	const length = 36
	if len(s) != length {
		return false
	}
	for i, c := range []byte(s) {
		dash := i == 8 || i == 13 || i == 18 || i == 23
		hex := c >= '0' && c <= '9' || c|0x20 >= 'a' && c|0x20 <= 'f'
		if dash != (c == '-') || !dash && !hex {
			return false
		}
	}
	return true
}
