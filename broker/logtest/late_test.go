package logtest_test

import (
	"context"
	"encoding/binary"
	"fmt"
	"math/rand/v2"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"linger/broker"
	"linger/broker/logtest"
)

// TestLateIsALog holds the late log, told in time, to what every log has to pass.
func TestLateIsALog(t *testing.T) {
	logtest.Run(t, func(t *testing.T) logtest.Factory {
		return logtest.Factory{Forgets: true, Open: func(t testing.TB, clock *broker.Clock) broker.Log {
			late := logtest.NewLate(logtest.LateOptions{Clock: clock})
			t.Cleanup(func() { late.Close() })
			return late.Node()
		}}
	})
}

// state is what a broker shows of itself, with all that must not depend on which broker it is.
func state(t *testing.T, b *broker.Broker) string {
	t.Helper()
	var all string
	topics, _, err := b.Topics("", "", 0)
	if err != nil {
		t.Fatal(err)
	}
	for _, i := range topics {
		ended := i.Counts.Ended.Total() // delivered or not is each broker's own
		all += fmt.Sprintf("%s %d created %d policy %+v published %d retained %d (%d bytes) passing %d ended %d deleted %d evicted %d, next #%d at %d\n",
			i.Name, i.Incarnation, i.Created, i.Policy, i.Counts.Published, i.Counts.Retained, i.Counts.RetainedBytes,
			i.Counts.Passing, ended, i.Counts.Ended.Deleted, i.Counts.Ended.Evicted, i.NextSequence, i.NextDeadline)
	}
	page, err := b.List(broker.ListOptions{Pattern: ">", Limit: 1 << 20})
	if err != nil {
		t.Fatal(err)
	}
	for _, m := range page.Messages {
		all += fmt.Sprintf("%s #%d %d for %v until %d at most %d %q\n", m.Topic, m.Sequence, m.PublishTime, m.Granted, m.Deadline, m.MaxDeadline, m.Message)
	}
	return all
}

func TestTwoBrokersEndInEqualState(t *testing.T) {
	for seed := range uint64(40) {
		synctest.Test(t, func(t *testing.T) {
			random := &locked{r: rand.New(rand.NewPCG(seed, 0))}
			late := logtest.NewLate(logtest.LateOptions{
				Clock: broker.NewClock(time.Now),
				Delay: func() time.Duration { return time.Duration(random.IntN(300)) * time.Millisecond },
				Fate: func(broker.Proposal) logtest.Fate {
					return []logtest.Fate{logtest.Commits, logtest.Commits, logtest.CommitsInDoubt, logtest.VanishesInDoubt}[random.IntN(4)]
				},
			})
			rule, changes := broker.LimitRule(seed%4), make(turns, 1)
			brokers := []*broker.Broker{open(t, late, rule), open(t, late, rule)}
			var all sync.WaitGroup
			for i := range 4 {
				all.Go(func() { trouble(brokers[i%2], random, changes, byte(i+1)) })
			}
			all.Wait()
			time.Sleep(10 * time.Second) // what is on its way arrives
			want := state(t, brokers[0])
			if got := state(t, brokers[1]); got != want {
				t.Errorf("seed %d: one broker has\n%s, the other\n%s", seed, want, got)
			}
			third := open(t, late, rule) // from the beginning
			if got := state(t, third); got != want {
				t.Errorf("seed %d: before\n%s, after a restart\n%s", seed, want, got)
			}
			for _, b := range append(brokers, third) {
				if err := b.Close(); err != nil {
					t.Error(err)
				}
			}
			late.Close()
		})
	}
}

// open starts a broker whose topics hold few messages, by a rule; without one any number.
func open(t *testing.T, late *logtest.Late, rule broker.LimitRule) *broker.Broker {
	t.Helper()
	c := broker.Config{Log: late.Node(), Clock: broker.NewClock(time.Now), Policy: broker.Policy{AtLimit: rule}}
	if rule != broker.LimitDefault {
		c.Policy.MaxMessages = 5
	}
	b, err := broker.Open(context.Background(), c)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// locked is a random source for many.
type locked struct {
	mu sync.Mutex
	r  *rand.Rand
}

func (l *locked) IntN(n int) int {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.r.IntN(n)
}

// turns lets one at a time.
type turns chan struct{}

// take does f, and comes back when every broker has been told.
func (t turns) take(f func()) {
	t <- struct{}{}
	f()
	time.Sleep(time.Second) // as often as the log may be late, and its doubts settled
	<-t
}

// trouble does random things to a broker. What is extended within the lateness of the log before its end lives on only where
// that was accepted (decision 7). So lifetimes are long against that, or very short, and one is changed at a time.
func trouble(b *broker.Broker, random *locked, changes turns, producer byte) {
	ctx := context.Background()
	for number := uint64(1); number <= 40; number++ {
		topic := string('a' + rune(random.IntN(3)))
		next := uint64(1)
		if i, err := b.Topic(topic); err == nil {
			next = i.NextSequence
		}
		sequence := 1 + uint64(random.IntN(int(next)))
		switch random.IntN(12) {
		case 0:
			b.DeleteTopic(ctx, topic)
		case 1:
			b.SetPolicy(ctx, topic, broker.Policy{
				Max: time.Duration(1+random.IntN(5)) * time.Hour, MaxMessages: int64(1 + random.IntN(8)), MaxBytes: int64(50 + random.IntN(200)),
			})
		case 2, 3:
			b.DeleteMessage(ctx, topic, sequence)
		case 4, 5:
			changes.take(func() {
				b.SetDeadline(ctx, topic, sequence, b.Now().Add(time.Duration(1+random.IntN(5))*time.Hour), 0)
			})
		case 6:
			changes.take(func() { b.SetDeadline(ctx, topic, sequence, b.Now(), 0) })
		default:
			ttl := []time.Duration{0, time.Millisecond, time.Hour}[random.IntN(3)]
			count := 1 + random.IntN(4)
			answered := make(chan struct{})
			b.Publish(ctx, broker.PublishRequest{
				Producer: broker.ProducerID{producer}, Number: number,
				Batches: []broker.Batch{{Topic: topic, TTL: ttl, HasTTL: true, Count: count, Body: body(count)}},
			}, func(broker.PublishAnswer) { close(answered) })
			<-answered
			continue
		}
		number-- // it used none
		if random.IntN(3) == 0 {
			number++
			answered := make(chan struct{})
			b.Publish(ctx, broker.PublishRequest{Producer: broker.ProducerID{producer}, Number: number}, func(broker.PublishAnswer) { close(answered) })
			<-answered
		}
	}
}

func body(count int) (all []byte) {
	for i := range count {
		text := fmt.Sprint("message ", i)
		all = append(all, 0x42)
		all = binary.AppendUvarint(all, uint64(len(text)))
		all = append(all, text...)
	}
	return all
}
