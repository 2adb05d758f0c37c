// Package cputime reads what processes have used of the processors.
package cputime

import (
	"errors"
	"fmt"
	"os"
	"strconv"
	"strings"
	"time"
)

// tick is the unit of proc(5): USER_HZ is 100 on every Linux that Go supports.
const tick = 10 * time.Millisecond

// Of is the time that a process with all its threads has used so far, in user mode and in the kernel.
func Of(pid int) (time.Duration, error) {
	data, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	if err != nil {
		return 0, fmt.Errorf("reading the CPU time: %w", err)
	}
	// The name may hold anything, a parenthesis too.
	rest := string(data)[strings.LastIndex(string(data), ")")+1:]
	const utime, stime = 11, 12 // counted from the field after the name
	return sum(strings.Fields(rest), utime, stime)
}

// Machine is the time that all processors were busy since the machine started.
func Machine() (time.Duration, error) {
	data, err := os.ReadFile("/proc/stat")
	if err != nil {
		return 0, fmt.Errorf("reading the CPU time: %w", err)
	}
	line, _, _ := strings.Cut(string(data), "\n")
	const user, nice, system, irq, softirq = 1, 2, 3, 6, 7 // steal, which others use, is not among them
	return sum(strings.Fields(line), user, nice, system, irq, softirq)
}

func sum(fields []string, which ...int) (time.Duration, error) {
	var total time.Duration
	var problems []error
	for _, i := range which {
		if i >= len(fields) {
			return 0, fmt.Errorf("reading the CPU time: %d fields, want more than %d", len(fields), i)
		}
		n, err := strconv.Atoi(fields[i])
		problems = append(problems, err)
		total += time.Duration(n) * tick
	}
	return total, errors.Join(problems...)
}
