package bench

import (
	"bufio"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"
	"time"

	"golang.org/x/sys/unix"
)

// Machine is the machine that was measured on.
type Machine struct {
	CPUs        int    `json:"cpus"`
	CPU         string `json:"cpu"`
	MemoryBytes int64  `json:"memoryBytes"`
	Kernel      string `json:"kernel"`
	// Load is the load average of the minute before the measurement; above the number of CPUs, the figures tell about other work too.
	Load float64 `json:"loadBefore"`
}

// podProcess is the main process of a pod, as the machine sees it.
type podProcess struct {
	dir     string // below /proc
	started time.Time
}

// ticksPerSecond is the unit of times in /proc, the same on every architecture that Linux runs Kubernetes on.
const ticksPerSecond = 100

// findProcess finds the largest process in the cgroups of a pod; the others are its sandbox.
func findProcess(podUID string) (podProcess, error) {
	groups, err := filepath.Glob("/proc/[0-9]*/cgroup")
	if err != nil {
		return podProcess{}, err
	}
	var found podProcess
	var largest int64
	for _, group := range groups {
		content, err := os.ReadFile(group)
		if err != nil || !strings.Contains(string(content), podUID) {
			continue
		}
		candidate := podProcess{dir: filepath.Dir(group)}
		size, err := candidate.residentBytes()
		if err != nil || size <= largest {
			continue
		}
		if candidate.started, err = startOf(candidate.dir); err != nil {
			continue
		}
		found, largest = candidate, size
	}
	if found.dir == "" {
		return found, fmt.Errorf("no process on this machine belongs to pod %s", podUID)
	}
	return found, nil
}

func (p podProcess) residentBytes() (int64, error) {
	return kibibytes(filepath.Join(p.dir, "status"), "VmRSS")
}

// startOf is when a process was started, to 10 ms.
func startOf(dir string) (time.Time, error) {
	content, err := os.ReadFile(filepath.Join(dir, "stat"))
	if err != nil {
		return time.Time{}, err
	}
	ticks, err := startTicks(string(content))
	if err != nil {
		return time.Time{}, err
	}
	var sinceBoot unix.Timespec
	if err := unix.ClockGettime(unix.CLOCK_BOOTTIME, &sinceBoot); err != nil {
		return time.Time{}, err
	}
	age := time.Duration(sinceBoot.Nano()) - time.Duration(ticks)*(time.Second/ticksPerSecond)
	return time.Now().Add(-age), nil
}

// startTicks reads the start time, the 22nd field; the second one, the name in parentheses, may hold anything.
func startTicks(stat string) (uint64, error) {
	fields := strings.Fields(stat[strings.LastIndexByte(stat, ')')+1:])
	if len(fields) < 20 {
		return 0, errors.New("malformed process status")
	}
	return strconv.ParseUint(fields[19], 10, 64)
}

// kibibytes reads a field such as "VmRSS:  1024 kB" as bytes.
func kibibytes(file, name string) (int64, error) {
	value, err := field(file, name)
	if err != nil {
		return 0, err
	}
	number, err := strconv.ParseInt(strings.TrimSuffix(value, " kB"), 10, 64)
	if err != nil {
		return 0, fmt.Errorf("read %s in %s: %w", name, file, err)
	}
	return number * 1024, nil
}

// field reads the first "name: value" of a file of /proc.
func field(file, name string) (string, error) {
	content, err := os.Open(file)
	if err != nil {
		return "", err
	}
	defer content.Close()
	scanner := bufio.NewScanner(content)
	for scanner.Scan() {
		if key, value, found := strings.Cut(scanner.Text(), ":"); found && strings.TrimSpace(key) == name {
			return strings.TrimSpace(value), nil
		}
	}
	return "", errors.Join(fmt.Errorf("no %s in %s", name, file), scanner.Err())
}

// thisMachine describes what was measured on.
func thisMachine() (Machine, error) {
	m := Machine{CPUs: runtime.NumCPU()}
	release, err := os.ReadFile("/proc/sys/kernel/osrelease")
	if err != nil {
		return m, err
	}
	m.Kernel = strings.TrimSpace(string(release))
	if m.CPU, err = field("/proc/cpuinfo", "model name"); err != nil {
		return m, err
	}
	if m.MemoryBytes, err = kibibytes("/proc/meminfo", "MemTotal"); err != nil {
		return m, err
	}
	load, err := os.ReadFile("/proc/loadavg")
	if err != nil {
		return m, err
	}
	_, err = fmt.Sscan(string(load), &m.Load)
	return m, err
}
