package e2e

import (
	"context"
	"errors"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/cockroachdb/pebble/v2/vfs"

	"linger/internal/cli"
	"linger/test/process"
)

// slowDisk is a file system that opens nothing until it is let.
type slowDisk struct {
	vfs.FS
	let chan struct{}
}

func (d slowDisk) Open(name string, options ...vfs.OpenOption) (vfs.File, error) {
	<-d.let
	return d.FS.Open(name, options...)
}

// runOnSlowDisk starts a server that has been stopped again, within this process and on a disk that lets it open its store
// when the test says so.
func (s *server) runOnSlowDisk() (let func()) {
	s.t.Helper()
	disk := slowDisk{vfs.Default, make(chan struct{})}
	said := &process.Output{}
	ctx, stop := context.WithCancel(context.Background())
	ended := make(chan int, 1)
	go func() {
		ended <- cli.Run(ctx, []string{"serve", "--grpc", s.GRPC, "--http", s.HTTP, "--store", "file:" + s.Dir + "/linger-data"}, cli.Env{
			Version: "1.2.3", Stdin: strings.NewReader(""), Stdout: said, Stderr: said,
			Getenv: func(string) string { return "" }, Machine: cli.Machine{FS: disk},
		})
	}()
	let = sync.OnceFunc(func() { close(disk.let) })
	s.t.Cleanup(func() {
		let()
		stop()
		if status := <-ended; status != 0 {
			s.t.Errorf("the server ended with status %d:\n%s", status, said)
		}
	})
	process.Eventually(s.t, patience, func() error {
		if !strings.Contains(said.String(), "Dashboard") {
			return errors.New("the server has not said that it recovers")
		}
		return nil
	})
	return let
}

// While a server reads its store, a page that is asked for says so and comes by itself when all of it is there, without
// script too; one that was open says so where it says Live otherwise.
func TestRecoveringPage(t *testing.T) {
	t.Parallel()
	s := startServer(t)
	s.publish("orders", 10*time.Minute, "stays")
	person := newPerson(t)
	open := person.live(s, "/")
	open.holds("Retained", 1, "#1", "stays")
	s.Stop()
	open.connected("Stopped")

	let := s.runOnSlowDisk()
	open.connected("Recovering")
	open.publish("orders", "too early", "1 min")
	open.says("The server is recovering: the store is being opened")
	asked := person.open(s.URL("/topics/orders"))
	asked.says("Linger is recovering")
	plain := person.open(s.URL("/"), withoutScript)
	plain.says("Linger is recovering")

	let()
	open.connected("Live")
	open.holds("Retained", 1, "#1", "stays", "9:")
	asked.connected("Live")
	asked.holds("Retained", 1, "#1", "stays", "9:")
	plain.says("stays")
	open.find("button", "Publish").click()
	open.holds("Live", 1, "#2", "too early")
}
