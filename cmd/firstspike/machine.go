package main

import (
	"bytes"
	"os"
	"runtime"
	"strconv"
	"strings"

	"firstspike/internal/simd"
	"firstspike/train"
)

// A machine is what times depend on beside the program.
type machine struct {
	CPU    string `json:"cpu"`
	Cores  int    `json:"cores"`
	SIMD   string `json:"simd"`
	Go     string `json:"go"`
	System string `json:"system"`
}

func thisMachine() machine {
	m := machine{CPU: "unknown CPU", Cores: runtime.NumCPU(), SIMD: simd.Name(), Go: runtime.Version(), System: runtime.GOOS + "/" + runtime.GOARCH}
	// Linux tells; elsewhere there is no such file.
	text, _ := os.ReadFile("/proc/cpuinfo")
	if name := entry(text, "model name"); name != "" {
		m.CPU = strings.Join(strings.Fields(name), " ")
	}
	return m
}

// entry is the value of the first line "key : value", "" if there is none.
func entry(text []byte, key string) string {
	for line := range bytes.Lines(text) {
		name, value, ok := strings.Cut(string(line), ":")
		if ok && strings.TrimSpace(name) == key {
			return strings.TrimSpace(value)
		}
	}
	return ""
}

// peakMemory is the most memory that the process has had in bytes, and where
// that is from: the resident set as Linux knows it, elsewhere what Go has
// obtained from the system.
func peakMemory() (bytes uint64, from string) {
	text, _ := os.ReadFile("/proc/self/status")
	kilobytes, _ := strings.CutSuffix(entry(text, "VmHWM"), " kB")
	if n, err := strconv.ParseUint(kilobytes, 10, 54); err == nil && n > 0 {
		return n * 1024, "VmHWM"
	}
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return m.Sys, "runtime.MemStats.Sys"
}

// sideBySide is how many trainings of an experiment this machine has cores and
// memory for.
func sideBySide(e train.Experiment, o train.Options) int {
	images := o.Train.Len() + o.Test.Len()
	if e.Data.Limit > 0 {
		images = min(images, e.Data.Limit+o.Test.Len())
	}
	workers := o.Workers
	if workers <= 0 {
		workers = runtime.GOMAXPROCS(0)
	}
	free, ok := freeMemory()
	if !ok {
		return max(1, min(2, workers))
	}
	need := uint64(e.Memory(images))
	return int(max(1, min(uint64(workers), free*9/10/need)))
}

// freeMemory is how much memory the machine can give without swapping, and
// false where nobody tells.
func freeMemory() (bytes uint64, ok bool) {
	text, _ := os.ReadFile("/proc/meminfo")
	kilobytes, _ := strings.CutSuffix(entry(text, "MemAvailable"), " kB")
	n, err := strconv.ParseUint(kilobytes, 10, 54)
	free := n * 1024
	// A container may have less.
	for _, limit := range []struct{ most, used string }{
		{"/sys/fs/cgroup/memory.max", "/sys/fs/cgroup/memory.current"},
		{"/sys/fs/cgroup/memory/memory.limit_in_bytes", "/sys/fs/cgroup/memory/memory.usage_in_bytes"},
	} {
		most, err1 := readNumber(limit.most)
		used, err2 := readNumber(limit.used)
		if err1 == nil && err2 == nil {
			free = min(free, most-min(most, used))
		}
	}
	return free, err == nil && n > 0
}

func readNumber(path string) (uint64, error) {
	text, err := os.ReadFile(path)
	if err != nil {
		return 0, err
	}
	return strconv.ParseUint(strings.TrimSpace(string(text)), 10, 64)
}
