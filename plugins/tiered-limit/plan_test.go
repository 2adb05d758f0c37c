package tieredlimit

import (
	"strings"
	"testing"

	"tollgate/internal/kongtest"
)

// A plan names the count and the tier that the handler of the same configuration debits.
func TestAPlanSaysWhatTheHandlerDoes(t *testing.T) {
	for name, test := range map[string]struct {
		options, kind, id string
		kong              kongtest.Kong
	}{
		"a consumer":              {`{}`, byConsumer, "c1", kongtest.Kong{Consumer: consumer()}},
		"a consumer with a tag":   {`{}`, byConsumer, "c1", kongtest.Kong{Consumer: consumer("tier:gold", "x")}},
		"a tier of its own":       {`{"tier": "gold"}`, byConsumer, "c1", kongtest.Kong{Consumer: consumer("tier:free")}},
		"a namespace":             {`{"namespace": "n"}`, byConsumer, "c1", kongtest.Kong{Consumer: consumer()}},
		"by service":              {`{"scope": "service"}`, byConsumer, "c1", kongtest.Kong{Consumer: consumer(), ServiceID: "s", RouteID: "r"}},
		"by service without one":  {`{"scope": "service"}`, byConsumer, "c1", kongtest.Kong{Consumer: consumer(), RouteID: "r"}},
		"by route":                {`{"scope": "route"}`, byConsumer, "c1", kongtest.Kong{Consumer: consumer(), ServiceID: "s", RouteID: "r"}},
		"a credential":            {`{"limit_by": "credential"}`, byCredential, "k{1}", kongtest.Kong{Consumer: consumer("tier:gold"), CredentialID: "k{1}"}},
		"no id of a credential":   {`{"limit_by": "credential"}`, byConsumer, "c1", kongtest.Kong{Consumer: consumer("tier:gold")}},
		"an address":              {`{"limit_by": "ip"}`, byIP, "2001:db8::1", kongtest.Kong{ForwardedIP: "2001:db8::1"}},
		"the address of a nobody": {`{}`, byIP, "192.0.2.1", kongtest.Kong{ForwardedIP: "192.0.2.1"}},
	} {
		t.Run(name, func(t *testing.T) {
			count := admitting()
			test.kong.Run(t, handlerWith(t, test.options, count))
			plan, err := NewPlan(overlay(t, threeTiers, test.options))
			if err != nil {
				t.Fatal(err)
			}
			var tags []string
			if test.kong.Consumer != nil {
				tags = test.kong.Consumer.Tags
			}
			tier, limits := plan.TierOf(tags)
			got := plan.Key(test.kind, test.id, test.kong.ServiceID, test.kong.RouteID) + " in " + tier
			if want := strings.Join(count.asked, ", "); got != want {
				t.Errorf("the plan says %s, the handler counts %s", got, want)
			}
			if named, err := plan.TierNamed(tier); err != nil || named.Quota != limits.Quota || limits.Quota != 500 {
				t.Errorf("limits %v by name and %v, %v", named, limits, err)
			}
			if !plan.Counts(test.kind) {
				t.Errorf("the plan does not count by %s", test.kind)
			}
		})
	}
}

func TestAPlanTellsWhatItDoesNotKnow(t *testing.T) {
	if _, err := NewPlan(overlay(t, threeTiers, `{"default_tier": "x", "scope": "y"}`)); err == nil ||
		!strings.Contains(err.Error(), "default_tier") || !strings.Contains(err.Error(), "scope") {
		t.Errorf("a configuration with two problems: %v", err)
	}
	plan, err := NewPlan(overlay(t, threeTiers, `{"on_no_consumer": "skip"}`))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := plan.TierNamed("silver"); err == nil {
		t.Error("a tier that is not there has limits")
	}
	if plan.Counts(byIP) || plan.Counts(byCredential) || !plan.Counts(byConsumer) {
		t.Error("it counts others than consumers")
	}
	if plan, err = NewPlan(overlay(t, threeTiers, `{"limit_by": "ip", "on_no_consumer": "skip"}`)); err != nil {
		t.Fatal(err)
	}
	if !plan.Counts(byIP) || plan.Counts(byCredential) || plan.Counts(byConsumer) {
		t.Error("it counts others than addresses")
	}
}
