package loadbalancer

import (
	"fmt"
	"strings"
	"testing"
)

// TestAWitnessIsNoLastStraw: nginx, which is below Kong too, has four buffers of 8 KiB, puts no line into two
// of them, and answers 400 where they do not do. What it takes without a witness it must take with one.
func TestAWitnessIsNoLastStraw(t *testing.T) {
	upstream, arrivals := server(t)
	behind := Nginx{}.Start(t, upstream)
	plain, signing := F5{}.Start(t, behind), F5{Secret: secret}.Start(t, behind)
	witnessed := 0
	for _, size := range []int{1000, 2500, 4150} {
		for last := 6000; last < 8150; last += 50 { // as much as fills a buffer of its own, to the last bytes
			head := []string{"Host: a"}
			for i := range 3 {
				head = append(head, fmt.Sprintf("X-%s-%d: %s", strings.Repeat("n", 50), i, strings.Repeat("v", size)))
			}
			head = append(head, "Cookie: "+strings.Repeat("c", last))
			if len(strings.Join(head, "\r\n")) > maxHead || connect(t, plain).send("GET", head...) != 200 {
				continue
			}
			<-arrivals
			if status := connect(t, signing).send("GET", head...); status != 200 {
				t.Fatalf("three lines of %d bytes and one of %d: status %d with the witness", size, last, status)
			}
			if got := <-arrivals; got.values(WitnessHeader) != nil {
				witnessed++
			}
		}
	}
	if witnessed == 0 {
		t.Error("no request had a witness")
	}
}
