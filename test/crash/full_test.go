package crash

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"google.golang.org/grpc/codes"

	"linger/client"
	"linger/test/process"
	"linger/test/smalldisk"
)

// TestContract09ServerDiskFull fills the disk under a server with something else: publishes are refused at once,
// everything else goes on, and so do publishes when there is room again. Killed on a full disk, it says what it needs.
func TestContract09ServerDiskFull(t *testing.T) {
	t.Parallel()
	disk := smalldisk.New(t, 160<<20)
	ballast := filepath.Join(disk, "ballast")
	s := newServer(t, filepath.Join(disk, "store"), "--disk", "300MiB")
	s.Start()
	c := s.Dial()
	p := startNumbered(t, s.Dial(), "full")
	live := readAlong(t, s.Dial(), "full")
	p.until(t, 50)

	smalldisk.Fill(t, ballast)
	s.awaitFull()
	p.stop(t) // what was on its way when the disk became full is answered when there is room
	s.refusesForWantOfRoom(c)
	acked := p.acknowledged()
	live.has(t, acked)
	readAlong(t, s.Dial(), "full").has(t, acked)

	remove(t, ballast)
	process.Eventually(t, process.Patience, func() error {
		_, err := s.publishOne(c)
		return err
	})
	if status, body := s.Get("/readyz"); status != http.StatusOK || body != "ready\n" {
		t.Errorf("/readyz answers %d %q when there is room again", status, body)
	}
	p = startNumbered(t, s.Dial(), "again")
	p.until(t, 50)

	smalldisk.Fill(t, ballast)
	s.awaitFull()
	s.Kill()
	s.Launch()
	status := s.Wait()
	if said := s.Log.Last(); status != 1 || !strings.Contains(said, "is full; make room there") {
		t.Errorf("a start on a full disk ended with %d: %s", status, said)
	}
	remove(t, ballast)
	s.Start()
	p.stop(t)
	readAlong(t, s.Dial(), "full").has(t, acked)
	listed(t, s.Dial(), "again", p.acknowledged(), p.maybe())
	if maybe := p.maybe(); len(maybe) > 0 {
		t.Errorf("%d messages of unknown outcome: their publisher was remembered", len(maybe))
	}
	s.Stop()
}

func remove(t *testing.T, path string) {
	t.Helper()
	if err := os.Remove(path); err != nil {
		t.Fatal(err)
	}
}

// awaitFull waits until the server has seen that its disk is full: it looks several times a second.
func (s *server) awaitFull() {
	s.t.Helper()
	process.Eventually(s.t, process.Patience, func() error {
		status, body := s.Get("/readyz")
		if status != http.StatusOK || !strings.Contains(body, "full") {
			return fmt.Errorf("/readyz answers %d %q", status, body)
		}
		return nil
	})
}

func (s *server) publishOne(c *client.Client) (client.Ack, error) {
	ctx, cancel := context.WithTimeout(s.t.Context(), 5*time.Second)
	defer cancel()
	return c.Publish(ctx, "one", time.Hour, client.Message{Data: []byte("one")})
}

// refusesForWantOfRoom looks everywhere where one looks for what is wrong.
func (s *server) refusesForWantOfRoom(c *client.Client) {
	s.t.Helper()
	_, err := s.publishOne(c)
	var refusal *client.Error
	if !errors.As(err, &refusal) || refusal.Code != codes.ResourceExhausted || refusal.Reason != "FULL" || !strings.Contains(refusal.Message, "MiB") {
		s.t.Errorf("a publish is answered: %v", err)
	}
	s.t.Log(err)
	_, page := s.Get("/")
	if banner := between(page, `id="store"`, "</p>"); !strings.Contains(banner, "severe") || !strings.Contains(banner, "full") {
		s.t.Errorf("the dashboard says %q", banner)
	}
	if _, metrics := s.Get("/metrics"); !strings.Contains(metrics, "linger_store_problem{problem=\"full\"} 1\n") {
		s.t.Error("the metrics do not tell")
	}
	if out, err := s.linger("health"); err != nil {
		s.t.Errorf("linger health: %v, %s: it serves readers and heals by itself", err, out)
	}
}
