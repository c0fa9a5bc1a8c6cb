package pebblelog

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"os"
	"slices"
	"strings"

	"github.com/cockroachdb/pebble/v2"
	"github.com/cockroachdb/pebble/v2/sstable"
	"github.com/cockroachdb/pebble/v2/vfs"

	"linger/broker"
)

// Problem is something that is wrong with a store.
type Problem struct {
	File   string // "" where it is not in one
	Topic  string // name, or id where the name is lost; "" where it concerns none
	Detail string
}

func (p Problem) String() string {
	s := p.Detail
	if p.Topic != "" {
		s = "topic " + p.Topic + ": " + s
	}
	if p.File != "" {
		s = p.File + ": " + s
	}
	return s
}

// Report is what a look at a store found.
type Report struct {
	Clean          bool // it was closed
	Topics         int
	Runs, Messages uint64 // that are readable, dead ones included
	Bytes          int64
	Problems       []Problem
}

func (r *Report) add(file, topic, format string, args ...any) {
	r.Problems = append(r.Problems, Problem{file, topic, fmt.Sprintf(format, args...)})
}

// Verify looks at a store that no server uses: every checksum and what must hold between records. It changes nothing. The
// error says that it could not look; what it found is in the report.
func Verify(dir string) (Report, error) { return verify(vfs.Default, dir) }

func verify(fs vfs.FS, dir string) (Report, error) {
	var r Report
	o := Options{Dir: dir, FS: fs}
	o.setDefaults()
	if _, err := fs.Stat(dir); err != nil {
		return r, err
	}
	lock, err := lockDirectory(&o)
	if err != nil {
		return r, err
	}
	defer func() { _ = lock.Close() }()
	f, err := readFence(fs, dir)
	if err != nil {
		r.add(fs.PathJoin(dir, fenceName), "", "%v", err)
	}
	r.Clean = f.clean
	if err := r.tables(fs, dir); err != nil {
		return r, err
	}
	p := o.pebbleOptions(fs, lock, quietLogger{})
	p.ReadOnly = true
	p.EventListener = &pebble.EventListener{DataCorruption: func(pebble.DataCorruptionInfo) {}}
	db, err := openPebble(dir, p)
	if err != nil {
		r.add(fileOf(err), "", "the store does not open: %v", err)
		return r, nil
	}
	r.contents(db, &f)
	return r, db.Close()
}

// quietLogger says nothing; what is wrong comes as errors.
type quietLogger struct{}

func (quietLogger) Infof(string, ...any)  {}
func (quietLogger) Errorf(string, ...any) {}
func (quietLogger) Fatalf(format string, args ...any) {
	panic(fmt.Sprintf(format, args...))
}

func fileOf(err error) string {
	var damage *CorruptionError
	if errors.As(err, &damage) {
		return damage.File
	}
	return ""
}

// tables checks every block of every table.
func (r *Report) tables(fs vfs.FS, dir string) error {
	names, err := fs.List(dir)
	if err != nil {
		return err
	}
	slices.Sort(names)
	for _, name := range names {
		if !strings.HasSuffix(name, ".sst") {
			continue
		}
		path := fs.PathJoin(dir, name)
		table, err := openTable(fs, path)
		if err == nil {
			err = errors.Join(table.ValidateBlockChecksums(), table.Close())
		}
		if err != nil {
			r.add(path, "", "%v", err)
		}
	}
	return nil
}

// openTable opens one of Pebble's tables on its own.
func openTable(fs vfs.FS, path string) (table *sstable.Reader, err error) {
	defer func() {
		if p := recover(); p != nil {
			table, err = nil, fmt.Errorf("%v", p)
		}
	}()
	f, err := fs.Open(path)
	if err != nil {
		return nil, err
	}
	readable, err := sstable.NewSimpleReadable(f)
	if err != nil {
		return nil, errors.Join(err, f.Close())
	}
	o := &pebble.Options{FS: fs}
	o.EnsureDefaults()
	table, err = sstable.NewReader(context.Background(), readable, o.MakeReaderOptions())
	if err != nil {
		return nil, errors.Join(err, readable.Close())
	}
	return table, nil
}

// contents checks what the store says.
func (r *Report) contents(db *pebble.DB, f *fence) {
	if s, err := readGroups(db); err != nil {
		r.add(fileOf(err), "", "%v", err)
	} else if err := f.check(s); err != nil {
		r.add("", "", "%v", err)
	}
	v := &verifier{Report: r, names: map[broker.TopicID]string{}, next: map[broker.TopicID]uint64{}, runs: map[broker.TopicID][]extent{}}
	for _, space := range []byte{spaceTopics, spaceNext, spaceAnswers, spaceProducer, spaceLive, spaceRuns} {
		err := eachOf(db, space, func(k, value []byte) error {
			if err := v.entry(k, value); err != nil {
				r.add("", "", "key %x: %v", k, err)
			}
			return nil
		})
		if err = corruption(err); err != nil {
			r.add(fileOf(err), "", "%v", err)
		}
	}
	r.Topics = len(v.names)
	v.sequences()
}

// verifier collects what has to fit together.
type verifier struct {
	*Report
	names map[broker.TopicID]string
	next  map[broker.TopicID]uint64
	runs  map[broker.TopicID][]extent
}

// extent is a run's place in its topic.
type extent struct {
	position, first uint64
	count           int
}

func (v *verifier) entry(k, value []byte) error {
	switch k[0] {
	case spaceTopics:
		c, err := decodeTopic(k, value)
		if err == nil {
			v.names[c.Topic] = c.Put.Name
		}
		return err
	case spaceNext:
		id, err := idOf(k)
		if err != nil {
			return err
		}
		next, reserved, err := decodeNext(k, value)
		v.next[id] = max(next, reserved)
		return err
	case spaceAnswers, spaceProducer:
		_, err := decodeAnswers(k, value)
		return err
	case spaceLive:
		_, err := decodeLive(k, value)
		return err
	}
	if len(k) != runKeySize {
		return errFormat
	}
	if k[1] == changeClass {
		_, err := decodeChange(k, value)
		return err
	}
	return v.record(k, value)
}

func (v *verifier) record(k, value []byte) error {
	var rec record
	if err := rec.decode(k, value); err != nil {
		return err
	}
	for i := range rec.runs {
		s := &rec.runs[i]
		if err := s.verify(); err != nil {
			v.add("", v.name(s.topic), "commit %d: %v", s.position, err)
			continue
		}
		v.Runs++
		v.Messages += uint64(s.count)
		v.Bytes += int64(s.size)
		v.runs[s.topic] = append(v.runs[s.topic], extent{s.position, s.first, s.count})
	}
	return nil
}

func (v *verifier) name(id broker.TopicID) string {
	if name, ok := v.names[id]; ok {
		return name
	}
	return fmt.Sprint(uint64(id))
}

// sequences checks that each topic's messages are numbered as they were committed, none twice. Runs of deleted topics
// may still be there.
func (v *verifier) sequences() {
	for id, runs := range v.runs {
		next, ok := v.next[id]
		if !ok {
			continue
		}
		slices.SortFunc(runs, func(x, y extent) int { return cmp.Compare(x.position, y.position) })
		end := uint64(1)
		for _, e := range runs {
			if e.first < end {
				v.add("", v.name(id), "commit %d begins with #%d, but #%d was taken before", e.position, e.first, end-1)
			}
			end = e.first + uint64(e.count)
		}
		if end > next {
			v.add("", v.name(id), "its next message would be #%d, but there is a #%d", next, end-1)
		}
	}
	for id := range v.names {
		if _, ok := v.next[id]; !ok {
			v.add("", v.name(id), "its next sequence is missing")
		}
	}
	slices.SortStableFunc(v.Problems, func(x, y Problem) int { return cmp.Compare(x.File, y.File) })
}

// exists tells whether a path is there.
func exists(fs vfs.FS, path string) bool {
	_, err := fs.Stat(path)
	return !errors.Is(err, os.ErrNotExist)
}
