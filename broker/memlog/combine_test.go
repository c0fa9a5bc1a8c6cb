package memlog_test

import (
	"context"
	"testing"
	"time"

	"linger/broker"
	"linger/broker/memlog"
)

// Where nobody else is at work, whoever proposes has the answer at once, and so have those who came before.
func TestCombineWhenIdle(t *testing.T) {
	applied := 0
	l := memlog.New(memlog.Options{Clock: broker.NewClock(time.Now), Adopt: true})
	if err := l.Open(context.Background(), func(broker.Commit) { applied++ }); err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	put := broker.Proposal{Kind: broker.KindTopicPut, Topic: 7, Put: broker.TopicPut{Name: "t"}}
	message := broker.Proposal{Kind: broker.KindPublished, Topic: 7, Count: 1, Body: []byte{0x42, 0}, Size: 2, TTL: time.Hour}
	var answers []uint64
	note := func(c broker.Commit, err error) {
		if err != nil || applied != int(c.Position) {
			t.Errorf("%+v is answered when %d are applied: %v", c, applied, err)
		}
		answers = append(answers, c.Position)
	}
	l.Combine(put, note) // the race detector would tell of another goroutine
	for range 3 {
		l.Combine(message, note)
	}
	if len(answers) != 4 || answers[3] != 4 {
		t.Errorf("answers for %v", answers)
	}
}
