package main

import (
	"context"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"testing"
	"time"
)

// TestMain lets the test's own program be the processes of a measurement.
func TestMain(m *testing.M) {
	if len(os.Args) > 2 && (os.Args[1] == "worker" || os.Args[1] == "floor") {
		if err := run(os.Args[1:]); err != nil {
			os.Stderr.WriteString(err.Error())
			os.Exit(1)
		}
		return
	}
	os.Exit(m.Run())
}

// Every kind of load, on Linger and the floors alone: what needs no other server. What it measures is not looked at,
// but that it measures, that no message is lost, and that nothing is left behind.
func TestEveryKindOfLoad(t *testing.T) {
	o := &options{rounds: 1, only: regexp.MustCompile(""), systems: regexp.MustCompile(""), dir: t.TempDir(), binaries: t.TempDir()}
	build := exec.CommandContext(t.Context(), "go", "-C", "../..", "build", "-buildvcs=false", "-ldflags=-s -w", "-o", filepath.Join(o.binaries, "linger"), ".")
	if out, err := build.CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	flow := job{Publishers: 2, Readers: 2, Topics: 2, Size: small, InFlight: 100}
	loads := []entry{
		{system: lingerMemory, job: flow},
		{system: lingerLane, job: flow},
		{system: lingerFile, job: job{Publishers: 2, Readers: 1, Topics: 1, Size: small}},
		{system: lingerFile, job: job{Publishers: 2, Topics: 1, Size: small, Waiting: true}},
		{system: lingerFileStream, job: job{Publishers: 1, Topics: 1, Size: small, Waiting: true}},
		{system: lingerMemory, job: job{Publishers: 1, Readers: 3, Topics: 1, Size: large, Rate: 50, Last: true}},
		{system: lingerMemory, job: job{Publishers: 1, Readers: 1, Topics: 1, Size: small, Count: 1000}},
		{system: tcpCopy, job: job{Publishers: 1, Readers: 1, Topics: 1, Size: large}},
		{system: grpcEcho, job: job{Publishers: 1, Topics: 1, Size: small, Waiting: true}},
		{system: grpcEchoCall, job: job{Publishers: 1, Topics: 1, Size: small, Waiting: true, Rate: 100}},
		{system: rawSync, job: job{Publishers: 1, Topics: 1, Size: small, Waiting: true}},
	}
	w := &workload{name: "smoke", unit: rate, warm: 10 * time.Millisecond, length: 200 * time.Millisecond, entries: loads}
	for i := range loads {
		s, err := o.once(context.Background(), w, &loads[i])
		if err != nil || s.Rate <= 0 {
			t.Errorf("%s: %+v, %v", loads[i].name(), s, err)
		}
	}
	left, err := os.ReadDir(o.dir)
	if err != nil || len(left) > 0 {
		t.Errorf("left behind: %v, %v", left, err)
	}
}

// The table is what -only and goals refer to: by names, which must be there once.
func TestWorkloadsFitTogether(t *testing.T) {
	names := map[string]bool{}
	for _, w := range workloads() {
		if names[w.name] {
			t.Errorf("%s twice", w.name)
		}
		names[w.name] = true
		entries := map[string]bool{}
		for _, e := range w.entries {
			if entries[e.name()] {
				t.Errorf("%s: %s twice", w.name, e.name())
			}
			entries[e.name()] = true
		}
		for _, e := range w.entries {
			for _, g := range e.goals {
				for _, term := range g.against {
					if !entries[term.entry] {
						t.Errorf("%s: %s is compared with %s, which is not measured", w.name, e.name(), term.entry)
					}
				}
			}
		}
	}
}
