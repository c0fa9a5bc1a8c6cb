package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"sync"
	"time"
)

// A sample is what one measurement found.
type sample struct {
	// Rate is deliveries a second; answers a second of publishers that wait.
	Rate float64 `json:"rate"`
	// P50, P99 and Max are ages of messages when they were delivered, or times until the answer; microseconds.
	P50 float64 `json:"p50_us"`
	P99 float64 `json:"p99_us"`
	Max float64 `json:"max_us"`
	// ServerCPU and LoadCPU are how long the server, and publishers and readers, computed for each delivery (or answer);
	// microseconds. Other programs on the machine change them little.
	ServerCPU float64 `json:"server_cpu_us"`
	LoadCPU   float64 `json:"load_cpu_us"`
	// Stolen is what part of the cores' time the host of a virtual machine gave to others meanwhile: a wait of milliseconds
	// for whoever ran there.
	Stolen float64 `json:"stolen"`
}

const (
	// A load that has not begun, or readers that got nothing for so long, never will.
	stall = 15 * time.Second
	poll  = 2 * time.Millisecond
	// How long traces are: each second of a busy process is tens of megabytes.
	traceLength = time.Second
)

// A measurement is one system under one load, once. Its processes are its own: nothing is left of the one before.
type measurement struct {
	site    *site
	system  *system
	job     job
	warm    time.Duration
	length  time.Duration
	profile string // where profiles go; empty: nowhere
	trace   string // and execution traces

	board   *board
	workers []*worker
}

func (m *measurement) run(ctx context.Context) (s sample, err error) {
	defer m.site.end()
	m.job.System = m.system.name
	if m.job.Addr, err = m.system.serve(m.site); err != nil {
		return s, err
	}
	if m.system.prepare != nil {
		if err := m.system.prepare(ctx, m.job.Addr, m.job.topics()); err != nil {
			return s, fmt.Errorf("preparing %s: %w", m.system.name, err)
		}
	}
	if m.board, err = newBoard(m.job.Publishers, m.job.Readers); err != nil {
		return s, err
	}
	defer m.board.close()
	defer func() {
		for _, w := range m.workers {
			w.stop()
		}
	}()
	if m.job.Count > 0 {
		return m.replay(ctx)
	}
	return m.live(ctx)
}

// start runs a worker and waits until it is in place.
func (m *measurement) start(ctx context.Context, role string) (*worker, error) {
	j := m.job
	if m.profile != "" {
		j.Profile = m.profile + "-" + role + ".prof"
	}
	if m.trace != "" {
		j.Trace = m.trace + "-" + role + ".trace"
	}
	w, err := startWorker(role, &j, m.board)
	if err != nil {
		return nil, err
	}
	m.workers = append(m.workers, w)
	return w, w.ready(ctx)
}

// live has publishers and readers work at the same time.
func (m *measurement) live(ctx context.Context) (s sample, err error) {
	var readers *worker
	if m.job.Readers > 0 {
		if readers, err = m.start(ctx, subscribes); err != nil {
			return s, err
		}
	}
	publishers, err := m.start(ctx, publishes)
	if err != nil {
		return s, err
	}
	if err := m.watch(ctx, &s); err != nil {
		return s, err
	}
	m.board.phase.Store(stopping)
	r, err := publishers.report(ctx)
	if err != nil {
		return s, err
	}
	if readers != nil {
		if err := m.drain(ctx); err != nil {
			return s, err
		}
		m.board.phase.Store(done)
		if r, err = readers.report(ctx); err != nil {
			return s, err
		}
	}
	s.latencies(&r.Latency)
	return s, nil
}

func (s *sample) latencies(h *histogram) {
	s.P50, s.P99, s.Max = float64(h.quantile(0.5))/1e3, float64(h.quantile(0.99))/1e3, float64(h.Max)/1e3
}

// progress counts what the rate is made of.
func (m *measurement) progress() uint64 {
	if m.job.Readers == 0 {
		return m.board.answered()
	}
	return m.board.received()
}

// watch lets the load run for warm and length, and notes rate and cost during the latter.
func (m *measurement) watch(ctx context.Context, s *sample) error {
	if err := m.until(ctx, stall, func() bool { return m.progress() > 0 }); err != nil {
		return fmt.Errorf("%s: the load does not begin: %w", m.system.name, err)
	}
	if err := m.until(ctx, m.warm, nil); err != nil {
		return err
	}
	m.board.phase.Store(measuring)
	profiled := m.profileServer(ctx)
	begun, before, server, load, stolen := time.Now(), m.progress(), m.serverCPU(), m.loadCPU(), stolenTime()
	if err := m.until(ctx, m.length, nil); err != nil {
		return err
	}
	got := float64(m.progress() - before)
	s.Rate = got / time.Since(begun).Seconds()
	s.Stolen = float64(stolenTime()-stolen) / float64(time.Since(begun)) / float64(runtime.NumCPU())
	if got > 0 {
		s.ServerCPU = (m.serverCPU() - server).Seconds() * 1e6 / got
		s.LoadCPU = (m.loadCPU() - load).Seconds() * 1e6 / got
	}
	return <-profiled
}

func (m *measurement) serverCPU() (sum time.Duration) {
	for _, p := range m.site.processes {
		sum += p.cpu()
	}
	return sum
}

func (m *measurement) loadCPU() (sum time.Duration) {
	for _, w := range m.workers {
		sum += w.cpu()
	}
	return sum
}

// drain waits until the readers have all that was sent. It fails when nothing comes any more: then messages were lost.
func (m *measurement) drain(ctx context.Context) error {
	want := m.job.deliveries(m.board)
	for got := m.board.received(); got < want; {
		if err := m.until(ctx, stall, func() bool { return m.board.received() > got }); err != nil {
			return fmt.Errorf("%s: %d of %d deliveries never came: %w", m.system.name, want-got, want, err)
		}
		got = m.board.received()
	}
	return nil
}

var errTooLong = errors.New("waited too long")

// until waits for something to be so, at most as long as given; without it, just as long as that.
func (m *measurement) until(ctx context.Context, atMost time.Duration, so func() bool) error {
	for deadline := time.Now().Add(atMost); time.Now().Before(deadline); {
		if so != nil && so() {
			return nil
		}
		if err := m.working(ctx); err != nil {
			return err
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-time.After(min(poll, time.Until(deadline))):
		}
	}
	if so != nil {
		return errTooLong
	}
	return nil
}

// working fails when a worker that has not reported has ended.
func (m *measurement) working(ctx context.Context) error {
	for _, w := range m.workers {
		select {
		case <-w.exited:
			if !w.reported {
				_, err := w.report(ctx)
				return errors.Join(fmt.Errorf("%s ended early", w.name), err)
			}
		default:
		}
	}
	return nil
}

// replay has everything published, and then one reader come.
func (m *measurement) replay(ctx context.Context) (s sample, err error) {
	publishers, err := m.start(ctx, publishes)
	if err != nil {
		return s, err
	}
	if _, err := publishers.report(ctx); err != nil {
		return s, err
	}
	m.board.phase.Store(measuring)
	profiled := m.profileServer(ctx)
	readers, err := m.start(ctx, subscribes)
	if err != nil {
		return s, err
	}
	if err := m.drain(ctx); err != nil {
		return s, err
	}
	m.board.phase.Store(done)
	r, err := readers.report(ctx)
	if err != nil {
		return s, err
	}
	s.Rate = float64(m.job.Count) / r.Seconds
	return s, <-profiled
}

// profileServer takes a profile and a trace of the server while the load is measured, if they are wanted and it has any.
func (m *measurement) profileServer(ctx context.Context) <-chan error {
	ended := make(chan error, 1)
	go func() {
		var profiled, traced error
		var both sync.WaitGroup
		if m.profile != "" && m.site.pprof != "" {
			both.Go(func() { profiled = m.save(ctx, "profile", m.length, m.profile+"-server.prof") })
		}
		if m.trace != "" && m.site.pprof != "" {
			both.Go(func() { traced = m.save(ctx, "trace", traceLength, m.trace+"-server.trace") })
		}
		both.Wait()
		ended <- errors.Join(profiled, traced)
	}()
	return ended
}

// save keeps what the server tells of itself for so long, in whole seconds.
func (m *measurement) save(ctx context.Context, what string, length time.Duration, path string) error {
	return fetch(ctx, fmt.Sprintf("http://%s/debug/pprof/%s?seconds=%d", m.site.pprof, what, max(int(length.Seconds()), 1)), path)
}

func fetch(ctx context.Context, url, path string) error {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
	if err != nil {
		return err
	}
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		return err
	}
	defer resp.Body.Close()
	if resp.StatusCode != http.StatusOK {
		return fmt.Errorf("%s: %s", url, resp.Status)
	}
	file, err := os.Create(path)
	if err != nil {
		return err
	}
	_, err = io.Copy(file, resp.Body)
	return errors.Join(err, file.Close())
}

// fileName makes a name of a system's or workload's.
func fileName(parts ...string) string {
	name := strings.ToLower(strings.Join(parts, "-"))
	return filepath.Base(strings.Map(func(r rune) rune {
		if (r >= 'a' && r <= 'z') || (r >= '0' && r <= '9') || r == '-' {
			return r
		}
		return '-'
	}, name))
}
