package pebblelog_test

import (
	"slices"
	"testing"
	"time"

	"github.com/cockroachdb/pebble/v2/vfs"

	"linger/broker"
	"linger/broker/pebblelog"
)

// TestContract8ReplacedPolicies replaces a topic's policy again and again: those that a message was published under stay
// as long as it lives, over restarts, and then go.
func TestContract8ReplacedPolicies(t *testing.T) {
	o := pebblelog.Options{Dir: "db", FS: vfs.NewMem()}
	h := open(t, o)
	id := broker.TopicID(h.mustCommit(t, topicPut("a")).Position)
	replace := func(n int) {
		put := topicPut("a")
		put.Topic, put.Put.Policy.Max = id, time.Duration(n)*time.Hour
		h.mustCommit(t, put)
	}
	// What is published under the policies of 3 and of 6 hours lives on for a while.
	var runs []broker.Commit
	for n := range 9 {
		replace(n + 1)
		c := h.mustCommit(t, published(id, time.Hour, "x"))
		if n == 2 || n == 5 {
			runs = append(runs, c)
			continue
		}
		h.Release(broker.Ref{Position: c.Position, Topic: id})
	}
	kept := func() (hours []int) {
		for _, c := range h.applied {
			if c.Kind == broker.KindTopicPut && c.Position != uint64(id) {
				hours = append(hours, int(c.Put.Policy.Max.Hours()))
			}
		}
		return hours
	}
	reopen := func(want ...int) {
		t.Helper()
		eventually(t, func() bool { return h.Policies() == len(want) })
		if err := h.Close(); err != nil {
			t.Fatal(err)
		}
		h = open(t, o)
		if got := kept(); !slices.Equal(got, want) {
			t.Errorf("policies of %d hours come back, want %d", got, want)
		}
	}
	reopen(3, 6, 9)
	h.Release(broker.Ref{Position: runs[0].Position, Topic: id})
	reopen(6, 9)
	h.Release(broker.Ref{Position: runs[1].Position, Topic: id})
	reopen(9)
	replace(10)
	reopen(10)
	if err := h.Close(); err != nil {
		t.Fatal(err)
	}
}
