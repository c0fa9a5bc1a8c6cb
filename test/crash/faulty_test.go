package crash

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"os"
	"os/signal"
	"slices"
	"strings"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/cockroachdb/pebble/v2/vfs"
	"github.com/cockroachdb/pebble/v2/vfs/errorfs"

	"linger/internal/cli"
)

// The program cannot be told to fail. So the test binary, started again with this variable, is the program on a machine
// that can: it runs the same commands, and does to the machine under them what its standard input says, a line each. Of
// everything else it is a process like any other.
const faultyVariable = "LINGER_TEST_MACHINE"

// faultyMachine is a machine whose disk fails and whose clocks are set.
type faultyMachine struct {
	broken atomic.Pointer[string] // the kind of operation that fails on the WAL: "write" or "sync"; nil: none
	slow   atomic.Int64           // nanoseconds that each sync of the WAL takes longer
	wall   atomic.Int64           // nanoseconds that the wall clock is off
	slept  atomic.Int64           // nanoseconds that the machine was asleep
}

// runFaulty is the program on a faulty machine whose wall clock is off by what the variable says.
func runFaulty(off string) int {
	m := &faultyMachine{}
	if reply := m.obey("wall " + off); reply != "" {
		fmt.Fprintln(os.Stderr, reply)
		return 2
	}
	go m.listen(os.Stdin, os.Stdout)
	env := cli.Default("faulty")
	env.Stdin, env.Stdout = strings.NewReader(""), io.Discard
	env.Machine = cli.Machine{FS: errorfs.Wrap(vfs.Default, errorfs.InjectorFunc(m.inject)), WallClock: m.now, SinceBoot: m.sinceBoot}
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGTERM)
	defer stop()
	return cli.Run(ctx, os.Args[1:], env)
}

// listen obeys until the input ends, and answers each line with one.
func (m *faultyMachine) listen(in io.Reader, out io.Writer) {
	lines := bufio.NewScanner(in)
	for lines.Scan() {
		fmt.Fprintln(out, "done "+m.obey(lines.Text()))
	}
}

// obey does what a line says; it gives what is wrong with the line.
func (m *faultyMachine) obey(line string) string {
	what, value, _ := strings.Cut(line, " ")
	if what == "break" {
		m.broken.Store(&value)
		return ""
	}
	d, err := time.ParseDuration(value)
	switch {
	case err != nil:
		return err.Error()
	case what == "slow":
		m.slow.Store(int64(d))
	case what == "wall":
		m.wall.Add(int64(d))
	case what == "sleep":
		m.slept.Add(int64(d))
		m.wall.Add(int64(d))
	default:
		return "what is " + what
	}
	return ""
}

var (
	syncs  = []errorfs.OpKind{errorfs.OpFileSync, errorfs.OpFileSyncData, errorfs.OpFileSyncTo}
	writes = []errorfs.OpKind{errorfs.OpFileWrite, errorfs.OpFileWriteAt}
)

func (m *faultyMachine) inject(op errorfs.Op) error {
	if !strings.HasSuffix(op.Path, ".log") {
		return nil
	}
	sync := slices.Contains(syncs, op.Kind)
	if sync {
		time.Sleep(time.Duration(m.slow.Load()))
	}
	if broken := m.broken.Load(); broken != nil && (*broken == "sync" && sync || *broken == "write" && slices.Contains(writes, op.Kind)) {
		return &os.PathError{Op: *broken, Path: op.Path, Err: syscall.EIO}
	}
	return nil
}

func (m *faultyMachine) now() time.Time { return time.Now().Round(0).Add(time.Duration(m.wall.Load())) }

// began is when this process did, for a monotonic clock; that the machine counts from another moment is of no account.
var began = time.Now()

func (m *faultyMachine) sinceBoot() time.Duration {
	return time.Since(began) + time.Duration(m.slept.Load())
}

// faulty is a server on a machine that fails when it is told.
type faulty struct {
	*server
	orders io.Writer
	done   *bufio.Reader
}

// startFaulty starts a server on a directory and on a machine whose wall clock is off. It is ended with the test.
func startFaulty(t *testing.T, dir string, off time.Duration, flags ...string) *faulty {
	t.Helper()
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	f := &faulty{server: serverOf(t, self, dir, flags...)}
	f.Env = []string{faultyVariable + "=" + off.String()}
	stdin, orders, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	replies, stdout, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	f.Stdin, f.Stdout, f.orders, f.done = stdin, stdout, orders, bufio.NewReader(replies)
	f.Start()
	_ = stdin.Close()
	_ = stdout.Close()
	t.Cleanup(func() {
		_ = orders.Close()
		_ = replies.Close()
	})
	return f
}

// order has something done to the machine, and waits until it is.
func (f *faulty) order(what string, value any) {
	f.t.Helper()
	fmt.Fprintln(f.orders, what, value)
	if reply, err := f.done.ReadString('\n'); err != nil || reply != "done \n" {
		f.t.Fatalf("%s %v: %q, %v", what, value, reply, err)
	}
}
