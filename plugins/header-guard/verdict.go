package headerguard

// Reason is why a header does not count as present.
type Reason string

// The reasons, in the order in which a header is examined.
const (
	Missing Reason = "missing"
	// HopByHop: it came, but Connection names it, so Kong takes it off before it goes on.
	HopByHop Reason = "hop_by_hop"
	Blank    Reason = "blank"
	NotUTF8  Reason = "not_utf8"
	Pattern  Reason = "pattern"
)

// Violation is one header at fault. It holds no value of the request.
type Violation struct {
	// Rule is the rule's place in the configuration, rules[1] or any_of[1].
	Rule string `json:"rule"`
	// Header is the header's name in lower case, as configured.
	Header string `json:"header"`
	Reason Reason `json:"reason"`
}

// Verdict is what the rules say of a request.
type Verdict struct {
	// Status is that of the first violated rule, in the order of the configuration; zero if none is.
	Status int
	// Violations are those of all rules, in the same order.
	Violations []Violation
}

// Passes tells whether the request satisfies every rule.
func (v Verdict) Passes() bool { return len(v.Violations) == 0 }
