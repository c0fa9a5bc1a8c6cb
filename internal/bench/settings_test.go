package bench

import (
	"slices"
	"strings"
	"testing"
	"time"
)

func TestDefaultsAreValid(t *testing.T) {
	for _, w := range Workloads() {
		s := Defaults(w)
		if err := s.Validate(); err != nil {
			t.Errorf("%s: %v", w, err)
		}
	}
	for _, s := range Quick() {
		if err := s.Validate(); err != nil {
			t.Errorf("quick %s: %v", s.Workload, err)
		}
	}
}

func TestWrongSettingsAreNamedByTheirFlag(t *testing.T) {
	for want, change := range map[string]func(*Settings){
		"--size: 27":             func(s *Settings) { s.Size = SmallestSize - 1 },
		"--publishers: 0":        func(s *Settings) { s.Publishers = 0 },
		"--subscribers: -1":      func(s *Settings) { s.Subscribers = -1 },
		"--topics: 0":            func(s *Settings) { s.Topics = 0 },
		"--subscribers 11 or":    func(s *Settings) { s.Topics = 641 },
		"--rate: -1":             func(s *Settings) { s.Rate = -1 },
		"--batch: 10001":         func(s *Settings) { s.Batch = 10_001 },
		"4 MiB":                  func(s *Settings) { s.Batch, s.Size = 10_000, 1000 },
		"--topic: \"a.*\"":       func(s *Settings) { s.Topic = "a.*" },
		"one of them":            func(s *Settings) { s.Messages, s.Duration = 0, 0 },
		"no workload \"stress\"": func(s *Settings) { s.Workload = "stress" },
		"latency needs one":      func(s *Settings) { s.Workload, s.Rate = Latency, 0 },
		"--ttl: expiry":          func(s *Settings) { s.Workload, s.Rate, s.TTL = Expiry, 1, time.Millisecond },
		"--duration: 1s":         func(s *Settings) { s.Workload, s.Rate, s.Duration = Expiry, 1, time.Second },
		"use --topics 2":         func(s *Settings) { s.Workload, s.Rate, s.Batch = Expiry, 1, 1 },
	} {
		s := Defaults(Fanout)
		change(&s)
		if err := s.Validate(); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%v, want %s", err, want)
		}
	}
}

func TestEachTopicIsSomebodysAndEvenlySo(t *testing.T) {
	for of := 1; of <= 12; of++ {
		for n := 1; n <= 12; n++ {
			shares := make([]int, n)
			most, least := 0, n
			for i := range of {
				mine := share(i, of, n)
				most, least = max(most, len(mine)), min(least, len(mine))
				for _, topic := range mine {
					shares[topic]++
				}
			}
			if slices.Min(shares) == 0 || slices.Max(shares)-slices.Min(shares) > 1 || most-least > 1 {
				t.Errorf("%d share %d topics: each is of %v, and has %d to %d", of, n, shares, least, most)
			}
		}
	}
}
