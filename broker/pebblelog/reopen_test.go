package pebblelog_test

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"testing"
	"time"

	"linger/broker"
	"linger/broker/pebblelog"
)

// harness is a log and all that it applied.
type harness struct {
	*pebblelog.Log
	applied []broker.Commit
}

func quiet() *slog.Logger { return slog.New(slog.DiscardHandler) }

func open(t testing.TB, o pebblelog.Options) *harness {
	t.Helper()
	h, err := tryOpen(o)
	if err != nil {
		t.Fatal(err)
	}
	return h
}

func tryOpen(o pebblelog.Options) (*harness, error) {
	if o.Logger == nil {
		o.Logger = quiet()
	}
	l, err := pebblelog.Open(o)
	if err != nil {
		return nil, err
	}
	h := &harness{Log: l}
	var loaded error
	err = l.Open(context.Background(), func(c broker.Commit) {
		loaded = errors.Join(loaded, load(l, &c))
		h.applied = append(h.applied, c)
	})
	if err = errors.Join(err, loaded); err != nil {
		l.Close()
		return nil, err
	}
	return h, nil
}

// load completes a commit that came back without its body.
func load(l *pebblelog.Log, c *broker.Commit) (err error) {
	if c.Kind == broker.KindPublished && c.Body == nil && c.Size > 0 {
		c.Body, err = l.Load(context.Background(), broker.Ref{Position: c.Position, Topic: c.Topic})
	}
	return err
}

// commit proposes and waits.
func (h *harness) commit(p broker.Proposal) (broker.Commit, error) {
	type outcome struct {
		c   broker.Commit
		err error
	}
	result := make(chan outcome, 1)
	h.Append(p, func(c broker.Commit, err error) { result <- outcome{c, err} })
	r := <-result
	return r.c, r.err
}

func (h *harness) mustCommit(t testing.TB, p broker.Proposal) broker.Commit {
	t.Helper()
	c, err := h.commit(p)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

func topicPut(name string) broker.Proposal {
	return broker.Proposal{Kind: broker.KindTopicPut, Put: broker.TopicPut{
		Name: name, Incarnation: 77, Created: 5, Durability: broker.DurabilityFsynced,
		Policy: broker.Policy{Min: time.Millisecond, Default: time.Minute, Max: 7 * 24 * time.Hour},
	}}
}

func published(topic broker.TopicID, ttl time.Duration, body string) broker.Proposal {
	return broker.Proposal{Kind: broker.KindPublished, Topic: topic, Count: 1, TTL: ttl, Body: []byte(body), Size: len(body)}
}

func TestReopen(t *testing.T) {
	dir := t.TempDir()
	h := open(t, pebblelog.Options{Dir: dir})
	id := broker.TopicID(h.mustCommit(t, topicPut("a")).Position)
	for i := range 1000 {
		c := h.mustCommit(t, published(id, time.Hour, fmt.Sprint(i)))
		if c.First != uint64(i+1) {
			t.Fatalf("sequence %d", c.First)
		}
	}
	h.mustCommit(t, published(id, 0, "passing"))
	if err := h.Close(); err != nil {
		t.Fatal(err)
	}
	again := open(t, pebblelog.Options{Dir: dir})
	defer again.Close()
	if got := again.applied[0]; got.First != 1002 || got.Put.Name != "a" {
		t.Errorf("topic %+v", got)
	}
	runs := again.applied[1 : len(again.applied)-1]
	if len(runs) != 1000 {
		t.Fatalf("%d runs", len(runs))
	}
	for i, c := range runs {
		if string(c.Body) != fmt.Sprint(i) {
			t.Fatalf("run %d: %q", i, c.Body)
		}
		body, err := again.Load(context.Background(), broker.Ref{Position: c.Position, Topic: id})
		if err != nil || string(body) != string(c.Body) {
			t.Fatalf("load %d: %q, %v", i, body, err)
		}
	}
	if r := again.Recovered(); !r.Clean || r.Messages != 1000 {
		t.Errorf("recovered %+v", r)
	}
	if c := again.mustCommit(t, published(id, time.Hour, "next")); c.First != 1002 {
		t.Errorf("next is %d", c.First)
	}
}

// TestRecoveryTellsHowFarItIs follows the progress of a recovery, and what expired before it.
func TestRecoveryTellsHowFarItIs(t *testing.T) {
	dir := t.TempDir()
	now := time.Now()
	clock := func() *broker.Clock { return broker.NewClock(func() time.Time { return now }) }
	h := open(t, pebblelog.Options{Dir: dir, Clock: clock()})
	id := broker.TopicID(h.mustCommit(t, topicPut("a")).Position)
	h.mustCommit(t, published(id, time.Minute, "short"))
	h.mustCommit(t, published(id, 61*time.Second, "short too"))
	for range 9999 {
		h.Append(published(id, time.Hour, "x"), func(broker.Commit, error) {})
	}
	h.mustCommit(t, published(id, time.Hour, "x"))
	if err := h.Close(); err != nil {
		t.Fatal(err)
	}

	now = now.Add(2 * time.Minute)
	var told []int64
	again := open(t, pebblelog.Options{Dir: dir, Clock: clock(), Progress: func(done, total int64) {
		if done < 0 || done >= total || len(told) > 0 && done < told[len(told)-1] {
			t.Errorf("%d of %d after %d", done, total, told)
		}
		told = append(told, done)
	}})
	defer again.Close()
	if len(told) < 3 || told[0] != 0 || told[2] < 4000 {
		t.Errorf("told %d", told)
	}
	if r := again.Recovered(); r.Messages != 10_000 || r.Dead != 2 || r.Expired != 2 {
		t.Errorf("recovered %+v", r)
	}
}
