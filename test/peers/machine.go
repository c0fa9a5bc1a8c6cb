package main

import (
	"fmt"
	"io"
	"os"
	"os/exec"
	"runtime"
	"strconv"
	"strings"
	"time"

	"golang.org/x/sys/unix"
)

// A machine is what a run was made on.
type machine struct {
	CPU        string            `json:"cpu"`
	Cores      int               `json:"cores"`
	Memory     string            `json:"memory"`
	Kernel     string            `json:"kernel"`
	FileSystem string            `json:"file_system"`
	Go         string            `json:"go"`
	Versions   map[string]string `json:"versions"`
	Begun      time.Time         `json:"begun"`
	Ended      time.Time         `json:"ended"`
	LoadBefore string            `json:"load_before"`
	LoadAfter  string            `json:"load_after"`
}

func describeMachine(o *options) *machine {
	m := &machine{
		CPU: procField("/proc/cpuinfo", "model name"), Cores: runtime.NumCPU(), Memory: procField("/proc/meminfo", "MemTotal"),
		FileSystem: fileSystem(o.dir), Go: runtime.Version(), Versions: map[string]string{}, Begun: time.Now(), LoadBefore: loadAverage(),
	}
	var name unix.Utsname
	if unix.Uname(&name) == nil {
		m.Kernel = unix.ByteSliceToString(name.Release[:])
	}
	s := &site{binaries: o.binaries}
	for program, arg := range map[string]string{"linger": "version", "nats-server": "--version", "redis-server": "--version", "mosquitto": "-h"} {
		path, err := s.find(program)
		if err != nil {
			m.Versions[program] = "missing"
			continue
		}
		said, _ := exec.Command(path, arg).CombinedOutput() // mosquitto -h exits with 3
		m.Versions[program], _, _ = strings.Cut(strings.TrimSpace(string(said)), "\n")
	}
	return m
}

func (m *machine) print(out io.Writer) {
	fmt.Fprintf(out, "%s, %d cores, %s; Linux %s, %s; %s\n", m.CPU, m.Cores, m.Memory, m.Kernel, m.FileSystem, m.Go)
	for _, program := range []string{"linger", "nats-server", "redis-server", "mosquitto"} {
		fmt.Fprintf(out, "  %-13s %s\n", program, m.Versions[program])
	}
}

// procField finds "name : value" in a file of /proc.
func procField(path, name string) string {
	text, err := os.ReadFile(path)
	if err != nil {
		return "unknown"
	}
	for line := range strings.Lines(string(text)) {
		key, value, found := strings.Cut(line, ":")
		if found && strings.TrimSpace(key) == name {
			return strings.TrimSpace(value)
		}
	}
	return "unknown"
}

// stolenTime is what the host of a virtual machine has kept from its cores so far. The kernel tells it in hundredths of a
// second.
func stolenTime() time.Duration {
	text, err := os.ReadFile("/proc/stat")
	if err != nil {
		return 0
	}
	line, _, _ := strings.Cut(string(text), "\n")
	fields := strings.Fields(line)
	if len(fields) < 9 {
		return 0
	}
	stolen, _ := strconv.Atoi(fields[8]) // the kernel writes numbers
	return time.Duration(stolen) * 10 * time.Millisecond
}

func loadAverage() string {
	text, err := os.ReadFile("/proc/loadavg")
	if err != nil {
		return "unknown"
	}
	load, _, _ := strings.Cut(string(text), " ")
	return load
}

// fileSystem names the one below which servers store: the mount whose path is the longest that contains dir.
func fileSystem(dir string) string {
	text, err := os.ReadFile("/proc/mounts")
	if err != nil {
		return "unknown"
	}
	longest, kind := "", "unknown"
	for line := range strings.Lines(string(text)) {
		fields := strings.Fields(line)
		if len(fields) > 2 && len(fields[1]) >= len(longest) && strings.HasPrefix(dir+"/", strings.TrimSuffix(fields[1], "/")+"/") {
			longest, kind = fields[1], fields[2]
		}
	}
	return kind
}
