package crash

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"google.golang.org/grpc/codes"

	"linger/client"
	"linger/test/process"
)

// TestContract11ServerDiskBreaks has a write, and a sync, of the server's log fail while messages are published: it takes
// nothing more and says so, reading goes on, and a start on a sound disk has all that was acknowledged.
func TestContract11ServerDiskBreaks(t *testing.T) {
	for _, what := range []string{"sync", "write"} {
		t.Run(what, func(t *testing.T) {
			t.Parallel()
			dir := filepath.Join(t.TempDir(), "store")
			f := startFaulty(t, dir, 0)
			c := f.Dial()
			p := startNumbered(t, c, "broken")
			live := readAlong(t, f.Dial(), "broken")
			p.until(t, 50)
			f.order("break", what)
			f.awaitReadOnly()
			p.stop(t)
			acked := p.acknowledged()

			f.refusesAndSaysWhy(c)
			live.has(t, acked)                             // who was reading has all
			readAlong(t, f.Dial(), "broken").has(t, acked) // so has who begins now
			listed(t, c, "broken", acked, p.maybe())       // and nothing is there that may not be
			if state, err := c.GetMessage(t.Context(), "broken", 1); err != nil || state.Retained == nil {
				t.Errorf("#1: %+v, %v", state, err)
			}

			f.Kill()
			s := newServer(t, dir)
			s.Start()
			listed(t, s.Dial(), "broken", acked, p.maybe())
			if _, err := s.Dial().Publish(t.Context(), "broken", time.Hour, client.Message{Data: []byte("again")}); err != nil {
				t.Errorf("after the restart: %v", err)
			}
		})
	}
}

// awaitReadOnly waits until the server says that it takes nothing more.
func (f *faulty) awaitReadOnly() {
	f.t.Helper()
	process.Eventually(f.t, process.Patience, func() error {
		status, body := f.Get("/readyz")
		if status != http.StatusServiceUnavailable || !strings.HasPrefix(body, "read-only: ") {
			return fmt.Errorf("/readyz answers %d %q", status, body)
		}
		return nil
	})
}

// refusesAndSaysWhy looks everywhere where one looks for what is wrong.
func (f *faulty) refusesAndSaysWhy(c *client.Client) {
	f.t.Helper()
	const why = "input/output error): nothing more is taken, reading goes on. Restart the server once the disk is sound"
	_, err := c.Publish(f.t.Context(), "broken", time.Hour, client.Message{Data: []byte("later")})
	var refusal *client.Error
	if !errors.As(err, &refusal) || refusal.Code != codes.FailedPrecondition || !strings.Contains(refusal.Message, why) {
		f.t.Errorf("a publish is answered: %v", err)
	}
	if status, body := f.Get("/healthz"); status != http.StatusOK {
		f.t.Errorf("/healthz answers %d %q: the process is well", status, body)
	}
	_, page := f.Get("/")
	banner := between(page, `id="store"`, "</p>")

	if !strings.Contains(banner, "severe") || !strings.Contains(banner, why) {
		f.t.Errorf("the dashboard says %q", banner)
	}
	if _, metrics := f.Get("/metrics"); !strings.Contains(metrics, "linger_store_problem{problem=\"read_only\"} 1\n") {
		f.t.Error("the metrics do not tell")
	}
	process.Eventually(f.t, process.Patience, func() error { // the health service looks each second
		if out, err := f.linger("health"); err == nil || !strings.Contains(out, why) {
			return fmt.Errorf("linger health says %q: %w", out, err)
		}
		return nil
	})
}

// TestContract11ServerSlowDisk has each sync take long: it costs time and nothing else.
func TestContract11ServerSlowDisk(t *testing.T) {
	t.Parallel()
	dir := filepath.Join(t.TempDir(), "store")
	f := startFaulty(t, dir, 0)
	p := startNumbered(t, f.Dial(), "slow")
	live := readAlong(t, f.Dial(), "slow")
	p.until(t, 50)
	f.order("slow", 50*time.Millisecond)
	p.until(t, p.count()+500)
	if status, body := f.Get("/readyz"); status != http.StatusOK || body != "ready\n" {
		t.Errorf("/readyz answers %d %q", status, body)
	}
	p.stop(t)
	if maybe := p.maybe(); len(maybe) > 0 {
		t.Errorf("%d messages were not published", len(maybe))
	}
	live.has(t, p.acknowledged())
	f.Kill()
	s := newServer(t, dir)
	s.Start()
	listed(t, s.Dial(), "slow", p.acknowledged(), nil)
}

// numbered publishes numbers to a topic, some hundred a second, until it is stopped or refused.
type numbered struct {
	publisher *client.Publisher
	cancel    context.CancelFunc
	done      chan struct{}

	mu      sync.Mutex
	acks    map[string]client.Ack // by what was published
	unknown map[string]bool       // of which the outcome is unknown
	err     error                 // of the first that was refused
}

func startNumbered(t *testing.T, c *client.Client, topic string) *numbered {
	t.Helper()
	ctx, cancel := context.WithCancel(t.Context())
	n := &numbered{
		publisher: c.NewPublisher(client.PublisherOptions{WindowBytes: 32 << 10}), cancel: cancel, done: make(chan struct{}),
		acks: map[string]client.Ack{}, unknown: map[string]bool{},
	}
	go func() {
		defer close(n.done)
		for i := 0; ctx.Err() == nil; i++ {
			data := fmt.Sprint(i)
			err := n.publisher.PublishFunc(ctx, topic, time.Hour, client.Message{Data: []byte(data)}, func(ack client.Ack, err error) {
				n.settle(data, ack, err)
			})
			if err != nil {
				return
			}
			pause(ctx, time.Millisecond)
		}
	}()
	t.Cleanup(func() {
		cancel()
		<-n.done
	})
	return n
}

func (n *numbered) settle(data string, ack client.Ack, err error) {
	n.mu.Lock()
	defer n.mu.Unlock()
	switch {
	case err == nil:
		n.acks[data] = ack
		return
	case errors.Is(err, client.ErrOutcomeUnknown):
		n.unknown[data] = true
	}
	if n.err == nil {
		n.err = err
	}
}

func (n *numbered) count() int {
	n.mu.Lock()
	defer n.mu.Unlock()
	return len(n.acks)
}

// until waits for so many acknowledgements.
func (n *numbered) until(t *testing.T, count int) {
	t.Helper()
	process.Eventually(t, process.Patience, func() error {
		if got := n.count(); got < count {
			return fmt.Errorf("%d of %d are acknowledged; %w", got, count, n.refusal())
		}
		return nil
	})
}

// refusal is why a message was not published.
func (n *numbered) refusal() error {
	n.mu.Lock()
	defer n.mu.Unlock()
	return n.err
}

// stop ends the publishing, and waits for what was handed over.
func (n *numbered) stop(t *testing.T) {
	t.Helper()
	n.cancel()
	<-n.done
	ctx, cancel := context.WithTimeout(t.Context(), process.Patience)
	defer cancel()
	_ = n.publisher.Close(ctx) // why it gave up is known from the outcomes
}

// acknowledged are the acknowledgements, by sequence.
func (n *numbered) acknowledged() map[uint64]string {
	n.mu.Lock()
	defer n.mu.Unlock()
	all := map[uint64]string{}
	for data, ack := range n.acks {
		all[ack.Sequence] = data
	}
	return all
}

// maybe are those of which nobody knows whether they were published.
func (n *numbered) maybe() map[string]bool {
	n.mu.Lock()
	defer n.mu.Unlock()
	return n.unknown
}

// listed compares what a topic has with what it must have, and with what it may have besides.
func listed(t *testing.T, c *client.Client, topic string, must map[uint64]string, may map[string]bool) {
	t.Helper()
	found := 0
	seen := map[string]bool{}
	for m, err := range c.ListMessages(t.Context(), topic, client.ListOptions{}) {
		if err != nil {
			t.Fatal(err)
		}
		data := string(m.Data)
		switch {
		case seen[data]:
			t.Errorf("%s is there twice", data)
		case must[m.Sequence] == data:
			found++
		case !may[data] || must[m.Sequence] != "":
			t.Errorf("#%d is %q, and should be %q", m.Sequence, data, must[m.Sequence])
		}
		seen[data] = true
	}
	if found != len(must) {
		t.Errorf("%d of the %d messages that were acknowledged are there", found, len(must))
	}
}

// along reads a topic from its beginning.
type along struct {
	mu   sync.Mutex
	got  map[uint64]string
	last uint64
	err  error
}

func readAlong(t *testing.T, c *client.Client, topic string) *along {
	t.Helper()
	a := &along{got: map[uint64]string{}}
	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		for d, err := range c.Subscribe([]string{topic}, client.SubscribeOptions{}).Deliveries(ctx) {
			a.take(d, err)
		}
	}()
	t.Cleanup(func() {
		cancel()
		<-ended
	})
	return a
}

func (a *along) take(d client.Delivery, err error) {
	a.mu.Lock()
	defer a.mu.Unlock()
	switch {
	case err != nil && a.err == nil:
		a.err = err
	case err == nil && d.Sequence <= a.last:
		a.err = fmt.Errorf("#%d came after #%d", d.Sequence, a.last)
	case err == nil:
		a.got[d.Sequence], a.last = string(d.Data), d.Sequence
	}
}

// has waits until all of it was delivered.
func (a *along) has(t *testing.T, all map[uint64]string) {
	t.Helper()
	process.Eventually(t, process.Patience, func() error {
		a.mu.Lock()
		defer a.mu.Unlock()
		if a.err != nil && !errors.Is(a.err, context.Canceled) {
			return a.err
		}
		for sequence, data := range all {
			if a.got[sequence] != data {
				return fmt.Errorf("of %s at #%d the reader got %q", data, sequence, a.got[sequence])
			}
		}
		return nil
	})
}
