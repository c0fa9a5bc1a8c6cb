package main

import (
	"fmt"
	"os/exec"
	"strconv"
	"strings"
)

// What needs no server stands in the broker's own benchmarks, which report a ratio. They are run with go test, in the
// checkout's root.

func wheelBenchmarks(h *harness) error {
	entry, err := h.benchmark("./broker/wheel", "BenchmarkTenMillion", "1x", "ns/entry")
	if err != nil {
		return err
	}
	h.tell("a deadline put on the wheel and taken off, 10 M of them", entry, "ns", "")
	mass, err := h.benchmark("./broker", "BenchmarkMassExpiry", "1000000x", "ratio")
	if err == nil {
		h.goal("the end of a message, of 1 M in tenths at one instant ÷ alone", mass, "×", 1, "")
	}
	return err
}

func patternBenchmarks(h *harness) error {
	for _, one := range []struct{ name, times, what string }{
		{"BenchmarkPublishBesidePatterns", "500000x", "a publish to 100,000 topics, 10,000 patterns of others ÷ none"},
		{"BenchmarkTopicBesidePatterns", "5000x", "a new topic, 10,000 patterns of others ÷ none"},
		{"BenchmarkPatternBesideTopics", "5000x", "a new pattern that selects ten, 100,000 topics ÷ 100"},
	} {
		ratio, err := h.benchmark("./broker", one.name, one.times, "ratio")
		if err != nil {
			return err
		}
		h.goal(one.what, ratio, "×", 1.3, "")
	}
	return nil
}

// benchmark runs one and gives what it reports in a unit.
func (h *harness) benchmark(where, name, times, unit string) (float64, error) {
	cmd := exec.CommandContext(h.ctx, "go", "test", "-run", "^$", "-bench", "^"+name+"$", "-benchtime", times, where)
	out, err := cmd.CombinedOutput()
	if err != nil {
		return 0, fmt.Errorf("%s: %w\n%s", cmd, err, out)
	}
	for line := range strings.Lines(string(out)) {
		fields := strings.Fields(line)
		for i, field := range fields {
			if i > 0 && field == unit && strings.HasPrefix(line, name) {
				return strconv.ParseFloat(fields[i-1], 64)
			}
		}
	}
	return 0, fmt.Errorf("%s reported no %s\n%s", name, unit, out)
}
