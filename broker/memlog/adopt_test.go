package memlog_test

import (
	"context"
	"errors"
	"testing"
	"time"

	"linger/broker"
	"linger/broker/memlog"
)

// A log of memory topics takes those that the store made, under the ids that the store gave them.
func TestAdopt(t *testing.T) {
	l := memlog.New(memlog.Options{Clock: broker.NewClock(time.Now), Adopt: true})
	if err := l.Open(context.Background(), func(broker.Commit) {}); err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	propose := func(p broker.Proposal, want error) broker.Commit {
		t.Helper()
		type answer struct {
			c   broker.Commit
			err error
		}
		answers := make(chan answer, 1)
		l.Append(p, func(c broker.Commit, err error) { answers <- answer{c, err} })
		a := <-answers
		if !errors.Is(a.err, want) {
			t.Fatalf("%+v: %v, want %v", p, a.err, want)
		}
		return a.c
	}
	put := func(id broker.TopicID) broker.Proposal {
		return broker.Proposal{Kind: broker.KindTopicPut, Topic: id, Put: broker.TopicPut{Name: "t"}}
	}
	message := func(id broker.TopicID) broker.Proposal {
		return broker.Proposal{Kind: broker.KindPublished, Topic: id, Count: 2, Body: []byte{0x42, 0, 0x42, 0}, Size: 4, TTL: time.Hour}
	}
	propose(message(70), broker.ErrTopicNotFound)
	if c := propose(put(70), nil); c.First != 1 || c.Position != 1 {
		t.Errorf("%+v", c)
	}
	propose(message(70), nil)
	if c := propose(message(70), nil); c.First != 3 || c.Topic != 70 {
		t.Errorf("%+v", c)
	}
	propose(broker.Proposal{Kind: broker.KindTopicDeleted, Topic: 70}, nil)
	propose(message(70), broker.ErrTopicNotFound)
	propose(put(99), nil) // made again, under the same name
	if c := propose(message(99), nil); c.First != 1 {
		t.Errorf("%+v", c)
	}
}
