package kongsim

import "strings"

// phase is a set of Kong's request phases. Only rewrite and access are played;
// the others are here because PDK functions are bound to them.
type phase uint16

const (
	rewritePhase phase = 1 << iota
	accessPhase
	balancerPhase
	responsePhase
	headerFilterPhase
	bodyFilterPhase
	logPhase
	errorPhase
	adminAPIPhase
)

// Sets that several functions of the PDK share.
const (
	anyPhase         = ^phase(0)
	requestPhases    = rewritePhase | accessPhase | responsePhase | headerFilterPhase | bodyFilterPhase | logPhase | errorPhase | adminAPIPhase
	authAndLater     = accessPhase | headerFilterPhase | responsePhase | bodyFilterPhase | logPhase
	beforeContent    = rewritePhase | accessPhase | responsePhase | errorPhase | adminAPIPhase
	headerBodyLog    = responsePhase | headerFilterPhase | bodyFilterPhase | logPhase | errorPhase | adminAPIPhase
	answerPhases     = rewritePhase | accessPhase | responsePhase | balancerPhase | headerFilterPhase | errorPhase | adminAPIPhase
	upstreamResponse = responsePhase | headerFilterPhase | bodyFilterPhase | logPhase
	rewriteAccess    = rewritePhase | accessPhase
	toBalancer       = rewritePhase | accessPhase | balancerPhase
)

var phaseNames = []string{
	"rewrite", "access", "balancer", "response", "header_filter", "body_filter", "log", "error", "admin_api",
}

// String lists the phases in the set.
func (p phase) String() string {
	var names []string
	for i, name := range phaseNames {
		if p&(1<<i) != 0 {
			names = append(names, name)
		}
	}
	return strings.Join(names, ", ")
}
