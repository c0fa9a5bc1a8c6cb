package pebblelog_test

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"linger/broker"
	"linger/broker/memlog"
	"linger/broker/pebblelog"
)

// What BenchmarkLog prints is what docs/durability.md quotes. It takes a few seconds for each line whatever b.N is:
//
//	go test -run '^$' -bench . -benchtime 1x ./broker/pebblelog

const benchBody = 128

// pump keeps a window of messages on their way for a while, batch by batch, and gives messages a second.
func pump(l broker.Log, id broker.TopicID, batch, window int, ttl, d time.Duration) float64 {
	slots := make(chan struct{}, window/batch)
	body := make([]byte, batch*benchBody)
	began := time.Now()
	acked := 0
	var mu sync.Mutex
	for time.Since(began) < d {
		slots <- struct{}{}
		p := broker.Proposal{Kind: broker.KindPublished, Topic: id, Count: batch, TTL: ttl, Body: body}
		l.Append(p, func(c broker.Commit, err error) {
			if err == nil {
				mu.Lock()
				acked += c.Count
				mu.Unlock()
			}
			<-slots
		})
	}
	took := time.Since(began)
	mu.Lock()
	defer mu.Unlock()
	return float64(acked) / took.Seconds()
}

// waiting has n publishers that each wait for an answer, and gives messages a second and the median latency.
func waiting(h *harness, id broker.TopicID, n int, d time.Duration) (rate float64, median time.Duration) {
	var all []time.Duration
	var mu sync.Mutex
	var wait sync.WaitGroup
	end := time.Now().Add(d)
	for range n {
		wait.Go(func() {
			var mine []time.Duration
			for time.Now().Before(end) {
				at := time.Now()
				if _, err := h.commit(published(id, time.Minute, strings.Repeat("x", benchBody))); err != nil {
					panic(err)
				}
				mine = append(mine, time.Since(at))
			}
			mu.Lock()
			all = append(all, mine...)
			mu.Unlock()
		})
	}
	wait.Wait()
	slices.Sort(all)
	return float64(len(all)) / d.Seconds(), all[len(all)/2]
}

// openQuiet opens without keeping what is applied.
func openQuiet(b *testing.B, l broker.Log) (*harness, broker.TopicID) {
	if err := l.Open(context.Background(), func(c broker.Commit) {}); err != nil {
		b.Fatal(err)
	}
	h := &harness{}
	if p, ok := l.(*pebblelog.Log); ok {
		h.Log = p
	}
	made := make(chan broker.TopicID, 1)
	l.Append(topicPut("bench"), func(c broker.Commit, _ error) { made <- broker.TopicID(c.Position) })
	return h, <-made
}

func newLog(b *testing.B, dir string) *pebblelog.Log {
	l, err := pebblelog.Open(pebblelog.Options{Dir: dir, Logger: quiet(), DiskLimit: 20 << 30})
	if err != nil {
		b.Fatal(err)
	}
	return l
}

// BenchmarkPipelined compares with memlog in interleaved rounds.
func BenchmarkPipelined(b *testing.B) {
	for _, batch := range []int{1, 100} {
		b.Run(fmt.Sprint("batch=", batch), func(b *testing.B) {
			var ratios, disk, memory []float64
			for range 7 {
				m := memlog.New(memlog.Options{Clock: broker.NewClock(time.Now)})
				_, id := openQuiet(b, m)
				inMemory := pump(m, id, batch, 20000, 10*time.Second, time.Second)
				m.Close()
				l := newLog(b, b.TempDir())
				_, id = openQuiet(b, l)
				onDisk := pump(l, id, batch, 20000, 10*time.Second, time.Second)
				l.Close()
				ratios, disk, memory = append(ratios, onDisk/inMemory), append(disk, onDisk), append(memory, inMemory)
			}
			b.ReportMetric(middle(disk), "disk-msg/s")
			b.ReportMetric(middle(memory), "memory-msg/s")
			b.ReportMetric(middle(ratios), "disk/memory")
		})
	}
}

func middle(all []float64) float64 {
	slices.Sort(all)
	return all[len(all)/2]
}

// BenchmarkWaiting compares publishers that wait for each answer with a bare fsync.
func BenchmarkWaiting(b *testing.B) {
	var raws, ones, ratios, gains []float64
	for range 7 {
		raw := rawSync(b)
		l := newLog(b, b.TempDir())
		h, id := openQuiet(b, l)
		one, median := waiting(h, id, 1, 700*time.Millisecond)
		many, _ := waiting(h, id, 64, 700*time.Millisecond)
		l.Close()
		raws = append(raws, float64(raw.Microseconds()))
		ones = append(ones, float64(median.Microseconds()))
		ratios, gains = append(ratios, float64(median)/float64(raw)), append(gains, many/one)
	}
	b.ReportMetric(middle(raws), "fsync-µs")
	b.ReportMetric(middle(ones), "one-µs")
	b.ReportMetric(middle(ratios), "one/fsync")
	b.ReportMetric(middle(gains), "64/one")
}

// rawSync is the median time to append 256 bytes to a preallocated file and sync them.
func rawSync(b *testing.B) time.Duration {
	f, err := os.Create(filepath.Join(b.TempDir(), "raw"))
	if err != nil {
		b.Fatal(err)
	}
	defer f.Close()
	f.Write(make([]byte, 1<<20))
	f.Sync()
	var all []time.Duration
	for i := range 300 {
		at := time.Now()
		f.WriteAt(make([]byte, 256), int64(i)*256)
		f.Sync()
		all = append(all, time.Since(at))
	}
	slices.Sort(all)
	return all[len(all)/2]
}

// BenchmarkRecovery has a broker open two million messages until it is ready, after a close and after a crash; all of
// them live, or but one in ten. An operation is a start.
func BenchmarkRecovery(b *testing.B) {
	const messages = 2_000_000
	for _, batch := range []int{1, 100} {
		for _, clean := range []bool{true, false} {
			for _, dead := range []bool{false, true} {
				name := fmt.Sprintf("batch=%d/closed=%t/mostly-dead=%t", batch, clean, dead)
				b.Run(name, func(b *testing.B) { recovered(b, batch, messages, clean, dead) })
			}
		}
	}
}

func recovered(b *testing.B, batch, messages int, clean, dead bool) {
	dir := filepath.Join(b.TempDir(), "db")
	l := newLog(b, dir)
	_, id := openQuiet(b, l)
	window := make(chan struct{}, 20_000/batch)
	body := make([]byte, batch*benchBody)
	for i := range messages / batch {
		ttl := time.Hour
		if dead && i%10 > 0 {
			ttl = 32 * time.Minute // of the same class
		}
		window <- struct{}{}
		p := broker.Proposal{Kind: broker.KindPublished, Topic: id, Count: batch, TTL: ttl, Body: body}
		l.Append(p, func(_ broker.Commit, err error) {
			if err != nil {
				panic(err)
			}
			<-window
		})
	}
	for range cap(window) {
		window <- struct{}{}
	}
	crash := dir + "-crashed"
	if err := l.Checkpoint(crash); err != nil { // it is what a crash would leave
		b.Fatal(err)
	}
	if err := l.Close(); err != nil {
		b.Fatal(err)
	}
	if !clean {
		dir = crash
	}
	now := time.Now()
	if dead {
		now = now.Add(40 * time.Minute)
	}
	var rates, cpus, opens []float64
	for range max(b.N, 7) {
		at := filepath.Join(b.TempDir(), "db")
		if err := os.CopyFS(at, os.DirFS(dir)); err != nil {
			b.Fatal(err)
		}
		runtime.GC()
		began, used := time.Now(), cpuTime()
		clock := broker.NewClock(func() time.Time { return now })
		l, err := pebblelog.Open(pebblelog.Options{Dir: at, Clock: clock, Logger: quiet(), DiskLimit: 20 << 30})
		if err != nil {
			b.Fatal(err)
		}
		opened := time.Since(began)
		br, err := broker.Open(context.Background(), broker.Config{Log: l, Clock: clock})
		if err != nil {
			b.Fatal(err)
		}
		took := time.Since(began)
		rates = append(rates, float64(messages)/took.Seconds()/1e6)
		cpus = append(cpus, float64((cpuTime()-used).Nanoseconds())/float64(messages))
		opens = append(opens, float64(opened.Milliseconds()))
		if n := l.Recovered().Messages; !dead && n != uint64(messages) || dead && n != uint64(messages)/10 {
			b.Fatalf("%d messages", n)
		}
		if err := br.Close(); err != nil {
			b.Fatal(err)
		}
		os.RemoveAll(at)
	}
	b.ReportMetric(middle(rates), "Mmsg/s")
	b.ReportMetric(rates[len(rates)-1], "best-Mmsg/s")
	b.ReportMetric(middle(cpus), "cpu-ns/msg")
	b.ReportMetric(middle(opens), "check-and-open-ms")
}

// cpuTime is what this process has used of the processors.
func cpuTime() time.Duration {
	var u syscall.Rusage
	_ = syscall.Getrusage(syscall.RUSAGE_SELF, &u)
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}
