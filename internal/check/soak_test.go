package main

import (
	"io"
	"strings"
	"testing"
)

func TestSharesOfTheSoakAddUp(t *testing.T) {
	whole := fuzzShare
	for _, p := range parts {
		whole += p.share
	}
	if whole != soakMinutes {
		t.Errorf("the parts have %d of %d minutes", whole, soakMinutes)
	}
}

func TestSoakMinutesThatAreNone(t *testing.T) {
	for _, minutes := range []string{"an hour", "0", "-1"} {
		err := soak(t.Context(), &runner{out: io.Discard}, nil, func(string) string { return minutes })
		if err == nil || !strings.Contains(err.Error(), "SOAK_MINUTES="+minutes) {
			t.Errorf("%s: %v", minutes, err)
		}
	}
}
