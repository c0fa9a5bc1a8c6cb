package crash

import (
	"fmt"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"linger/client"
	"linger/test/process"
)

// TestContract05ServerClockIsSet has the wall clock set an hour forward and back while the server runs, and the machine
// asleep for an hour: a step changes nothing, and is told; sleep counts.
func TestContract05ServerClockIsSet(t *testing.T) {
	t.Parallel()
	f := startFaulty(t, filepath.Join(t.TempDir(), "store"), 0)
	c := &timed{t: t, client: f.Dial()}
	c.publish("two hours", 2*time.Hour)
	c.publish("half an hour", 30*time.Minute)

	for _, step := range []time.Duration{time.Hour, -2 * time.Hour} {
		f.order("wall", step)
		c.left("two hours", 2*time.Hour)
		c.left("half an hour", 30*time.Minute)
		c.publish("short", 300*time.Millisecond)
		process.Eventually(t, process.Patience, func() error { return c.gone("short") })
	}
	process.Eventually(t, process.Patience, func() error { // it looks each second
		if _, page := f.Get("/"); !strings.Contains(page, "s clock is 1 h ahead of the wall clock") {
			return fmt.Errorf("the dashboard does not tell: %.300q", between(page, `id="drift"`, "</p>"))
		}
		return process.Expect("whether the log tells", strings.Contains(f.Log.String(), "the wall clock was set"), true)
	})

	f.order("sleep", time.Hour)
	c.left("two hours", time.Hour)
	process.Eventually(t, process.Patience, func() error { return c.gone("half an hour") })
}

// TestContract05ServerClockIsSetOverRestart has the wall clock set an hour back, and forward, while the server, which was
// killed, is down: what was dead stays dead, and what was alive lives as long as it was to, time while down included.
func TestContract05ServerClockIsSetOverRestart(t *testing.T) {
	t.Parallel()
	dir := filepath.Join(t.TempDir(), "store")
	f := startFaulty(t, dir, 0)
	c := &timed{t: t, client: f.Dial()}
	c.publish("two hours", 2*time.Hour)
	c.publish("half an hour", 30*time.Minute)
	c.publish("short", 300*time.Millisecond)
	process.Eventually(t, process.Patience, func() error { return c.gone("short") })
	last := c.publish("after it", 2*time.Hour) // which stores the time, as an idle server does each second
	f.Kill()

	f = startFaulty(t, dir, -time.Hour)
	c.client = f.Dial()
	if err := c.gone("short"); err != nil {
		t.Errorf("an hour back: %v", err)
	}
	c.left("two hours", 2*time.Hour)
	c.left("half an hour", 30*time.Minute)
	if next := c.publish("next", 2*time.Hour); next.PublishTime.Before(last.PublishTime) {
		t.Errorf("published at %v, after what was at %v", next.PublishTime, last.PublishTime)
	}
	f.Kill()

	for _, off := range []time.Duration{time.Hour, 0, -time.Hour} { // forward, and back again
		f = startFaulty(t, dir, off)
		c.client = f.Dial()
		for _, dead := range []string{"short", "half an hour"} {
			if err := c.gone(dead); err != nil {
				t.Errorf("at %v: %v", off, err)
			}
		}
		c.left("two hours", time.Hour)
		f.Kill()
	}
}

// timed publishes messages and asks how long they live.
type timed struct {
	t      *testing.T
	client *client.Client
	began  time.Time
}

const clocked = "clock"

func (c *timed) publish(name string, ttl time.Duration) client.Ack {
	c.t.Helper()
	if c.began.IsZero() {
		c.began = time.Now()
	}
	ack, err := c.client.Publish(c.t.Context(), clocked, ttl, client.Message{Data: []byte(name)})
	if err != nil {
		c.t.Fatal(err)
	}
	return ack
}

// find gives what is left of each message.
func (c *timed) find() map[string]time.Duration {
	c.t.Helper()
	left := map[string]time.Duration{}
	for m, err := range c.client.ListMessages(c.t.Context(), clocked, client.ListOptions{}) {
		if err != nil {
			c.t.Fatal(err)
		}
		left[string(m.Data)] = m.TimeLeft
	}
	return left
}

// left checks that a message has a time left, less what the test has taken.
func (c *timed) left(name string, want time.Duration) {
	c.t.Helper()
	got, alive := c.find()[name]
	if taken := time.Since(c.began) + 10*time.Millisecond; !alive || got > want || got < want-taken {
		c.t.Errorf("%q has %v left (alive: %t), not %v less %v", name, got, alive, want, taken)
	}
}

func (c *timed) gone(name string) error {
	c.t.Helper()
	if left, alive := c.find()[name]; alive {
		return fmt.Errorf("%q has %v left", name, left)
	}
	return nil
}

// between is what stands in a text from one mark to another.
func between(text, from, to string) string {
	_, text, _ = strings.Cut(text, from)
	text, _, _ = strings.Cut(text, to)
	return text
}
