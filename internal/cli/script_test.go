package cli_test

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"io"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/rogpeppe/go-internal/testscript"

	"linger/client"
	"linger/internal/cli"
)

// TestMain lets the scripts run this test binary as linger.
func TestMain(m *testing.M) {
	testscript.Main(m, map[string]func(){"linger": func() { os.Exit(runLinger()) }})
}

// runLinger does what main does.
func runLinger() int {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	signal.Ignore(syscall.SIGPIPE)
	return cli.Run(ctx, os.Args[1:], cli.Default("1.2.3"))
}

// TestScripts runs testdata/*.txtar, each with a server of its own once it says start.
func TestScripts(t *testing.T) {
	testscript.Run(t, testscript.Params{
		Dir:                 "testdata",
		RequireExplicitExec: true,
		RequireUniqueNames:  true,
		Setup: func(e *testscript.Env) error {
			e.Values[serverKey{}] = new(testServer)
			e.Setenv("GORACE", "atexit_sleep_ms=0") // the race detector's default is a second for each command
			return nil
		},
		Cmds: map[string]func(*testscript.TestScript, bool, []string){
			"start":         start,
			"halt":          halt,
			"subscribed":    subscribed,
			"subscriptions": subscriptions,
			"appears":       appears,
			"status":        status,
			"damage":        damage,
			"same":          same,
			"dated":         dated,
		},
	})
}

// waitMost is how long a script waits for what should come at once.
const waitMost = 20 * time.Second

// testServer is a script's server.
type testServer struct {
	cmd  *exec.Cmd     // nil: not running
	rest chan struct{} // closed when its standard error has been read to the end
	log  bytes.Buffer  // what it wrote there after the start; to be read after rest
}

type serverKey struct{}

// start [-again] [flags]: runs a server on free ports, with -again on the same ones as before. It sets LINGER_SERVER and
// HTTP and leaves what the server said first in start.txt.
func start(ts *testscript.TestScript, _ bool, args []string) {
	addresses := []string{"--grpc", "localhost:0", "--http", "localhost:0"}
	if len(args) > 0 && args[0] == "-again" {
		addresses = []string{"--grpc", ts.Getenv("LINGER_SERVER"), "--http", ts.Getenv("HTTP")}
		args = args[1:]
	}
	s := ts.Value(serverKey{}).(*testServer)
	s.cmd = exec.Command(lingerPath(ts), append(append([]string{"serve"}, addresses...), args...)...)
	s.cmd.Dir = ts.MkAbs(".")
	s.cmd.Env = append(os.Environ(), "LINGER_STORE="+ts.Getenv("LINGER_STORE"))
	stderr, err := s.cmd.StderrPipe()
	ts.Check(err)
	ts.Check(s.cmd.Start())
	ts.Defer(func() { _, _ = s.end(os.Kill) })
	s.rest = make(chan struct{})
	said := make(chan string, 1)
	go s.read(stderr, said)
	text := <-said // the whole start, or what it said before it ended
	ts.Check(os.WriteFile(ts.MkAbs("start.txt"), []byte(text), 0o600))
	for line := range strings.Lines(text) {
		switch fields := strings.Fields(line); {
		case len(fields) == 2 && fields[0] == "gRPC":
			ts.Setenv("LINGER_SERVER", fields[1])
		case len(fields) == 2 && fields[0] == "Dashboard":
			ts.Setenv("HTTP", strings.TrimPrefix(fields[1], "http://"))
		}
	}
	if !strings.Contains(text, "Ctrl-C") {
		ts.Fatalf("the server does not start:\n%s", text)
	}
}

func (s *testServer) read(stderr io.Reader, said chan<- string) {
	defer close(s.rest)
	var text strings.Builder
	lines := bufio.NewScanner(stderr)
	for lines.Scan() {
		text.WriteString(lines.Text() + "\n")
		if strings.HasPrefix(lines.Text(), "Ctrl-C") {
			break
		}
	}
	said <- text.String()
	_, _ = io.Copy(&s.log, stderr)
}

// end signals the server and waits for it.
func (s *testServer) end(sig os.Signal) (status int, err error) {
	if s.cmd == nil {
		return 0, nil
	}
	_ = s.cmd.Process.Signal(sig)
	<-s.rest
	err = s.cmd.Wait()
	status = s.cmd.ProcessState.ExitCode()
	s.cmd = nil
	return status, err
}

// halt [-kill]: stops the server in order, which must succeed, or kills it.
func halt(ts *testscript.TestScript, _ bool, args []string) {
	s := ts.Value(serverKey{}).(*testServer)
	if len(args) > 0 {
		_, _ = s.end(os.Kill)
		return
	}
	if _, err := s.end(syscall.SIGTERM); err != nil {
		ts.Fatalf("the server ends with %v\n%s", err, s.log.String())
	}
}

// lingerPath is where testscript.Main put the command.
func lingerPath(ts *testscript.TestScript) string {
	for _, dir := range filepath.SplitList(ts.Getenv("PATH")) {
		path := filepath.Join(dir, "linger")
		if _, err := os.Stat(path); err == nil {
			return path
		}
	}
	ts.Fatalf("no linger in PATH")
	return ""
}

// subscribed TOPIC N: waits until the topic exists and has N subscriptions.
func subscribed(ts *testscript.TestScript, _ bool, args []string) {
	want, err := strconv.ParseUint(args[1], 10, 32)
	ts.Check(err)
	c, err := client.Dial(ts.Getenv("LINGER_SERVER"), client.Options{})
	ts.Check(err)
	defer c.Close()
	ctx, cancel := context.WithTimeout(context.Background(), waitMost)
	defer cancel()
	tick := time.NewTicker(10 * time.Millisecond)
	defer tick.Stop()
	for ctx.Err() == nil {
		t, err := c.GetTopic(ctx, args[0])
		if err == nil && uint64(t.Stats.Subscriptions) == want {
			return
		}
		<-tick.C
	}
	ts.Fatalf("%s does not come to %d subscriptions", args[0], want)
}

// subscriptions N: waits until all topics together have N subscriptions, and one of them messages.
func subscriptions(ts *testscript.TestScript, _ bool, args []string) {
	want, err := strconv.ParseUint(args[0], 10, 32)
	ts.Check(err)
	c, err := client.Dial(ts.Getenv("LINGER_SERVER"), client.Options{})
	ts.Check(err)
	defer c.Close()
	ctx, cancel := context.WithTimeout(context.Background(), waitMost)
	defer cancel()
	tick := time.NewTicker(10 * time.Millisecond)
	defer tick.Stop()
	for ctx.Err() == nil {
		var sum, published uint64
		for t, err := range c.ListTopics(ctx, "") {
			if err == nil && t.Stats.Subscriptions > 0 {
				sum += uint64(t.Stats.Subscriptions)
				published += t.Stats.Published
			}
		}
		if sum == want && published > 0 {
			return
		}
		<-tick.C
	}
	ts.Fatalf("there never are %d subscriptions", want)
}

// appears FILE TEXT: waits until the file, which a command in the background writes, holds the text.
func appears(ts *testscript.TestScript, _ bool, args []string) {
	ctx, cancel := context.WithTimeout(context.Background(), waitMost)
	defer cancel()
	tick := time.NewTicker(10 * time.Millisecond)
	defer tick.Stop()
	var text []byte
	for {
		text, _ = os.ReadFile(ts.MkAbs(args[0])) // it may not be there yet
		if bytes.Contains(text, []byte(args[1])) {
			return
		}
		select {
		case <-tick.C:
		case <-ctx.Done():
			ts.Fatalf("no %q appears in %s:\n%s", args[1], args[0], text)
		}
	}
}

// status N [<FILE] COMMAND...: runs a command that must end with exit status N.
func status(ts *testscript.TestScript, _ bool, args []string) {
	want, err := strconv.Atoi(args[0])
	ts.Check(err)
	args = args[1:]
	var stdin io.Reader
	if name, ok := strings.CutPrefix(args[0], "<"); ok {
		stdin = strings.NewReader(ts.ReadFile(name))
		args = args[1:]
	}
	var stderr bytes.Buffer
	cmd := exec.Command(lingerPath(ts), args[1:]...)
	cmd.Dir, cmd.Stdin, cmd.Stdout, cmd.Stderr = ts.MkAbs("."), stdin, ts.Stdout(), io.MultiWriter(&stderr, ts.Stderr())
	cmd.Env = append(os.Environ(), "LINGER_SERVER="+ts.Getenv("LINGER_SERVER"), "GORACE="+ts.Getenv("GORACE"))
	err = cmd.Run()
	var ended *exec.ExitError
	if err != nil && !errors.As(err, &ended) {
		ts.Check(err)
	}
	if got := cmd.ProcessState.ExitCode(); got != want {
		ts.Fatalf("exit status %d, want %d\n%s", got, want, stderr.String())
	}
}

// damage PATTERN: flips a bit in the middle of the last file that matches.
func damage(ts *testscript.TestScript, _ bool, args []string) {
	files, err := filepath.Glob(ts.MkAbs(args[0]))
	ts.Check(err)
	if len(files) == 0 {
		ts.Fatalf("no file matches %s", args[0])
	}
	path := files[len(files)-1]
	b, err := os.ReadFile(path)
	ts.Check(err)
	b[len(b)/2] ^= 1
	ts.Check(os.WriteFile(path, b, 0o600))
}

// What differs between two looks at the same message, and between a message and itself on another server.
var (
	leftNow     = regexp.MustCompile(`"ttl_ms_left":\d+`)
	publishTime = regexp.MustCompile(`"publish_time":"[^"]*"`)
)

// same [-moved] FILE1 FILE2: two lists of messages as JSON agree in everything but the time left and, with -moved, when they
// were published.
func same(ts *testscript.TestScript, _ bool, args []string) {
	moved := args[0] == "-moved"
	if moved {
		args = args[1:]
	}
	fixed := func(name string) string {
		s := leftNow.ReplaceAllString(ts.ReadFile(name), "")
		if moved {
			s = publishTime.ReplaceAllString(s, "")
		}
		return s
	}
	if one := fixed(args[0]); one == "" || one != fixed(args[1]) {
		ts.Fatalf("%s:\n%s\n%s:\n%s", args[0], ts.ReadFile(args[0]), args[1], ts.ReadFile(args[1]))
	}
}

// fromNow is a place for a time: @in 100h@.
var fromNow = regexp.MustCompile(`@in ([0-9a-z]+)@`)

// dated FILE...: puts the times that are so far from now, which is the same in all of them, where files say so.
func dated(ts *testscript.TestScript, _ bool, args []string) {
	now := time.Now()
	for _, name := range args {
		text := fromNow.ReplaceAllStringFunc(ts.ReadFile(name), func(place string) string {
			d, err := time.ParseDuration(fromNow.FindStringSubmatch(place)[1])
			ts.Check(err)
			return now.Add(d).UTC().Format("2006-01-02T15:04:05.000Z")
		})
		ts.Check(os.WriteFile(ts.MkAbs(name), []byte(text), 0o600))
	}
}
