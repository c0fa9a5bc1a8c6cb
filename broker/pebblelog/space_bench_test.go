package pebblelog_test

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"linger/broker"
	"linger/broker/pebblelog"
)

// BenchmarkSpace publishes 20 MB a second for a while and releases what is dead, as a broker would. It prints what the
// process wrote for each byte, and the directory beyond 256 MiB against what is alive, and against the most that was in the
// ten seconds before: what a directory holds follows what lived with a delay. SPACE_SECONDS sets for how long.
func BenchmarkSpace(b *testing.B) {
	seconds := 40
	if n, err := strconv.Atoi(os.Getenv("SPACE_SECONDS")); err == nil {
		seconds = n
	}
	for _, load := range []spaceLoad{
		{name: "all-10s", ttl: 10 * time.Second},
		{name: "1s-and-1h", ttl: time.Second, every: 100, long: time.Hour},
		// What is extended stays in its class, in the middle of what dies.
		{name: "10s-some-extended", ttl: 10 * time.Second, every: 200_000, extended: true, long: time.Hour},
	} {
		b.Run(load.name, func(b *testing.B) {
			s := &spaceRun{spaceLoad: load, TB: b, dir: b.TempDir()}
			s.run(time.Duration(seconds) * time.Second)
		})
	}
}

// spaceLoad is what lifetimes messages have.
type spaceLoad struct {
	name     string
	ttl      time.Duration
	every    int           // of so many messages one is different; 0: none
	long     time.Duration // how long that lives
	extended bool          // and whether it was published with ttl, and then extended
}

const (
	spaceTick = 10 * time.Millisecond
	spaceEach = 200 // messages in a tick
	spaceBody = 1000
	spaceFree = 256 << 20
)

// spaceRun is a load on its way.
type spaceRun struct {
	spaceLoad
	testing.TB
	dir       string
	log       *pebblelog.Log
	id        broker.TopicID
	began     time.Time
	published int64

	mu     sync.Mutex // guards what follows
	waits  []released
	live   int64
	behind time.Duration // of the publisher, at its last tick
}

// released is a message that is to be released.
type released struct {
	at  time.Time
	ref broker.Ref
}

func (s *spaceRun) run(d time.Duration) {
	l, err := pebblelog.Open(pebblelog.Options{Dir: s.dir, Logger: quiet(), DiskLimit: 20 << 30})
	if err != nil {
		s.Fatal(err)
	}
	if err := l.Open(context.Background(), s.apply); err != nil {
		s.Fatal(err)
	}
	s.log = l
	c, err := (&harness{Log: l}).commit(topicPut("space"))
	if err != nil {
		s.Fatal(err)
	}
	s.id = broker.TopicID(c.Position)
	before := written(s)
	s.began = time.Now()
	end := s.began.Add(d)
	var others sync.WaitGroup
	others.Go(func() { s.release(end) })
	var now, recent worst
	others.Go(func() { now, recent = s.sample(end) })
	s.publish(end)
	others.Wait()
	s.Logf("worst against what lived: %v", now)
	s.Logf("worst against the most that lived in the 10 s before: %v", recent)
	b := s.TB.(*testing.B)
	b.ReportMetric(float64(written(s)-before)/float64(s.published), "written/published")
	b.ReportMetric(float64(now.largest)/(1<<20), "largest-MiB")
	b.ReportMetric(float64(s.live)/(1<<20), "live-MiB")
	b.ReportMetric(now.ratio, "(largest-256MiB)/live")
	b.ReportMetric(recent.ratio, "(largest-256MiB)/live-10s")
	b.ReportMetric(float64(s.published)/(1<<20)/time.Since(s.began).Seconds(), "MiB/s")
	if err := l.Close(); err != nil {
		s.Error(err)
	}
}

func (s *spaceRun) apply(c broker.Commit) {
	if c.Kind != broker.KindPublished {
		return
	}
	ttl := s.ttl
	different := s.every > 0 && c.First%uint64(s.every) == 0
	if different {
		ttl = s.long
	}
	s.mu.Lock()
	s.waits = append(s.waits, released{time.Now().Add(ttl), broker.Ref{Position: c.Position, Topic: c.Topic}})
	s.live += spaceBody
	s.mu.Unlock()
	if different && s.extended {
		s.append(broker.Proposal{Kind: broker.KindDeadline, Topic: c.Topic, Published: c.Position, Sequence: c.First, Deadline: c.Time.Add(ttl)})
	}
}

func (s *spaceRun) append(p broker.Proposal) {
	s.log.Append(p, func(_ broker.Commit, err error) {
		if err != nil {
			panic(err)
		}
	})
}

func (s *spaceRun) publish(end time.Time) {
	sequence := 0
	for n := 1; time.Now().Before(end); n++ {
		for range spaceEach {
			sequence++
			ttl := s.ttl
			if s.every > 0 && sequence%s.every == 0 && !s.extended {
				ttl = s.long
			}
			s.append(published(s.id, ttl, string(make([]byte, spaceBody))))
			s.published += spaceBody
		}
		next := s.began.Add(time.Duration(n) * spaceTick)
		s.mu.Lock()
		s.behind = max(0, time.Since(next))
		s.mu.Unlock()
		time.Sleep(time.Until(next))
	}
}

// release lets go of what has expired, whether or not anything is published.
func (s *spaceRun) release(end time.Time) {
	for now := time.Now(); now.Before(end); now = time.Now() {
		s.mu.Lock()
		s.waits = slices.DeleteFunc(s.waits, func(w released) bool {
			if w.at.After(now) {
				return false
			}
			s.log.Release(w.ref)
			s.live -= spaceBody
			return true
		})
		s.mu.Unlock()
		time.Sleep(spaceTick)
	}
}

// worst is the instant at which a directory was largest for what lived.
type worst struct {
	ratio   float64
	after   time.Duration
	files   map[string]int64 // bytes by kind
	live    int64            // that it is measured against
	behind  time.Duration
	largest int64 // that it was at any time
}

func (w worst) String() string {
	total := int64(0)
	for _, n := range w.files {
		total += n
	}
	return fmt.Sprintf("after %.1f s, directory %d MiB %v, alive %d MiB, publisher behind by %v",
		w.after.Seconds(), total>>20, inMiB(w.files), w.live>>20, w.behind.Round(time.Millisecond))
}

func inMiB(files map[string]int64) string {
	var all []string
	for kind, n := range files {
		all = append(all, fmt.Sprintf("%s %d", kind, n>>20))
	}
	slices.Sort(all)
	return "(" + strings.Join(all, ", ") + ")"
}

// note takes an instant.
func (w *worst) note(at worst) {
	total := int64(0)
	for _, n := range at.files {
		total += n
	}
	largest := max(w.largest, total)
	at.ratio = float64(total-spaceFree) / float64(max(at.live, 1))
	if w.files == nil || at.ratio > w.ratio {
		*w = at
	}
	w.largest = largest
}

// sample looks at the directory five times a second.
func (s *spaceRun) sample(end time.Time) (now, recent worst) {
	var lived []int64 // in the last ten seconds, the newest last
	for t := time.Now(); t.Before(end); t = time.Now() {
		at := worst{after: t.Sub(s.began), files: filesIn(s.dir)}
		s.mu.Lock()
		at.live, at.behind = s.live, s.behind
		s.mu.Unlock()
		if lived = append(lived, at.live); len(lived) > 50 {
			lived = lived[1:]
		}
		if at.after > 2*time.Second {
			now.note(at)
			at.live = slices.Max(lived)
			recent.note(at)
		}
		time.Sleep(200 * time.Millisecond)
	}
	return now, recent
}

// filesIn is how many bytes the files of a directory have, by what follows the dot of their names.
func filesIn(dir string) map[string]int64 {
	sizes := map[string]int64{}
	entries, _ := os.ReadDir(dir)
	for _, e := range entries {
		if info, err := e.Info(); err == nil {
			kind := strings.TrimPrefix(filepath.Ext(e.Name()), ".")
			if kind == "" {
				kind = "rest"
			}
			sizes[kind] += info.Size()
		}
	}
	return sizes
}

// written is what this process has written to disks.
func written(t testing.TB) int64 {
	all, err := os.ReadFile("/proc/self/io")
	if err != nil {
		t.Skip(err)
	}
	for line := range strings.Lines(string(all)) {
		if rest, ok := strings.CutPrefix(line, "write_bytes: "); ok {
			n, _ := strconv.ParseInt(strings.TrimSpace(rest), 10, 64)
			return n
		}
	}
	return 0
}
