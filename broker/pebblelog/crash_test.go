package pebblelog_test

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"math/rand/v2"
	"slices"
	"sync/atomic"
	"testing"
	"time"

	"github.com/cockroachdb/pebble/v2/vfs"

	"linger/broker"
	"linger/broker/pebblelog"
	"linger/test/soak"
)

var seedFlag = flag.Uint64("seed", 0, "run this seed only")

// seeds gives the seeds to run: those of the short or the long form, or the one that was asked for.
func seeds(short, long int) (all []uint64) {
	if *seedFlag != 0 {
		return []uint64{*seedFlag}
	}
	first := uint64(1)
	if soak.On() { // others each time, as there may be no time for all
		first = uint64(time.Now().Unix())
	}
	for i := range soak.Number(short, long) {
		all = append(all, first+uint64(i))
	}
	return all
}

// TestContract11PowerLoss crashes a file system that keeps what was synced and an arbitrary part of the rest, MANIFEST
// and fence included, and compares what comes back with the model. Fifty seeds; with LINGER_SOAK=1 a thousand, -seed=N this one.
func TestContract11PowerLoss(t *testing.T) {
	all := seeds(50, 1000)
	var done atomic.Int64
	t.Cleanup(func() { t.Logf("soak: %d of %d seeds, from %d on", done.Load(), len(all), all[0]) })
	for _, s := range all {
		t.Run(fmt.Sprintf("seed=%d", s), func(t *testing.T) {
			t.Parallel()
			if soak.TimeLeft(t) {
				crashes(t, s)
				done.Add(1)
			}
		})
	}
}

func crashes(t *testing.T, seed uint64) {
	rng := rand.New(rand.NewPCG(seed, 11))
	d := &driver{rng: rng, wall: &wall{now: time.UnixMilli(1_000_000)}, requests: map[broker.ProducerID]uint64{}}
	d.fs = vfs.NewCrashableMem()
	for generation := range 4 {
		if err := d.generation(); err != nil {
			t.Fatalf("generation %d: %v", generation, err)
		}
		// The wall clock may be set back while the server is down.
		d.wall.add(time.Duration(rng.IntN(4000)-1000) * time.Millisecond)
	}
}

// generation opens what a crash left, compares it, goes on, and crashes.
func (d *driver) generation() error {
	clock := broker.NewClock(d.wall.read)
	l, err := pebblelog.Open(pebblelog.Options{Dir: "db", FS: d.fs, Clock: clock, MemTable: 128 << 10, DiskLimit: 1 << 40, Reserve: 1, Logger: quiet()})
	if err != nil {
		return err
	}
	before, applied := d.commits, d.applied
	var replay []broker.Commit
	opened := false
	var loaded error
	err = l.Open(context.Background(), func(c broker.Commit) {
		loaded = errors.Join(loaded, load(l, &c))
		if opened {
			d.apply(c)
		} else {
			replay = append(replay, c)
		}
	})
	if err = errors.Join(err, loaded); err != nil {
		return err
	}
	d.log, opened = l, true
	last := l.Recovered().Position
	survived := slices.DeleteFunc(slices.Clone(before), func(c broker.Commit) bool { return c.Position > last })
	if err := newModel(survived).check(replay, clock.Now()); err != nil {
		return err
	}
	if err := checkApplied(before[:applied], replay, last); err != nil {
		return err
	}
	d.begin(survived, replay)
	for range d.rng.IntN(400) {
		d.step(clock.Now())
	}
	d.mu.Lock()
	d.applied = len(d.commits)
	d.mu.Unlock()
	crashed := d.fs.CrashClone(vfs.CrashCloneCfg{UnsyncedDataPercent: d.rng.IntN(101), RNG: d.rng})
	d.pending.Wait()
	d.fs = crashed
	return l.Close()
}

// checkApplied looks for what was told to the broker before the crash: on disk, or of a kind that never is, and then no
// number of it is used again.
func checkApplied(applied, replay []broker.Commit, last uint64) error {
	next := map[broker.TopicID]uint64{}
	for _, c := range replay {
		if c.Kind == broker.KindTopicPut && c.Position == uint64(c.Topic) {
			next[c.Topic] = c.First
		}
	}
	for _, c := range applied {
		passing := c.Kind == broker.KindPublished && c.TTL == 0
		if !passing && c.Position > last {
			return fmt.Errorf("lost: %d is the last on disk, applied was %+v", last, c)
		}
		if first, ok := next[c.Topic]; ok && passing && first < c.First+uint64(c.Count) {
			return fmt.Errorf("topic %d goes on at %d, which was used: %+v", c.Topic, first, c)
		}
	}
	return nil
}

// begin takes what came back for what there is.
func (d *driver) begin(survived, replay []broker.Commit) {
	present := map[uint64]bool{}
	for _, c := range replay {
		present[c.Position] = present[c.Position] || c.Body != nil
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	d.commits, d.topics = survived, nil
	for i := range survived {
		d.noteTopic(&survived[i])
	}
	d.released, d.changing = map[uint64]bool{}, map[uint64]int{}
	for _, c := range survived {
		if c.Kind == broker.KindPublished && !present[c.Position] {
			d.released[c.Position] = true
		}
	}
	for id := range d.requests {
		d.requests[id] += 1000 // of what was on its way nothing is known
	}
}

// step does one thing.
func (d *driver) step(now broker.Instant) {
	switch n := d.rng.IntN(200); {
	case n == 0:
		d.releaseDead(now)
	case n == 1:
		d.log.Look()
	case n < 12:
		d.wall.add(time.Duration(d.rng.IntN(300)) * time.Millisecond)
	case n < 20:
		d.pending.Wait()
	default:
		d.propose()
	}
}
