package headerguard

// Reason is why a request does not meet a check.
type Reason string

// The reasons. What triggers each is in doc.go.
const (
	Missing        Reason = "missing"
	Blank          Reason = "blank"
	TooShort       Reason = "too_short"
	TooLong        Reason = "too_long"
	Pattern        Reason = "pattern"
	NotAllowed     Reason = "not_allowed"
	Duplicate      Reason = "duplicate"
	NotUTF8        Reason = "not_utf8"
	Alias          Reason = "alias"
	Spoofed        Reason = "spoofed"
	UntrustedPeer  Reason = "untrusted_peer"
	ForwardedProto Reason = "forwarded_proto"
	ForwardedHost  Reason = "forwarded_host"
	ForwardedFor   Reason = "forwarded_for"
	HopByHop       Reason = "hop_by_hop"
	HostMismatch   Reason = "host_mismatch"
	ContentLength  Reason = "content_length"
)

// fault is one way in which a request does not meet a check.
type fault struct {
	check *check
	// header is the header at fault as the configuration calls it: never a name that the client made up.
	// Empty where no header is.
	header string
	reason Reason
	// name is what the witness is asked about: the header at fault as it came, or the one that makes it so.
	name string
	// limit is how many lines of it are allowed, of a duplicate.
	limit int
	// came tells that a line of it did, and value is the one at fault. It leaves the plugin only as its
	// length and its fingerprint.
	came  bool
	value string
	// others came too, and are told as this one.
	others []spelling
	place  Place
}

// spelling is a header that came under another name than the configuration's, and the value of its first line.
type spelling struct{ name, value string }

// decision is what becomes of a request.
type decision string

const (
	passed decision = "passed"
	// exempt: it would not have passed, but for an exemption.
	exempt   decision = "exempt"
	audited  decision = "audited"
	rejected decision = "rejected"
	// unread: Kong did not hand over all of the headers.
	unread decision = "unread"
)

// verdict is what the checks say of a request.
type verdict struct {
	decision decision
	// status is that of the first check at fault, of those that enforce where one does.
	status int
	// exemptBy is what spared the request a fault: peer, method or path.
	exemptBy exemption
	// faults are those that count, in the order of the checks.
	faults []fault
}

// locate gives each fault its place.
func (v verdict) locate(t testimony) {
	for i := range v.faults {
		f := &v.faults[i]
		f.place = Unknown
		if f.header != "" {
			f.locate(t)
		}
	}
}

// locate tells of the spelling that the client sent, where there are several: another may have added one that
// sorts before it.
func (f *fault) locate(t testimony) {
	f.place = t.place(f)
	for i := 0; t.given && f.place != AddedByClient && i < len(f.others); i++ {
		other := *f
		other.name, other.value = f.others[i].name, f.others[i].value
		if other.place = t.place(&other); other.place == AddedByClient {
			*f = other
		}
	}
}
