package main

import (
	"bytes"
	"os"
	"runtime"
	"strconv"
	"strings"

	"firstspike/internal/simd"
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
