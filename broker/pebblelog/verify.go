package pebblelog

import (
	"errors"
	"fmt"
	"os"

	"github.com/cockroachdb/pebble/v2"
	"github.com/cockroachdb/pebble/v2/vfs"

	"linger/broker"
)

// Verify looks at a store that no server uses: every checksum and what must hold between records. It changes nothing.
// watch may be nil. What it found is in the report; an error says that it could not look: [ErrInUse], [ErrNoStore],
// [*FormatError], or one of the file system.
func Verify(dir string, watch Watch) (Report, error) { return verify(vfs.Default, dir, watch) }

func verify(fs vfs.FS, dir string, watch Watch) (Report, error) {
	var r Report
	o := Options{Dir: dir, FS: fs}
	o.setDefaults()
	if err := recognize(fs, dir); err != nil {
		return r, err
	}
	lock, err := lockDirectory(&o)
	if err != nil {
		return r, err
	}
	defer func() { _ = lock.Close() }()
	f, err := readFence(fs, dir)
	if err != nil {
		r.add(fs.PathJoin(dir, fenceName), "", "%s", fenceProblem(err))
	}
	r.Clean, r.Copied, r.Store = f.clean, f.copied, f.store
	done := newSteps(fs, dir, 2, watch)
	if err := r.tables(fs, dir, done); err != nil {
		return r, err
	}
	p := o.pebbleOptions(fs, lock.Lock, quietLogger{})
	p.ReadOnly = true
	p.EventListener = &pebble.EventListener{DataCorruption: func(pebble.DataCorruptionInfo) {}}
	db, err := openPebble(dir, p)
	if err != nil {
		r.damage(fmt.Errorf("the store does not open: %w", err))
		r.arrange()
		return r, nil
	}
	r.contents(db, &f, done)
	if r.Topics == 0 && r.Runs == 0 && !exists(fs, fs.PathJoin(dir, fenceName)) {
		return r, errors.Join(noStore(dir), db.Close())
	}
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

// contents checks what the store says.
func (r *Report) contents(db *pebble.DB, f *fence, done *steps) {
	if s, err := readGroups(db); err != nil {
		r.damage(err)
	} else if err := f.check(s); err != nil {
		r.damage(err)
	}
	v := &verifier{
		Report: r, names: map[broker.TopicID]string{}, next: map[broker.TopicID]uint64{}, runs: map[broker.TopicID][]extent{},
		lived: map[uint64]struct{}{},
	}
	for _, space := range []byte{spaceTopics, spaceNext, spaceEvicted, spaceTallies, spaceAnswers, spaceProducer, spaceLive} {
		v.space(db, space, done)
	}
	v.agreement = newAgreement(db, r)
	v.space(db, spaceRuns, done)
	v.agreement.close()
	r.Topics = len(v.names)
	v.sequences()
	v.missing()
	v.gone()
	v.arrange()
}

// exists tells whether a path is there.
func exists(fs vfs.FS, path string) bool {
	_, err := fs.Stat(path)
	return !errors.Is(err, os.ErrNotExist)
}
