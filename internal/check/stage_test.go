package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"strings"
	"testing"
)

func TestEveryStageRunsAndTheLastLineCounts(t *testing.T) {
	var out strings.Builder
	r := &runner{out: &out}
	r.inTurn(context.Background(), []stage{
		{"broken", func(_ context.Context, out io.Writer) (tally, error) {
			_, err := io.WriteString(out, "look here\n")
			return tally{}, errors.Join(err, errors.New("no good"))
		}},
		{"tests", func(_ context.Context, out io.Writer) (tally, error) {
			_, err := io.WriteString(out, "seen\n")
			return tally{passed: 3, skipped: 1}, err
		}},
		{"talkative", func(_ context.Context, out io.Writer) (tally, error) {
			_, err := io.WriteString(out, "this\nand that\n")
			return tally{}, err
		}},
	})
	if r.summary() {
		t.Error("passed, though a stage failed")
	}
	lines := strings.Split(strings.TrimSpace(out.String()), "\n")
	if last := lines[len(lines)-1]; last != "3 passed, 1 failed, 1 skipped" {
		t.Errorf("last line: %q", last)
	}
	if strings.Contains(out.String(), "and that") {
		t.Errorf("much is told of what passed:\n%s", out.String())
	}
	for _, want := range []string{"look here", "no good", "failed: broken", "ok    tests", "0.0s  seen\n"} {
		if !strings.Contains(out.String(), want) {
			t.Errorf("%q is missing in\n%s", want, out.String())
		}
	}
}

func TestStagesBesideALiveOneDoNotBreakItsLines(t *testing.T) {
	var out strings.Builder
	r := &runner{out: &out}
	began := make(chan struct{})
	r.live(t.Context(), stage{"tests", func(_ context.Context, out io.Writer) (tally, error) {
		<-began // by the other, which runs meanwhile
		for range 1000 {
			fmt.Fprintln(out, "a line")
		}
		return tally{passed: 2}, nil
	}}, stage{"other tests", func(_ context.Context, out io.Writer) (tally, error) {
		close(began)
		fmt.Fprintln(out, "look here")
		return tally{passed: 3}, errors.New("no good")
	}})
	if r.summary() {
		t.Error("passed, though a stage failed")
	}
	if !strings.HasSuffix(out.String(), "\nfailed: other tests\n5 passed, 1 failed, 0 skipped\n") || strings.Count(out.String(), "a line\n") != 1000 {
		t.Errorf("told:\n%s", out.String())
	}
}

func TestDifferencesNameChangedGoneAndNew(t *testing.T) {
	before := map[string]int{"same": 1, "changed": 1, "gone": 1}
	after := map[string]int{"same": 1, "changed": 2, "new": 1}
	if got := strings.Join(differences(before, after), " "); got != "changed gone new" {
		t.Errorf("differences: %s", got)
	}
}

func TestTotalsOfNode(t *testing.T) {
	counts, err := readTAP("ok 1 - a\n# tests 4\n# pass 2\n# fail 1\n# cancelled 0\n# skipped 1\n# duration_ms 7.5\n")
	if want := (tally{passed: 2, failed: 1, skipped: 1}); err != nil || counts != want {
		t.Errorf("%+v, %v", counts, err)
	}
	if _, err := readTAP("node: bad option\n"); err == nil {
		t.Error("no totals, no error")
	}
}

func TestRulesCoverWholePaths(t *testing.T) {
	web := rule{mustNot: []string{"linger/broker"}}
	broker := rule{may: []string{"linger/broker/wheel"}}
	for path, want := range map[string]bool{"linger/broker": false, "linger/broker/wheel": false, "linger/brokerage": true} {
		if web.allows(path) != want {
			t.Errorf("allows(%s) = %v", path, !want)
		}
	}
	if !broker.allows("linger/broker/wheel") || broker.allows("linger/proto/linger/v1") {
		t.Error("a list of what may be reached is not kept to")
	}
}
