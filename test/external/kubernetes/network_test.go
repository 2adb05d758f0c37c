package kubernetes

import (
	"testing"

	networking "k8s.io/api/networking/v1"
	meta "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/labels"
)

// pod is one side of a connection. A policy is of the namespace of the gateways.
type pod struct {
	namespace string
	labels    labels.Set
}

const gateways = "kong"

// chartPod is a pod that the chart makes for a release.
func chartPod(release string) pod {
	return pod{gateways, labels.Set{"app.kubernetes.io/name": "kong", "app.kubernetes.io/component": "app", "app.kubernetes.io/instance": release}}
}

func matches(t *testing.T, s *meta.LabelSelector, set labels.Set) bool {
	t.Helper()
	selector, err := meta.LabelSelectorAsSelector(s)
	if err != nil {
		t.Fatal(err)
	}
	return selector.Matches(set)
}

// isPeer tells whether a rule that names those peers means the pod; one without peers means everybody.
func isPeer(t *testing.T, peers []networking.NetworkPolicyPeer, p pod) bool {
	t.Helper()
	for _, peer := range peers {
		switch {
		case peer.IPBlock != nil:
		case peer.NamespaceSelector != nil:
			if matches(t, peer.NamespaceSelector, labels.Set{"kubernetes.io/metadata.name": p.namespace}) {
				return true
			}
		case p.namespace == gateways && matches(t, peer.PodSelector, p.labels):
			return true
		}
	}
	return len(peers) == 0
}

func hasPort(ports []networking.NetworkPolicyPort, port int) bool {
	for _, one := range ports {
		if one.Port.IntValue() == port {
			return true
		}
	}
	return len(ports) == 0
}

// permits tells whether the policies let one pod connect to another: each side's own, where it has any.
func permits(t *testing.T, from, to pod, port int) bool {
	t.Helper()
	leaves, leavesBy, enters, entersBy := false, false, false, false
	for _, policy := range of[*networking.NetworkPolicy](objects(t)) {
		if from.namespace == policy.Namespace && matches(t, &policy.Spec.PodSelector, from.labels) {
			leaves = true
			for _, rule := range policy.Spec.Egress {
				leavesBy = leavesBy || isPeer(t, rule.To, to) && hasPort(rule.Ports, port)
			}
		}
		if to.namespace == policy.Namespace && matches(t, &policy.Spec.PodSelector, to.labels) {
			enters = true
			for _, rule := range policy.Spec.Ingress {
				entersBy = entersBy || isPeer(t, rule.From, from) && hasPort(rule.Ports, port)
			}
		}
	}
	return (!leaves || leavesBy) && (!enters || entersBy)
}

// The releases are those of README.md.
func TestWhoMayConnectToWhom(t *testing.T) {
	alone, control, data := chartPod("kong"), chartPod("control"), chartPod("data")
	redis := pod{gateways, labels.Set{"app.kubernetes.io/name": "redis"}}
	postgres := pod{gateways, labels.Set{"app.kubernetes.io/name": "postgres"}}
	prometheus, deck, other := pod{namespace: "monitoring"}, pod{namespace: "deploy"}, pod{namespace: "other"}
	for _, row := range []struct {
		name     string
		from, to pod
		port     int
		want     bool
	}{
		{"a gateway asks Redis", alone, redis, 6379, true},
		{"a data plane asks Redis", data, redis, 6379, true},
		{"a data plane asks the control plane", data, control, 8005, true},
		{"a data plane does not reach the Admin API", data, control, 8444, false},
		{"a data plane does not reach the database", data, postgres, 5432, false},
		{"the control plane reaches the database", control, postgres, 5432, true},
		{"the control plane has no business with Redis", control, redis, 6379, false},
		{"decK reaches the Admin API", deck, control, 8444, true},
		{"others do not", other, control, 8444, false},
		{"others are no data planes", other, control, 8005, false},
		{"Prometheus scrapes a gateway", prometheus, alone, 9145, true},
		{"Prometheus scrapes a data plane", prometheus, data, 9145, true},
		{"Prometheus scrapes the control plane", prometheus, control, 9145, true},
		{"others scrape nothing", other, data, 9145, false},
		{"only the F5 sends requests", other, data, 8000, false},
		{"nobody sends requests to the control plane", data, control, 8000, false},
	} {
		t.Run(row.name, func(t *testing.T) {
			if got := permits(t, row.from, row.to, row.port); got != row.want {
				t.Errorf("permitted: %t", got)
			}
		})
	}
}
