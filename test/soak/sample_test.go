package soak

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"strconv"
	"strings"
	"time"

	"github.com/redis/go-redis/v9"

	"tollgate/test/sandbox"
)

// sample is what the plugin server, its parent and Redis hold at one time. Sizes are in bytes.
type sample struct {
	at         time.Duration
	goroutines int
	files      int
	resident   int
	heap       int // live, after a collection
	instances  int
	connected  int
	redisKeys  int
	parent     parent
}

// parent is the process above the plugin server.
type parent struct{ files, resident int }

func (s *soak) sample(began time.Time) (sample, error) {
	if _, err := s.status("/debug/pprof/heap?gc=1"); err != nil { // collects
		return sample{}, err
	}
	metrics, err := s.status("/metrics")
	if err != nil {
		return sample{}, err
	}
	one := sample{at: time.Since(began), redisKeys: s.keys(), parent: s.parent()}
	var errs []error
	for name, to := range map[string]*int{
		"go_goroutines": &one.goroutines, "process_open_fds": &one.files, "process_resident_memory_bytes": &one.resident,
		"go_memstats_heap_alloc_bytes": &one.heap, "tollgate_server_instances": &one.instances, "tollgate_server_connections": &one.connected,
	} {
		value, err := metric(metrics, name)
		errs = append(errs, err)
		*to = value
	}
	return one, errors.Join(errs...)
}

func (s *soak) status(path string) (string, error) {
	response, err := http.Get(s.StatusURL + path)
	if err != nil {
		return "", fmt.Errorf("asking the plugin server: %w", err)
	}
	defer response.Body.Close()
	body, err := io.ReadAll(response.Body)
	return string(body), err
}

func metric(metrics, name string) (int, error) {
	_, after, found := strings.Cut(metrics, "\n"+name+" ")
	number, _, _ := strings.Cut(after, "\n")
	value, err := strconv.ParseFloat(number, 64)
	if !found || err != nil {
		return 0, fmt.Errorf("no number of %s: %q", name, number)
	}
	return int(value), nil
}

// keys is how many Redis has; 0 where it is away.
func (s *soak) keys() int {
	addr := net.JoinHostPort(s.Redis.Host, s.Redis.Port)
	if s.redis != nil {
		addr = net.JoinHostPort("127.0.0.1", strconv.Itoa(s.redis.port))
	}
	client := redis.NewClient(&redis.Options{Addr: addr, Password: sandbox.RedisPassword, MaxRetries: -1})
	defer client.Close()
	n, err := client.DBSize(context.Background()).Result()
	if err != nil {
		return 0
	}
	return int(n)
}

func (s *soak) parent() parent {
	folder := "/proc/" + strconv.Itoa(s.PID())
	files, _ := os.ReadDir(folder + "/fd")
	statm, _ := os.ReadFile(folder + "/statm")
	pages := 0
	if fields := strings.Fields(string(statm)); len(fields) > 1 {
		pages, _ = strconv.Atoi(fields[1])
	}
	return parent{files: len(files), resident: pages * os.Getpagesize()}
}
