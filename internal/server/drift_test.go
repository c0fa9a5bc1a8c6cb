package server

import (
	"bytes"
	"context"
	"log/slog"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"linger/broker"
)

// Contract 5: a difference of more than a second from the wall clock is logged, once as long as it stays.
func TestDriftIsLogged(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var set atomic.Int64 // by how much the wall clock was set
		var out bytes.Buffer
		l := &driftLog{log: slog.New(slog.NewTextHandler(&out, nil)), drift: drift{
			server: func() broker.Instant { return broker.InstantOf(time.Now()) },
			wall:   func() time.Time { return time.Now().Add(time.Duration(set.Load())) },
		}}
		ctx, stop := context.WithCancel(t.Context())
		var watching sync.WaitGroup
		watching.Go(func() { l.watch(ctx) })
		for _, step := range []struct {
			to   time.Duration
			says string // "": nothing
		}{
			{0, ""},
			{time.Second, ""},
			{-time.Hour, "server_ahead_by=1h0m0s"},
			{-time.Hour - 900*time.Millisecond, ""},
			{-time.Hour - 1001*time.Millisecond, "server_ahead_by=1h0m1.001s"},
			{2 * time.Second, "server_ahead_by=-2s"},
			{1100 * time.Millisecond, ""},
			{900 * time.Millisecond, ""},
			{1100 * time.Millisecond, ""},
			{-400 * time.Millisecond, "agree again"},
			{-1500 * time.Millisecond, "server_ahead_by=1.5s"},
			{0, "agree again"},
		} {
			out.Reset()
			set.Store(int64(step.to))
			time.Sleep(driftEvery) // virtual
			synctest.Wait()
			soon := out.String()
			time.Sleep(time.Minute)
			synctest.Wait()
			if all := out.String(); all != soon || strings.Count(all, "\n") > 1 || (all == "") != (step.says == "") || !strings.Contains(all, step.says) {
				t.Errorf("set by %v: logged %q within a second and %q within a minute, want one line with %q", step.to, soon, all, step.says)
			}
		}
		stop()
		watching.Wait()
	})
}
