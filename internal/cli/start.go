package cli

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"time"

	"linger/client"
	"linger/internal/server"
)

// pace is how a recovery is told while it lasts: not at all when it is short; then where the server is, and on a terminal
// a line that is drawn again and again, elsewhere a line of the log now and then.
type pace struct {
	short, drawn, logged time.Duration
}

var usualPace = pace{short: 2 * time.Second, drawn: 100 * time.Millisecond, logged: 10 * time.Second}

// start runs a server, and says what there is to say until it serves.
type start struct {
	*app
	server  *server.Server
	store   *store
	log     *slog.Logger
	pace    pace
	display *display // standard error, if that is a terminal
	headed  bool     // says where everything is already
}

// run runs the server until ctx ends.
func (s *start) run(ctx context.Context, console bool) error {
	ended := make(chan error, 1)
	go func() { ended <- s.server.Run(ctx) }()
	if running, err := s.await(ended); !running {
		return err
	}
	s.head()
	s.rest()
	if console {
		stop, err := s.startConsole(ctx, s.server.GRPCAddr())
		if err != nil {
			s.note("console: %v", err)
		} else {
			defer stop()
		}
	}
	return <-ended
}

// await waits until the server serves, or has ended.
func (s *start) await(ended <-chan error) (running bool, err error) {
	began := time.Now()
	timer := time.NewTimer(s.pace.short)
	defer timer.Stop()
	for {
		select {
		case <-s.server.Ready():
			s.clear()
			return true, nil
		case err := <-ended:
			s.clear()
			return false, err
		case <-timer.C:
		}
		s.head()
		took, percent := time.Since(began), s.store.percent.Load()
		if s.display != nil {
			s.display.draw(func(width int) string {
				return barLine(width, 0, 0, "", fmt.Sprintf("  Recovering  %d %%", percent), formatLeft(took))
			})
			timer.Reset(s.pace.drawn)
			continue
		}
		if took >= s.pace.logged {
			s.log.Info("recovering", "percent", percent, "took", took.Round(time.Second))
		}
		timer.Reset(s.pace.logged - took%s.pace.logged)
	}
}

// clear takes away the line that tells the progress.
func (s *start) clear() {
	if s.display != nil {
		s.display.clear()
	}
}

// head says, once, where everything is.
func (s *start) head() {
	if s.headed {
		return
	}
	s.headed = true
	host, port, _ := net.SplitHostPort(s.server.HTTPAddr())
	if ip := net.ParseIP(host); host == "" || (ip != nil && ip.IsUnspecified()) {
		host = "localhost" // where a browser on this machine finds it
	}
	fmt.Fprintf(s.Stderr, "Linger %s\n", s.Version)
	fmt.Fprintf(s.Stderr, "  Dashboard   http://%s\n", net.JoinHostPort(host, port))
	fmt.Fprintf(s.Stderr, "  gRPC        %s\n", s.server.GRPCAddr())
	fmt.Fprintf(s.Stderr, "  Store       %s\n", s.store.promise())
}

// rest says what is there and what to try, and then the server is quiet.
func (s *start) rest() {
	label := "Recovered"
	for _, line := range s.store.recovered() {
		fmt.Fprintf(s.Stderr, "  %-10s  %s\n", label, line)
		label = ""
	}
	fmt.Fprintf(s.Stderr, "Try           %s\n", s.server.Command(`pub hello "Hello, Linger" --ttl 30s`))
	kept := ""
	if s.store.dir != "" {
		kept = " What still has time left is kept."
	}
	fmt.Fprintf(s.Stderr, "Ctrl-C stops it.%s\n", kept)
}

// programName is what to type to run this program again.
func programName() string {
	path, err := os.Executable()
	if err != nil {
		return "linger"
	}
	return nameOf(path)
}

// inGoBuild matches the temporary folder and the cache that `go run` runs programs from.
var inGoBuild = regexp.MustCompile(`/go-build(\d+)?/`)

// nameOf knows a program run by `go run .` by the folder that it is built in.
func nameOf(path string) string {
	if inGoBuild.MatchString(filepath.ToSlash(path)) {
		return "go run ."
	}
	return "linger"
}

// explainStart says which port is in use, by whom, and how to run a second server.
func (a *app) explainStart(ctx context.Context, err error) error {
	var inUse *server.PortInUseError
	if !errors.As(err, &inUse) {
		return err
	}
	_, port, splitErr := net.SplitHostPort(inUse.Addr)
	if splitErr != nil {
		return err
	}
	who := "another program"
	if lingerAnswers(ctx, inUse) {
		who = "another Linger"
	}
	return fmt.Errorf("%s port %s is in use by %s; for a second Linger: %s serve --grpc localhost:%s --http localhost:%s",
		inUse.Service, port, who, programName(), freePort(50075), freePort(8081))
}

// lingerAnswers asks whoever has the port.
func lingerAnswers(ctx context.Context, inUse *server.PortInUseError) bool {
	ctx, cancel := context.WithTimeout(ctx, time.Second)
	defer cancel()
	host, port, _ := net.SplitHostPort(inUse.Addr)
	if ip := net.ParseIP(host); host == "" || (ip != nil && ip.IsUnspecified()) {
		host = "localhost"
	}
	addr := net.JoinHostPort(host, port)
	if inUse.Service == "gRPC" {
		c, err := client.Dial(addr, client.Options{})
		if err != nil {
			return false
		}
		defer func() { _ = c.Close() }() // only ever refuses a second closing
		_, err = c.ServerTime(ctx)
		return err == nil
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, "http://"+addr+"/healthz", nil)
	if err != nil {
		return false
	}
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		return false
	}
	defer resp.Body.Close()
	return resp.Header.Get("Linger-Version") != ""
}

// freePort is the first port from port on that can be bound, so that what is suggested works.
func freePort(port int) string {
	for p := port; p < port+20; p++ {
		l, err := net.Listen("tcp", net.JoinHostPort("localhost", strconv.Itoa(p)))
		if err == nil {
			l.Close()
			return strconv.Itoa(p)
		}
	}
	return "0"
}
