package witnessvector

import (
	"fmt"
	"strings"
)

// Lists is what becomes of the lists of a witness.
type Lists string

// The lists, as the room for them leaves them.
const (
	// Named: they hold names.
	Named Lists = "named"
	// Unlisted: there is no room for them, and the witness says so.
	Unlisted Lists = "unlisted"
	// None: there is no room for a witness.
	None Lists = "none"
)

// Head is a GET of a path on host "a", of HTTP/1.1, which every writer of witnesses must treat alike.
type Head struct {
	Name string
	Path string
	// Received and Sent are the header lines, without Host, which is the last of both.
	Received, Sent [][2]string
	Want           Lists
}

// The format's figures, once more than in its writers.
const (
	witness  = 4096
	head     = 16384
	fields   = len("v1;t=1767225600;r=;s=;d=") + 43
	hostLine = len("Host: a\r\n")
)

// Heads are what is about as large as it may be.
func Heads() []Head {
	same := func(name string, want Lists, lines ...[2]string) Head { return Head{name, "/", lines, lines, want} }
	usual := make([][2]string, 63)
	for i := range usual {
		usual[i] = [2]string{fmt.Sprintf("X-%c%s", 'a'+i%26, strings.Repeat("n", 20+i/26)), "v"}
	}
	// In each list stand the name, a comma and "host". One byte is left over.
	name := strings.Repeat("n", (witness-fields)/2-len(",host"))
	// The request line, a header line, Host, and a witness in which each list is "c,host".
	const rest = len("GET / HTTP/1.1\r\n") + len("c: \r\n") + hostLine + len("X-F5-Witness: \r\n") + fields + 2*len("c,host")
	// The same with "*" as each list, and a name too long for any other.
	long := strings.Repeat("n", witness)
	grows := strings.Repeat("~", witness/2)
	unlisted := rest - len("c") - 2*len("c,host") + 2*len("*") + len(long)
	return []Head{
		same("64 header lines of usual length", Named, usual...),
		{"names that leave just enough for the witness", "/", [][2]string{{name + "n", "v"}}, [][2]string{{name, "v"}}, Named},
		{"names that leave a byte too little", "/", [][2]string{{name + "n", "v"}}, [][2]string{{name + "n", "v"}}, Unlisted},
		{"names that grow in hexadecimal", "/", [][2]string{{strings.Repeat("~", 1000), "v"}}, [][2]string{{strings.Repeat("~", 1000), "v"}}, Unlisted},
		{"received names without room", "/", [][2]string{{long, "v"}}, nil, Unlisted},
		{"sent names without room", "/", nil, [][2]string{{long, "v"}}, Unlisted},
		{"many lines of one name, which would be a short list", "/", nil, lines("cookie", 600), Unlisted},
		{"as many as are listed", "/", nil, lines("cookie", 500), Named},
		same("a value that leaves just enough", Named, [2]string{"c", strings.Repeat("v", head-rest)}),
		same("a value that leaves a byte too little", None, [2]string{"c", strings.Repeat("v", head-rest+1)}),
		same("a value that leaves just enough to say that there is no room", Unlisted, [2]string{long, strings.Repeat("v", head-unlisted)}),
		same("a value that leaves a byte too little for that", None, [2]string{long, strings.Repeat("v", head-unlisted+1)}),
		same("a value that leaves just enough to say so of names that grow", Unlisted, [2]string{grows, strings.Repeat("v", head-unlisted+len(long)-len(grows))}),
		same("a value that leaves a byte too little to say so of names that grow", None, [2]string{grows, strings.Repeat("v", head-unlisted+len(long)-len(grows)+1)}),
		{"a path that leaves just enough", "/" + strings.Repeat("p", head-rest-len("v")), lines("c", 1), lines("c", 1), Named},
		{"a path that leaves a byte too little", "/" + strings.Repeat("p", head-rest), lines("c", 1), lines("c", 1), None},
		same("names alone that leave none", None, [2]string{strings.Repeat("~", 30000), "v"}),
	}
}

// ListsOf tells what became of the lists of a witness.
func ListsOf(value string) Lists {
	switch {
	case value == "":
		return None
	case strings.Contains(value, ";r=*;s=*;"):
		return Unlisted
	default:
		return Named
	}
}

func lines(name string, n int) [][2]string {
	all := make([][2]string, n)
	for i := range all {
		all[i] = [2]string{name, "v"}
	}
	return all
}
