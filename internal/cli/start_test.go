package cli

import (
	"bytes"
	"context"
	"errors"
	"log/slog"
	"regexp"
	"strings"
	"sync"
	"testing"
	"time"

	"linger/broker"
	"linger/broker/memlog"
	"linger/internal/server"
)

// screen is standard error. Safe for concurrent use.
type screen struct {
	mu    sync.Mutex // guards what is below
	text  bytes.Buffer
	wants string
	shown chan struct{}
}

// await gives a channel that is closed when a text has been written.
func (s *screen) await(text string) <-chan struct{} {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.wants, s.shown = text, make(chan struct{})
	s.lookLocked()
	return s.shown
}

func (s *screen) lookLocked() {
	if s.wants != "" && strings.Contains(s.text.String(), s.wants) {
		s.wants = ""
		close(s.shown)
	}
}

func (s *screen) Write(b []byte) (int, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.text.Write(b)
	s.lookLocked()
	return len(b), nil
}

func (s *screen) String() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.text.String()
}

// recoverSlowly starts a server that says how it recovers, at a pace that does not wait. finish lets the recovery end.
func recoverSlowly(t *testing.T, w *screen, terminal bool) (finish func(error), stop func() error) {
	t.Helper()
	opened := make(chan error)
	st := &store{}
	s, err := server.New(server.Config{
		GRPC: "localhost:0", HTTP: "localhost:0",
		Open: func(ctx context.Context, progress func(done, total int64)) (*broker.Broker, error) {
			progress(1, 3)
			st.percent.Store(33)
			select {
			case err := <-opened:
				if err != nil {
					return nil, err
				}
			case <-ctx.Done():
				return nil, ctx.Err()
			}
			clock := broker.NewClock(time.Now)
			return broker.Open(ctx, broker.Config{Clock: clock, Log: memlog.New(memlog.Options{Clock: clock})})
		},
	})
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	t.Cleanup(cancel)
	a := &app{Env: Env{Version: "1.2.3", Stderr: w}}
	var d *display
	if terminal {
		d = &display{w: w, width: func() int { return 80 }}
		a.Stderr = d
	}
	ended := make(chan error, 1)
	go func() {
		run := &start{
			app: a, server: s, store: st, log: slog.New(slog.NewTextHandler(w, nil)),
			pace: pace{short: time.Millisecond, drawn: time.Millisecond, logged: time.Millisecond}, display: d,
		}
		ended <- run.run(ctx, false)
	}()
	stop = func() error {
		cancel()
		return <-ended
	}
	return func(err error) { opened <- err }, stop
}

// On a terminal a long recovery has a line of its own, which is gone when it is over.
func TestRecoveryOnATerminal(t *testing.T) {
	w := &screen{}
	finish, stop := recoverSlowly(t, w, true)
	<-w.await("\r\x1b[K  Recovering  33 %, ")
	finish(nil)
	<-w.await("Ctrl-C stops it.")
	if err := stop(); err != nil {
		t.Error(err)
	}
	lines := regexp.MustCompile(`(\r\x1b\[K[^\n\r]*)+`).ReplaceAllStringFunc(w.String(), func(drawn string) string {
		return drawn[strings.LastIndex(drawn, "\r\x1b[K")+len("\r\x1b[K"):] // what is left on the screen
	})
	if !regexp.MustCompile(`^Linger 1\.2\.3\n  Dashboard .*\n  gRPC .*\n  Store .*\nTry .*\nCtrl-C stops it\.\n$`).MatchString(lines) {
		t.Errorf("the screen shows\n%s", lines)
	}
}

// Elsewhere it is logged now and then; an error ends it, and is all that is said after.
func TestRecoveryInALog(t *testing.T) {
	w := &screen{}
	finish, stop := recoverSlowly(t, w, false)
	<-w.await("level=INFO msg=recovering percent=33")
	why := errors.New("damaged")
	finish(why)
	if err := stop(); !errors.Is(err, why) {
		t.Errorf("ended with %v", err)
	}
	if text := w.String(); strings.Contains(text, "Try") || strings.ContainsAny(text, "\r\x1b") || strings.Count(text, "Dashboard") != 1 {
		t.Errorf("said\n%s", text)
	}
}

// linger health fails meanwhile, and says how far it is.
func TestHealthDuringARecovery(t *testing.T) {
	w := &screen{}
	finish, stop := recoverSlowly(t, w, false)
	<-w.await("msg=recovering")
	addr := regexp.MustCompile(`gRPC +(\S+)`).FindStringSubmatch(w.String())[1]
	health := func() (int, string) {
		var out bytes.Buffer
		status := Run(t.Context(), []string{"health", "--server", addr}, Env{Stdout: &out, Stderr: &out, Getenv: func(string) string { return "" }})
		return status, out.String()
	}
	if status, said := health(); status != 1 || !strings.HasPrefix(said, "linger: the server is recovering: 33 % of the store has been read, in ") {
		t.Errorf("status %d: %s", status, said)
	}
	finish(nil)
	<-w.await("Ctrl-C stops it.")
	if status, said := health(); status != 0 || said != "serving\n" {
		t.Errorf("status %d: %s", status, said)
	}
	if err := stop(); err != nil {
		t.Error(err)
	}
}

// Ctrl-C during a recovery is an end in order.
func TestRecoveryInterrupted(t *testing.T) {
	w := &screen{}
	_, stop := recoverSlowly(t, w, true)
	<-w.await("Recovering")
	if err := stop(); err != nil {
		t.Error(err)
	}
	if text := w.String(); strings.Contains(text, "Try") || !strings.HasSuffix(text, "\r\x1b[K") {
		t.Errorf("said\n%q", text)
	}
}
