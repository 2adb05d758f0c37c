package loadbalancer

import (
	"bufio"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"
)

// arrival is a request as it arrives at the server.
type arrival struct {
	head
	peer, port string // of the connection that it came on
}

// values are those of a header's lines, in order.
func (a arrival) values(name string) (values []string) {
	for _, line := range a.lines {
		if strings.EqualFold(line.Name, name) {
			values = append(values, line.Value)
		}
	}
	return values
}

// server answers each request, and hands it to arrivals.
func server(t *testing.T) (addr string, arrivals <-chan arrival) {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	const many = 16
	came := make(chan arrival, many)
	var running sync.WaitGroup
	running.Go(func() {
		for {
			conn, err := listener.Accept()
			if err != nil {
				return
			}
			running.Go(func() { answer(conn, came) })
		}
	})
	t.Cleanup(func() { // runs after that of a load balancer, which was started later and closes its connections
		listener.Close()
		running.Wait()
	})
	return listener.Addr().String(), came
}

func answer(conn net.Conn, came chan<- arrival) {
	defer conn.Close()
	in := bufio.NewReader(conn)
	for {
		h, err := readHead(in)
		if err != nil {
			return
		}
		peer, port, _ := net.SplitHostPort(conn.RemoteAddr().String())
		came <- arrival{h, peer, port}
		if _, err := io.WriteString(conn, "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"); err != nil {
			return
		}
	}
}

// client is a connection to a load balancer.
type client struct {
	t    *testing.T
	conn net.Conn
	in   *bufio.Reader
}

func connect(t *testing.T, addr string) *client {
	t.Helper()
	conn, err := net.Dial("tcp", addr)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { conn.Close() })
	const patience = 20 * time.Second
	if err := conn.SetDeadline(time.Now().Add(patience)); err != nil {
		t.Fatal(err)
	}
	return &client{t, conn, bufio.NewReader(conn)}
}

// send sends a request with these header lines, and returns the answer's status; 0 where the connection was
// closed.
func (c *client) send(method string, lines ...string) int {
	c.t.Helper()
	text := fmt.Sprintf("%s /path?query HTTP/1.1\r\n%s\r\n\r\n", method, strings.Join(lines, "\r\n"))
	if _, err := io.WriteString(c.conn, text); err != nil {
		c.t.Fatal(err)
	}
	response, err := http.ReadResponse(c.in, nil)
	if err != nil {
		return 0
	}
	defer response.Body.Close()
	if _, err := io.Copy(io.Discard, response.Body); err != nil {
		c.t.Fatal(err)
	}
	return response.StatusCode
}
