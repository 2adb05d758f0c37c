package loadbalancer

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"fmt"
	"strconv"
	"strings"
	"time"
)

// WitnessHeader is the one in which a witness comes.
const WitnessHeader = "X-F5-Witness"

// The room of a witness, as kong/f5/README.md has it.
const (
	witnessRoom = 4096  // bytes of the witness
	requestRoom = 24576 // bytes of all headers with it
)

// witness is what the load balancer tells of a request. It is written here a second time, apart from the
// plugin's reader, by the format's text alone.
type witness struct {
	at                 time.Time
	method, host, path string
	received, sent     []Line
}

// sign returns the header's value.
func (w witness) sign(secret string) string {
	covered, value := w.covered()
	mac := hmac.New(sha256.New, []byte(secret))
	_, _ = mac.Write([]byte(covered)) // a hash returns no error
	return value + base64.RawURLEncoding.EncodeToString(mac.Sum(nil))
}

// covered returns the text under the digest, and the value up to where the digest follows.
func (w witness) covered() (text, value string) {
	received, sent := listNames(w.received), listNames(w.sent)
	at := strconv.FormatInt(w.at.Unix(), 10)
	value = "v1;t=" + at + ";r=" + received + ";s=" + sent + ";d="
	size := len(value) + base64.RawURLEncoding.EncodedLen(sha256.Size)
	if size > witnessRoom || size+bytesOf(w.sent) > requestRoom {
		received, sent = "*", "*"
		value = "v1;t=" + at + ";r=*;s=*;d="
	}
	lines := []string{"tollgate-witness-v1", at, w.method, w.host, w.path, received, sent}
	return strings.Join(lines, "\n"), value
}

func bytesOf(lines []Line) (n int) {
	const punctuation = len(": \r\n")
	for _, line := range lines {
		n += len(line.Name) + len(line.Value) + punctuation
	}
	return n
}

// listNames writes the names of header lines in the order in which they first appear.
func listNames(lines []Line) string {
	var order []string
	count, blank := map[string]int{}, map[string]bool{}
	for _, line := range lines {
		name := strings.ToLower(line.Name)
		if count[name]++; count[name] == 1 {
			order = append(order, name)
		}
		blank[name] = blank[name] || strings.Trim(line.Value, " \t") == ""
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
