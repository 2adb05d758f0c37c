package token

import (
	"fmt"
	"slices"
	"strings"

	jwksverify "tollgate/plugins/jwks-verify"
	"tollgate/pluginserver/declarative"
)

// Reasons that are decided here: Kong's part, which the files play.
const (
	reasonOK       = "ok"
	reasonConsumer = "consumer"
)

// addConsumer looks the consumer of a good token up in the files, as the plugin does in Kong.
func addConsumer(r *jwksverify.Report, d *declarative.Document) {
	step := jwksverify.Step{Check: "consumer", Verdict: jwksverify.StepOK}
	found := find(r.Lookups, d)
	switch {
	case found != nil:
		step.Detail = fmt.Sprintf("%q", found.Label())
	case len(d.Consumers) == 0 && len(r.Lookups) > 0:
		step.Verdict, step.Detail = jwksverify.StepSkipped, "the files have no consumers; Kong is asked for "+asked(r.Lookups)
	case r.ConsumerRequired:
		step.Verdict, step.Detail = jwksverify.StepFailed, reasonConsumer+": the files have none for "+asked(r.Lookups)
		r.Reason = reasonConsumer
	default:
		step.Detail = "none; the files have none for " + asked(r.Lookups)
	}
	r.Steps = append(r.Steps, step)
}

func find(lookups []jwksverify.Lookup, d *declarative.Document) *declarative.Consumer {
	for _, l := range lookups {
		if c := answer(l, d.Consumers); c != nil && l.Takes(c.ID, c.Name) {
			return c
		}
	}
	return nil
}

// answer is the one consumer that Kong answers with, whether it is taken or not, nil for none. An id comes
// first (kong.client.load_consumer): a consumer with it hides one with that username.
func answer(l jwksverify.Lookup, consumers []*declarative.Consumer) *declarative.Consumer {
	i := slices.IndexFunc(consumers, func(c *declarative.Consumer) bool { return l.HasID(c.ID) })
	if i < 0 {
		i = slices.IndexFunc(consumers, func(c *declarative.Consumer) bool { return l.HasUsername(c.Name) })
	}
	if i < 0 {
		return nil
	}
	return consumers[i]
}

// asked are the names that Kong is asked for, in order.
func asked(lookups []jwksverify.Lookup) string {
	if len(lookups) == 0 {
		return "what the token names: nobody"
	}
	var names []string
	for _, l := range lookups {
		kind := l.By
		if kind == "" {
			kind = "username or id"
		}
		names = append(names, fmt.Sprintf("the %s %+q", kind, l.Name))
	}
	return strings.Join(names, ", then ")
}
