package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"runtime/pprof"
	"runtime/trace"
	"time"
)

// A worker is a process that makes load: one publishes, one reads. It is this program again, told its job on standard
// input and sharing the board; it says one line when it is in place and one, a report, when it ends.
type worker struct {
	*process
	output   chan []byte // the lines it says
	reported bool
}

const (
	publishes  = "publish"
	subscribes = "subscribe"
)

func startWorker(role string, j *job, b *board) (*worker, error) {
	self, err := os.Executable()
	if err != nil {
		return nil, err
	}
	text, err := json.Marshal(j)
	if err != nil {
		return nil, err
	}
	cmd := exec.Command(self, "worker", role)
	cmd.Stdin = bytes.NewReader(text)
	cmd.ExtraFiles = []*os.File{b.file}
	lines := &lineWriter{lines: make(chan []byte, 2)}
	cmd.Stdout = lines
	p, err := startProcess("worker "+role, cmd)
	if err != nil {
		return nil, err
	}
	return &worker{process: p, output: lines.lines}, nil
}

// A lineWriter hands on the two lines that a worker says.
type lineWriter struct {
	rest  []byte
	lines chan []byte
}

func (w *lineWriter) Write(p []byte) (int, error) {
	w.rest = append(w.rest, p...)
	for {
		line, rest, found := bytes.Cut(w.rest, []byte("\n"))
		if !found {
			return len(p), nil
		}
		w.rest = rest
		select {
		case w.lines <- line:
		default:
			return 0, errors.New("more lines than a worker says")
		}
	}
}

// ready waits until the worker is in place.
func (w *worker) ready(ctx context.Context) error {
	_, err := w.line(ctx)
	return err
}

// report waits until the worker has ended.
func (w *worker) report(ctx context.Context) (r report, err error) {
	line, err := w.line(ctx)
	w.reported = true
	if err != nil {
		return r, err
	}
	if err := json.Unmarshal(line, &r); err != nil {
		return r, fmt.Errorf("%s said %q: %w", w.name, line, err)
	}
	if r.Error != "" {
		return r, fmt.Errorf("%s: %s", w.name, r.Error)
	}
	select {
	case <-w.exited:
		return r, nil
	case <-ctx.Done():
		return r, ctx.Err()
	}
}

func (w *worker) line(ctx context.Context) ([]byte, error) {
	select {
	case line := <-w.output:
		return line, nil
	case <-ctx.Done():
		return nil, ctx.Err()
	case <-w.exited:
	}
	select {
	case line := <-w.output: // said before it ended
		return line, nil
	default:
		return nil, w.failed()
	}
}

// runWorker is the worker's process.
func runWorker(role string, in io.Reader, out io.Writer) error {
	var j job
	if err := json.NewDecoder(in).Decode(&j); err != nil {
		return err
	}
	b, err := mapBoard(os.NewFile(boardFD, "board"), j.Publishers, j.Readers)
	if err != nil {
		return err
	}
	if j.Profile != "" {
		file, err := os.Create(j.Profile)
		if err != nil {
			return err
		}
		if err := pprof.StartCPUProfile(file); err != nil {
			return err
		}
		defer func() {
			pprof.StopCPUProfile()
			_ = file.Close() // a profile for a person, who will see
		}()
	}
	if j.Trace != "" {
		defer traceMeasured(j.Trace, b)()
	}
	var r report
	switch role {
	case publishes:
		fmt.Fprintln(out)
		r, err = publishAll(&j, b)
	case subscribes:
		r, err = subscribeAll(&j, b, func() { fmt.Fprintln(out) })
	default:
		return fmt.Errorf("no worker is called %q", role)
	}
	if err != nil {
		r.Error = err.Error()
	}
	return json.NewEncoder(out).Encode(&r)
}

// traceMeasured writes an execution trace of the beginning of what is measured. The end of it is waited for by what is
// returned; a trace is for a person, who sees when it is missing.
func traceMeasured(path string, b *board) (end func()) {
	over, written := make(chan struct{}), make(chan struct{})
	go func() {
		defer close(written)
		for b.phase.Load() < measuring {
			select {
			case <-over:
				return
			case <-time.After(poll):
			}
		}
		file, err := os.Create(path)
		if err != nil {
			return
		}
		defer func() { _ = file.Close() }() // a trace that is cut short says so itself
		if trace.Start(file) != nil {
			return
		}
		defer trace.Stop()
		select {
		case <-over:
		case <-time.After(traceLength):
		}
	}()
	return func() {
		close(over)
		<-written
	}
}
