package broker_test

import (
	"errors"
	"fmt"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"linger/broker"
	"linger/broker/memlog"
)

func TestContract09_FullMemoryEvictsByTheTopicsOwnRule(t *testing.T) {
	for _, rule := range []broker.LimitRule{broker.LimitEvictOldest, broker.LimitEvictSoonest} {
		inBubble(t, broker.Config{MemoryLimit: memoryLimit}, func(b *bench) {
			b.create("evicts", broker.Policy{AtLimit: rule})
			b.publish("rejects", time.Hour, strings.Repeat("x", memoryLimit/2))
			text := strings.Repeat("y", 1000)
			for i := range 2000 {
				b.publish("evicts", time.Hour, fmt.Sprint(i, text))
				if used := b.Stats().MemoryUsed; used > memoryLimit {
					t.Fatalf("%d bytes are used after %d messages", used, i+1)
				}
			}
			c := b.settled("evicts")
			if least := uint64(memoryLimit * 2 / 5 / (1000 + broker.RunOverhead)); c.Retained < least || c.Ended.Evicted != 2000-c.Retained {
				t.Errorf("%v: %+v", rule, c)
			}
			same(t, "the first that is left", b.list("evicts")[0], fmt.Sprint(2000-c.Retained, text))
			b.fault(b.sendTo("rejects", time.Hour, text).Err, broker.ErrFull)
			if c := b.settled("rejects"); c.Retained != 1 {
				t.Errorf("%v: %+v", rule, c)
			}
			// What does not fit even if all of the topic's own goes is refused, and nothing goes.
			before := b.settled("evicts")
			b.fault(b.sendTo("evicts", time.Hour, strings.Repeat("z", memoryLimit*3/5)).Err, broker.ErrFull)
			same(t, "counts", b.settled("evicts"), before)
			b.create("empty", broker.Policy{AtLimit: rule})
			b.fault(b.sendTo("empty", time.Hour, text).Err, broker.ErrFull)
		})
	}
}

// What ends when is counted in ever narrower cells as time passes, which takes nothing that was not accounted before.
func TestContract09_FullMemoryStaysWithinItsLimitAsTimePasses(t *testing.T) {
	const limit = 2 << 20
	inBubble(t, broker.Config{MemoryLimit: limit}, func(b *bench) {
		sent := 0
		for b.sendTo("t", time.Hour, "a").Err == nil {
			sent++
		}
		for range 60 {
			if used := b.Stats().MemoryUsed; used > limit {
				t.Fatalf("%d bytes are used, with %d messages", used, sent)
			}
			time.Sleep(59 * time.Second)
		}
		time.Sleep(time.Minute)
		if used := b.Stats().MemoryUsed; used != broker.TopicOverhead {
			t.Errorf("%d bytes are used when all has ended, not those of an empty topic", used)
		}
	})
}

// smallDisk is a log with a limit. What is released is dead, and stays on the disk until it is looked at.
type smallDisk struct {
	broker.Log
	limit int64

	mu         sync.Mutex
	live, dead int64
	sizes      map[uint64]int64 // of what lives, by position
}

// look takes what is dead off the disk.
func (d *smallDisk) look() {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.dead = 0
}

func (d *smallDisk) Append(p broker.Proposal, done func(broker.Commit, error)) {
	if err := d.Stats().Full; err != nil && p.Kind == broker.KindPublished && p.TTL > 0 {
		done(broker.Commit{}, err)
		return
	}
	d.Log.Append(p, func(c broker.Commit, err error) {
		if err == nil && c.Kind == broker.KindPublished && c.TTL > 0 {
			d.mu.Lock()
			d.live += int64(c.Size)
			d.sizes[c.Position] = int64(c.Size)
			d.mu.Unlock()
		}
		done(c, err)
	})
}

func (d *smallDisk) Release(refs ...broker.Ref) {
	d.mu.Lock()
	for _, ref := range refs {
		d.live -= d.sizes[ref.Position]
		d.dead += d.sizes[ref.Position]
		delete(d.sizes, ref.Position)
	}
	d.mu.Unlock()
	d.Log.Release(refs...)
}

func (d *smallDisk) Stats() broker.LogStats {
	s := d.Log.Stats()
	d.mu.Lock()
	defer d.mu.Unlock()
	s.Limit, s.Live = d.limit, d.live
	if d.live+d.dead >= d.limit {
		s.Full = &broker.Error{Err: broker.ErrFull, Detail: "the disk is full."}
	}
	return s
}

// inSmallBubble runs f with a broker on a disk of 10,000 bytes.
func inSmallBubble(t *testing.T, f func(*bench, *smallDisk)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		clock := broker.NewClock(time.Now)
		d := &smallDisk{limit: 10_000, sizes: map[uint64]int64{}}
		d.Log = memlog.New(memlog.Options{Clock: clock, Keep: true, Durability: broker.DurabilityFsynced})
		b := openOn(t, broker.Config{}, d, clock)
		f(b, d)
		b.checkCounts()
		if err := b.Close(); err != nil {
			t.Error(err)
		}
	})
}

func TestContract09_FullDiskRejectsAndSaysWhenToComeAgain(t *testing.T) {
	inSmallBubble(t, func(b *bench, d *smallDisk) {
		var r broker.PublishResult
		for r.Err == nil {
			r = b.sendTo("t", time.Minute, strings.Repeat("x", 98))
		}
		e := b.fault(r.Err, broker.ErrFull)
		if e.RetryAfter != time.Minute || e.Field != "" || !strings.Contains(e.Detail, "the disk is full") {
			t.Errorf("%+v", e)
		}
		same(t, "retained", b.settled("t").Retained, uint64(100))
		time.Sleep(time.Minute)
		e = b.fault(b.try("t").Err, broker.ErrFull)
		if e.RetryAfter != time.Second {
			t.Errorf("nothing lives, but what is dead is still there: %+v", e)
		}
		b.settled("t")
		d.look()
		b.publish("t", time.Minute, "x")
	})
}

func TestContract09_ShortDiskEvictsByTheTopicsOwnRule(t *testing.T) {
	for _, rule := range []broker.LimitRule{broker.LimitEvictOldest, broker.LimitEvictSoonest} {
		inSmallBubble(t, func(b *bench, d *smallDisk) {
			b.create("evicts", broker.Policy{AtLimit: rule})
			text := strings.Repeat("x", 98)
			for i := range 1000 {
				b.publish("evicts", time.Hour, text)
				synctest.Wait()
				if i%10 == 0 {
					d.look()
				}
			}
			if c := b.settled("evicts"); c.Retained != 75 { // three quarters
				t.Errorf("%v: %+v", rule, c)
			}
			// Others fill the disk. The topic goes on with what it has, and gives away twice what comes at most.
			for range 15 {
				b.publish("rejects", time.Hour, text)
			}
			for range 7 {
				b.publish("evicts", time.Hour, text)
				d.look()
			}
			if c := b.settled("evicts"); c.Retained != 68 {
				t.Errorf("%v: %+v", rule, c)
			}
		})
	}
}

func TestContract09_FullDiskDoesNotDrainATopicThatEvicts(t *testing.T) {
	inSmallBubble(t, func(b *bench, d *smallDisk) {
		b.create("evicts", broker.Policy{MaxMessages: 10, AtLimit: broker.LimitEvictOldest})
		text := strings.Repeat("x", 98)
		for range 10 {
			b.publish("evicts", time.Hour, text)
		}
		d.mu.Lock()
		d.dead = 9000 // what lives is little
		d.mu.Unlock()
		for range 100 {
			if r := b.sendTo("evicts", time.Hour, text); !errors.Is(r.Err, broker.ErrFull) {
				t.Fatalf("%+v", r)
			}
		}
		if c := b.settled("evicts"); c.Retained != 10 {
			t.Errorf("%+v", c)
		}
	})
}

// TestContract09_SmallMessagesAreAccountedAsTheyLie: what lies side by side counts for little more than its bytes, and a
// limit holds whatever becomes of it: of messages that end one by one, are deleted, or live on, none counts for more than
// before.
func TestContract09_SmallMessagesAreAccountedAsTheyLie(t *testing.T) {
	inBubble(t, broker.Config{MemoryLimit: memoryLimit}, func(b *bench) {
		body := frames(strings.Repeat("x", 100))
		accepted := uint64(0)
		for ; ; accepted++ {
			ttl := time.Minute + time.Duration(accepted%128)*time.Second
			a := b.send(broker.PublishRequest{Batches: []broker.Batch{{Topic: "t", TTL: ttl, HasTTL: true, Count: 1, Body: body}}})
			if err := a.Results[0].Err; err != nil {
				b.fault(err, broker.ErrFull)
				break
			}
		}
		if least := uint64(memoryLimit * 9 / 10 / (len(body) + broker.SealedOverhead)); accepted < least {
			t.Errorf("%d were accepted, want %d at least", accepted, least)
		}
		used := b.Stats().MemoryUsed
		check := func(what string) {
			t.Helper()
			if now := b.Stats().MemoryUsed; now > used {
				t.Errorf("%s: %d bytes are used, %d were before", what, now, used)
			} else {
				used = now
			}
		}
		for sequence := uint64(1); sequence <= accepted; sequence += 61 {
			b.remove("t", sequence)
			check("deleted")
		}
		for sequence := uint64(2); sequence <= accepted; sequence += 61 {
			b.extend("t", sequence, b.Now().Add(5*time.Minute))
			check("extended")
		}
		for range 140 {
			time.Sleep(time.Second)
			check("ended one by one")
		}
	})
}
