package e2e

import (
	"bytes"
	"errors"
	"fmt"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protodesc"
	"google.golang.org/protobuf/reflect/protoreflect"
	"google.golang.org/protobuf/types/descriptorpb"

	"linger/test/process"
)

// debianPython is the one that Debian's python3-grpcio belongs to, whatever else is on the path.
const debianPython = "/usr/bin/python3"

// child is a program that runs beside the test and prints lines. It is ended with the test.
type child struct {
	t    testing.TB
	name string
	cmd  *exec.Cmd
	out  *process.Output // standard output
	err  *process.Output // standard error
	done chan struct{}
}

func startChild(t testing.TB, cmd *exec.Cmd) *child {
	t.Helper()
	c := &child{t: t, name: strings.Join(cmd.Args, " "), cmd: cmd, out: &process.Output{}, err: &process.Output{}, done: make(chan struct{})}
	cmd.Stdout, cmd.Stderr = c.out, c.err
	cmd.WaitDelay = 5 * time.Second
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	go func() { // ends with the process
		_ = cmd.Wait() // it is killed, or what it wrote tells
		close(c.done)
	}()
	t.Cleanup(func() {
		_ = cmd.Process.Signal(syscall.SIGKILL) // it may have ended
		<-c.done
		if t.Failed() {
			t.Logf("%s printed:\n%s%s", c.name, c.out, c.err)
		}
	})
	return c
}

// lines are those it has printed whole.
func (c *child) lines() []string {
	text := c.out.String()
	return slices.Collect(strings.SplitSeq(text[:strings.LastIndex(text, "\n")+1], "\n"))
}

// prints waits until it has printed exactly these lines. It may take as long as it likes, but not stop.
func (c *child) prints(want ...string) {
	c.t.Helper()
	for have := 0; have < len(want); {
		var got []string
		process.Eventually(c.t, patience, func() error {
			got = c.lines()
			got = got[:len(got)-1] // behind the last line break
			select {
			case <-c.done:
				c.t.Fatalf("%s ended:\n%s%s", c.name, c.out, c.err)
			default:
			}
			if len(got) == have {
				return fmt.Errorf("%s: no line came behind the %d that there are, of %d", c.name, have, len(want))
			}
			return nil
		})
		if len(got) > len(want) {
			c.t.Fatalf("%s printed %d lines, not %d", c.name, len(got), len(want))
		}
		for ; have < len(got); have++ {
			if got[have] != want[have] {
				c.t.Fatalf("%s: line %d is %q, not %q", c.name, have+1, got[have], want[have])
			}
		}
	}
}

// says waits until it has printed a text.
func (c *child) says(text string) {
	c.t.Helper()
	process.Eventually(c.t, patience, func() error {
		select {
		case <-c.done:
			c.t.Fatalf("%s ended:\n%s%s", c.name, c.out, c.err)
		default:
		}
		if !strings.Contains(c.out.String(), text) {
			return errors.New(c.name + " has not printed " + text)
		}
		return nil
	})
}

// python prepares a script. Without Debian's gRPC for Python the test fails: skipping is not passing.
func python(t testing.TB, dir, script string, args ...string) *exec.Cmd {
	t.Helper()
	if out, err := exec.Command(debianPython, "-c", "import grpc, google.protobuf").CombinedOutput(); err != nil {
		t.Fatalf("%s cannot import grpc: make setup\n%v\n%s", debianPython, err, out)
	}
	cmd := exec.Command(debianPython, append([]string{script}, args...)...)
	cmd.Dir = dir
	cmd.Env = append(process.Environment(), "PYTHONDONTWRITEBYTECODE=1")
	return cmd
}

// stubsAreOf fails when a committed Python module was not made from the .proto file as it stands.
func stubsAreOf(t *testing.T, dir, module string, file protoreflect.FileDescriptor) {
	t.Helper()
	cmd := python(t, dir, "-c", "import importlib, sys; sys.stdout.buffer.write(importlib.import_module(sys.argv[1]).DESCRIPTOR.serialized_pb)", module)
	var stderr bytes.Buffer
	cmd.Stderr = &stderr
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("%v\n%s", err, &stderr)
	}
	var stub descriptorpb.FileDescriptorProto
	if err := proto.Unmarshal(out, &stub); err != nil {
		t.Fatal(err)
	}
	want := protodesc.ToFileDescriptorProto(file)
	for _, m := range want.GetMessageType() {
		for _, f := range m.GetField() {
			f.JsonName = nil // Python's compiler leaves them out
		}
		for _, nested := range m.GetNestedType() {
			for _, f := range nested.GetField() {
				f.JsonName = nil
			}
		}
	}
	want.Name = proto.String(filepath.Base(want.GetName()))
	stub.Name = proto.String(filepath.Base(stub.GetName()))
	if !proto.Equal(&stub, want) {
		t.Errorf("%s in %s is of another %s; its README.md says how it is made", module, dir, file.Path())
	}
}
