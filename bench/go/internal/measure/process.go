// Package measure reads what processes used and sums up latencies.
package measure

import (
	"fmt"
	"os"
	"strconv"
	"strings"
	"time"
)

// clockTicksPerSecond is USER_HZ, the unit of the times in /proc/PID/stat; Linux
// has fixed it at 100 on every architecture that Go runs on.
const clockTicksPerSecond = 100

// Usage is what some processes used together.
type Usage struct {
	CPU time.Duration
	// ResidentKiB is what they hold now, PeakKiB the most each has held.
	ResidentKiB, PeakKiB int64
}

// ParsePIDs reads a comma-separated list of process ids; empty is none.
func ParsePIDs(text string) ([]int, error) {
	var pids []int
	for part := range strings.SplitSeq(text, ",") {
		if part = strings.TrimSpace(part); part == "" {
			continue
		}
		pid, err := strconv.Atoi(part)
		if err != nil {
			return nil, fmt.Errorf("%q is no process id", part)
		}
		pids = append(pids, pid)
	}
	return pids, nil
}

// Processes sums the usage of the given processes.
func Processes(pids []int) (Usage, error) {
	var sum Usage
	for _, pid := range pids {
		cpu, err := cpuTime(pid)
		if err != nil {
			return Usage{}, err
		}
		resident, peak, err := memory(pid)
		if err != nil {
			return Usage{}, err
		}
		sum.CPU += cpu
		sum.ResidentKiB += resident
		sum.PeakKiB += peak
	}
	return sum, nil
}

// cpuTime is user plus system time: fields 14 and 15 of /proc/PID/stat, counted
// from behind the command's name, which may itself hold spaces.
func cpuTime(pid int) (time.Duration, error) {
	text, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	if err != nil {
		return 0, err
	}
	behindName := strings.LastIndexByte(string(text), ')')
	fields := strings.Fields(string(text)[behindName+1:])
	const user, system = 11, 12
	if behindName < 0 || len(fields) <= system {
		return 0, fmt.Errorf("/proc/%d/stat has an unknown form", pid)
	}
	var ticks int64
	for _, field := range []string{fields[user], fields[system]} {
		n, err := strconv.ParseInt(field, 10, 64)
		if err != nil {
			return 0, fmt.Errorf("/proc/%d/stat: %w", pid, err)
		}
		ticks += n
	}
	return time.Duration(ticks) * time.Second / clockTicksPerSecond, nil
}

func memory(pid int) (resident, peak int64, err error) {
	text, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", pid))
	if err != nil {
		return 0, 0, err
	}
	for line := range strings.Lines(string(text)) {
		fields := strings.Fields(line)
		if len(fields) < 2 {
			continue
		}
		switch fields[0] {
		case "VmRSS:":
			resident, err = strconv.ParseInt(fields[1], 10, 64)
		case "VmHWM:":
			peak, err = strconv.ParseInt(fields[1], 10, 64)
		}
		if err != nil {
			return 0, 0, fmt.Errorf("/proc/%d/status: %w", pid, err)
		}
	}
	return resident, peak, nil
}
