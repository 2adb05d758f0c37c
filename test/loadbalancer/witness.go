package loadbalancer

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"
)

// WitnessHeader is the one in which a witness comes.
const WitnessHeader = "X-F5-Witness"

// The room of a witness, as kong/f5/README.md has it.
const (
	witnessRoom = 4096  // bytes of the witness, and of the names for a list
	requestRoom = 16384 // bytes of the request line and of all header lines with it
)

// witness is what the load balancer tells of a request. It is written here a second time, apart from the
// plugin's reader, by the format's text alone.
type witness struct {
	at                   time.Time
	method, target, host string
	received, sent       []Line
}

// sign returns the header's value, or nothing where there is no room for it.
func (w witness) sign(secret string) string {
	covered, value := w.covered()
	mac := hmac.New(sha256.New, []byte(secret))
	_, _ = mac.Write([]byte(covered)) // a hash returns no error
	value += base64.RawURLEncoding.EncodeToString(mac.Sum(nil))
	const end = len("\r\n") // the empty line is not counted
	whole := head{w.method, w.target, "HTTP/1.1", append(slices.Clip(w.sent), Line{WitnessHeader, value})}
	if len(whole.String())-end > requestRoom {
		return ""
	}
	return value
}

// covered returns the text under the digest, and the value up to where the digest follows.
func (w witness) covered() (text, value string) {
	at := strconv.FormatInt(w.at.Unix(), 10)
	form := func(received, sent string) string { return "v1;t=" + at + ";r=" + received + ";s=" + sent + ";d=" }
	received, sent := listNames(w.received), listNames(w.sent)
	size := len(form(received, sent)) + base64.RawURLEncoding.EncodedLen(sha256.Size)
	if received == unlisted || sent == unlisted || size > witnessRoom {
		received, sent = unlisted, unlisted
	}
	path := head{target: w.target}.path()
	lines := []string{"tollgate-witness-v1", at, w.method, w.host, path, received, sent}
	return strings.Join(lines, "\n"), form(received, sent)
}

// unlisted stands in place of both lists where one of them has no room.
const unlisted = "*"

// listNames writes the names of header lines in the order in which they first appear, unless the names
// alone, with commas between, are too long.
func listNames(lines []Line) string {
	var order []string
	count, blank := map[string]int{}, map[string]bool{}
	size := len(lines) - 1
	for _, line := range lines {
		size += len(line.Name)
		name := lower(line.Name)
		if count[name]++; count[name] == 1 {
			order = append(order, name)
		}
		blank[name] = blank[name] || strings.Trim(line.Value, " \t") == ""
	}
	if size > witnessRoom {
		return unlisted
	}
	items := make([]string, len(order))
	for i, name := range order {
		items[i] = escape(name)
		if count[name] > 1 {
			items[i] += "*" + strconv.Itoa(count[name])
		}
		if blank[name] {
			items[i] += "!"
		}
	}
	return strings.Join(items, ",")
}

// lower makes the capitals of ASCII small, and no other letter: a name's bytes have no other meaning.
func lower(name string) string {
	bytes := []byte(name)
	for i, c := range bytes {
		if 'A' <= c && c <= 'Z' {
			bytes[i] += 'a' - 'A'
		}
	}
	return string(bytes)
}

func escape(name string) string {
	const plain = "abcdefghijklmnopqrstuvwxyz0123456789-._"
	var b strings.Builder
	for _, c := range []byte(name) {
		if strings.IndexByte(plain, c) >= 0 {
			b.WriteByte(c)
		} else {
			fmt.Fprintf(&b, "%%%02X", c)
		}
	}
	return b.String()
}
