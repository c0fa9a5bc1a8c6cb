package cli

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"path/filepath"
	"sync/atomic"
	"syscall"

	"github.com/spf13/pflag"

	"linger/broker/pebblelog"
)

const verifyHelp = `linger verify DIR [flags]

Checks a store that no server uses: every checksum, and what must hold between records. Tells what is wrong, with the file,
or the topic and the sequences, as far as these can be known. Changes nothing unless told to repair.

  --repair  keep what can be read: a sound store of it takes the place of DIR, and what was there stays beside it as
            DIR.damaged. It is another store from then on: readers that resume begin anew
  --json    one object

Exit status 0 when nothing is wrong or all was repaired, 1 otherwise. It takes the time of reading the store once or twice.

  linger verify linger-data
  linger verify linger-data --repair
`

func newVerify(flags *pflag.FlagSet) func(context.Context, *app, []string) error {
	repair := flags.Bool("repair", false, "")
	asJSON := flags.Bool("json", false, "")
	return func(ctx context.Context, a *app, args []string) error {
		if len(args) != 1 {
			return usage("verify takes one directory, that of the store; see linger verify --help")
		}
		dir, err := verifiable(args[0])
		if err != nil {
			return err
		}
		v := &verification{app: a, dir: dir, json: *asJSON}
		return v.run(ctx, *repair)
	}
}

// verifiable is the directory that an argument names: as such, or as --store does.
func verifiable(arg string) (string, error) {
	dir, _ := storeDir(arg)
	if arg == memoryStore || dir == "" {
		return "", usage("%q is no directory; verify takes that of a store on disk, such as linger-data", arg)
	}
	if dir = filepath.Clean(dir); dir == "." {
		return filepath.Abs(dir) // it is renamed in a repair
	}
	return dir, nil
}

// verification is one run of verify.
type verification struct {
	*app
	dir         string
	json        bool
	done, total atomic.Int64 // bytes
}

func (v *verification) run(ctx context.Context, repair bool) error {
	found, err := v.watched(ctx, "checked", func(watch pebblelog.Watch) (r pebblelog.Report, err error) {
		return pebblelog.Verify(v.dir, watch)
	})
	if err != nil {
		return explainTool(v.dir, err)
	}
	out := newJSONVerify(v.dir, found)
	if !v.json {
		v.tell(found)
	}
	wrong := len(found.Problems) > 0
	if wrong && repair {
		var damaged string
		given, err := v.watched(ctx, "read", func(watch pebblelog.Watch) (r pebblelog.Report, err error) {
			r, damaged, err = pebblelog.Repair(v.dir, watch)
			return r, err
		})
		if err != nil {
			return explainTool(v.dir, err)
		}
		wrong = false
		out.Repaired = newJSONRepair(damaged, given)
		if !v.json {
			v.tellRepair(damaged, given)
		}
	}
	if v.json {
		if err := newJSON(v.Stdout, isTerminal(v.Stdout)).Encode(out); err != nil {
			return err
		}
	}
	if wrong {
		return errReported
	}
	return nil
}

// watched runs what reads the store, with a bar on a terminal. It ends with ctx at the latest; a repair that is cut off
// leaves the store, or that and what was to take its place, beside each other.
func (v *verification) watched(ctx context.Context, what string, read func(pebblelog.Watch) (pebblelog.Report, error)) (pebblelog.Report, error) {
	v.done.Store(0)
	v.total.Store(0)
	bar := v.startProgress(func(width int) string { return barLine(width, v.done.Load(), v.total.Load(), what) })
	defer bar.stop()
	type outcome struct {
		pebblelog.Report
		error
	}
	ended := make(chan outcome, 1)
	go func() {
		r, err := read(func(done, total int64) {
			v.total.Store(total)
			v.done.Store(done)
		})
		ended <- outcome{r, err}
	}()
	select {
	case o := <-ended:
		return o.Report, o.error
	case <-ctx.Done(): // the process ends, and the goroutine with it
		return pebblelog.Report{}, errors.New("interrupted")
	}
}

func (v *verification) tell(r pebblelog.Report) {
	for _, p := range r.Problems {
		fmt.Fprintln(v.Stdout, readable([]byte(p.String())))
	}
	readableOf := ""
	if len(r.Problems) > 0 {
		readableOf = "at least "
	}
	end := "closed in order"
	switch {
	case r.Copied:
		end = "a copy that was not opened yet"
	case !r.Clean:
		end = "not closed in order, as after a crash"
	}
	fmt.Fprintf(v.Stdout, "%s: %s%s, %s (%s), those included that have expired and are not cleared away yet; %s\n", v.dir, readableOf,
		counted(uint64(r.Topics), "topic"), counted(r.Messages, "message"), formatSize(uint64(r.Bytes)), end)
	switch n := uint64(len(r.Problems)); n {
	case 0:
		fmt.Fprintln(v.Stdout, "nothing is wrong")
	default:
		fmt.Fprintf(v.Stdout, "%s. Copy the directory before anything else; linger verify %s --repair keeps what can be read\n", counted(n, "problem"), v.dir)
	}
}

func (v *verification) tellRepair(damaged string, r pebblelog.Report) {
	for _, p := range r.Problems {
		fmt.Fprintln(v.Stdout, readable([]byte(p.String())))
	}
	fmt.Fprintf(v.Stdout, "repaired: %s has %s and %s (%s); what was there is in %s\n", v.dir,
		counted(uint64(r.Topics), "topic"), counted(r.Messages, "message"), formatSize(uint64(r.Bytes)), damaged)
}

// explainTool says why a tool cannot work on a directory, and the way out.
func explainTool(dir string, err error) error {
	var format *pebblelog.FormatError
	switch {
	case errors.Is(err, pebblelog.ErrInUse):
		return fmt.Errorf("%s is in use by a server; stop it first, or look at a backup of it: linger backup COPY, linger verify COPY", dir)
	case errors.As(err, &format):
		return fmt.Errorf("%s was written by %s Linger (format %d; this one knows %d); use that one", dir, otherLinger(format), format.Format, format.Known)
	case errors.Is(err, pebblelog.ErrNoStore):
		return fmt.Errorf("%s is no store of Linger's: it has no file FENCE; nothing was changed", dir)
	case errors.Is(err, fs.ErrNotExist):
		return fmt.Errorf("%s does not exist", dir)
	case errors.Is(err, syscall.ENOTDIR):
		return fmt.Errorf("%s is not a directory", dir)
	case errors.Is(err, fs.ErrPermission), errors.Is(err, syscall.EROFS):
		return fmt.Errorf("%s cannot be used by this user: %w", dir, err)
	}
	return fmt.Errorf("%s: %w", dir, err)
}

// jsonVerify is a report as --json writes it. Numbers are of what is readable, what has expired and is not cleared away
// included.
type jsonVerify struct {
	Directory string        `json:"directory"`
	Store     string        `json:"store"` // its id; "" where that is lost
	Closed    bool          `json:"closed"`
	Topics    int           `json:"topics"`
	Messages  uint64        `json:"messages"`
	Bytes     int64         `json:"bytes"`
	Problems  []jsonProblem `json:"problems"`
	Repaired  *jsonRepair   `json:"repaired,omitempty"`
}

type jsonRepair struct {
	Before   string        `json:"before"` // where what was there is now
	Topics   int           `json:"topics"`
	Messages uint64        `json:"messages"`
	Bytes    int64         `json:"bytes"`
	GivenUp  []jsonProblem `json:"given_up"`
}

type jsonProblem struct {
	File          string `json:"file,omitempty"`
	Topic         string `json:"topic,omitempty"`
	FirstSequence uint64 `json:"first_sequence,omitempty"`
	LastSequence  uint64 `json:"last_sequence,omitempty"`
	Detail        string `json:"detail"`
}

func newJSONVerify(dir string, r pebblelog.Report) jsonVerify {
	return jsonVerify{
		Directory: dir, Store: r.Store, Closed: r.Clean, Topics: r.Topics, Messages: r.Messages, Bytes: r.Bytes,
		Problems: newJSONProblems(r.Problems),
	}
}

func newJSONRepair(before string, r pebblelog.Report) *jsonRepair {
	return &jsonRepair{Before: before, Topics: r.Topics, Messages: r.Messages, Bytes: r.Bytes, GivenUp: newJSONProblems(r.Problems)}
}

func newJSONProblems(all []pebblelog.Problem) []jsonProblem {
	out := make([]jsonProblem, len(all))
	for i, p := range all {
		out[i] = jsonProblem{File: p.File, Topic: p.Topic, FirstSequence: p.First, LastSequence: p.Last, Detail: p.Detail}
	}
	return out
}
