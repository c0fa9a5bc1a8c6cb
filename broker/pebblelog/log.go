package pebblelog

import (
	"errors"
	"fmt"
	"sync"
	"sync/atomic"
	"time"

	"github.com/cockroachdb/pebble/v2"

	"linger/broker"
)

// Log is a log on disk. Make one with [Open].
type Log struct {
	options Options
	guard   *guard
	lock    *dirLock
	db      *pebble.DB
	fence   fence  // as it stands on disk; written by one goroutine at a time
	opened  groups // what was found
	apply   func(broker.Commit)
	tallies func() map[broker.TopicID]broker.Tally // asked at the close; nil: nobody knows

	queue     *queue
	state     state   // of whoever has the queue's turn
	writer    *writer // likewise
	underWay  *underWay
	space     space
	records   recordCache
	producers producers
	existing  sync.Map // the topics there are: their *policies by TopicID
	replaced  replaced
	lasting   lasting
	snapshot  sync.Mutex // held while one is open

	failing chan struct{} // closed when the guard has stopped
	closing chan struct{} // closed to stop the tending goroutine
	kick    chan struct{} // has it look at once
	parts   sync.WaitGroup
	done    sync.WaitGroup // of the committing goroutines

	syncedGroup atomic.Uint64 // all groups up to this are on disk
	content     atomic.Uint64 // the last of them that held more than the time
	full        atomic.Pointer[broker.Error]
	damage      atomic.Pointer[CorruptionError]
	sweeps      atomic.Uint64 // how often what is dead has been deleted
	flushes     flushes
	stalled     atomic.Int64 // when writing waited last, in seconds
	recovered   Recovery
	running     atomic.Bool // Open has succeeded
	closed      atomic.Bool // Close was called
	diskBytes   atomic.Int64
	diskLimit   atomic.Int64 // of these, as the file system's free space is now
	diskFree    atomic.Int64 // where the directory is; 0: it does not tell
	room        atomic.Int64 // what may be published until the disk is looked at again
}

// Open locks a directory and checks that all of it is there, before anything can be deleted. [Log.Open] reads it.
func Open(o Options) (*Log, error) {
	o.setDefaults()
	l := &Log{
		options: o, queue: newQueue(), underWay: newUnderWay(),
		failing: make(chan struct{}), closing: make(chan struct{}), kick: make(chan struct{}, 1),
	}
	l.writer = newWriter(l)
	l.records.limit = o.recordCache()
	l.guard = newGuard(o.FS, o.Dir, l.fail)
	if err := o.FS.MkdirAll(o.Dir, 0o700); err != nil {
		return nil, err
	}
	var err error
	if l.lock, err = lockDirectory(&o); err != nil {
		return nil, err
	}
	if err := o.FS.RemoveAll(o.FS.PathJoin(o.Dir, snapshotName)); err != nil {
		return nil, errors.Join(err, l.lock.Close())
	}
	if err := l.guarded(l.openStore); err != nil {
		return nil, errors.Join(fmt.Errorf("%s: %w", o.Dir, err), l.unlock())
	}
	return l, nil
}

// guarded runs what writes. A disk that fails, or stays full, has it never come back; then it is left behind.
func (l *Log) guarded(f func() error) error {
	var err error
	ended := make(chan struct{})
	go func() {
		err = f()
		close(ended)
	}()
	if l.await(ended) != nil {
		return l.guard.failed()
	}
	return err
}

// openStore opens what is in the directory, or makes it.
func (l *Log) openStore() error {
	if err := l.makeFence(); err != nil {
		return err
	}
	p := l.options.pebbleOptions(l.guard, l.lock.Lock, pebbleLogger{l})
	p.EventListener = l.events()
	if err := checkBeforeOpen(&l.fence, l.options.Dir, p); err != nil {
		return err
	}
	// From here on the directory is as a crash would leave it.
	f := l.fence
	f.clean = false
	if err := f.write(l.guard, l.options.Dir); err != nil {
		return err
	}
	db, err := openPebble(l.options.Dir, p)
	if err != nil {
		return err
	}
	l.db = db
	if err := l.readStore(); err != nil {
		return errors.Join(err, db.Close())
	}
	l.fence.clean = false
	if l.fence.copied {
		if err := l.adopt(); err != nil {
			return errors.Join(err, db.Close())
		}
	}
	return nil
}

// readStore reads where the store has come to.
func (l *Log) readStore() error {
	if emptyStore(l.db) {
		k := keyOldestGroup
		if err := l.db.Set(k, sealed([]byte{1}, k), pebble.Sync); err != nil {
			return err
		}
	}
	var err error
	l.opened, err = readGroups(l.db)
	if err == nil {
		err = l.fence.check(l.opened)
	}
	l.syncedGroup.Store(l.opened.newest)
	return err
}

// Append implements [broker.Log].
func (l *Log) Append(p broker.Proposal, done func(broker.Commit, error)) {
	if p.Kind == broker.KindPublished && p.TTL > 0 {
		if full := l.takeRoom(len(p.Body)); full != nil && !l.queue.ended() {
			done(broker.Commit{}, full)
			return
		}
	}
	if !l.queue.add(&p, done) {
		done(broker.Commit{}, l.stoppedError())
	}
}

// stoppedError tells why nothing is accepted.
func (l *Log) stoppedError() error {
	if err := l.guard.failed(); err != nil {
		return &broker.Error{
			Err: broker.ErrReadOnly, Detail: fmt.Sprintf(
				"the disk of %s failed (%v): nothing more is taken, reading goes on. Restart the server once the disk is sound.", l.options.Dir, err),
			Values: map[string]string{"store": l.options.Dir, "cause": err.Error()},
		}
	}
	return broker.ErrStopped
}

// unknownError tells that what was under way when the disk failed may or may not be on it.
func (l *Log) unknownError() error {
	return &broker.Error{Err: broker.ErrUnknownOutcome, Detail: fmt.Sprintf(
		"the disk failed while this was written (%v); a restart tells whether it is there.", l.guard.failed())}
}

// fail is called once, when a write or a sync has failed: what the disk holds is no longer known.
func (l *Log) fail(err error) {
	if l.running.Load() { // else who opens it is told
		l.options.Logger.Error("the disk failed; the log stops accepting and stays readable", "dir", l.options.Dir, "error", err)
	}
	close(l.failing)
	go l.refuseAll() // whoever failed may hold what the answers need
}

// Release implements [broker.Log].
func (l *Log) Release(refs ...broker.Ref) {
	for _, ref := range refs {
		if !l.space.release(ref.Position) {
			continue
		}
		if p := l.policiesOf(ref.Topic); p != nil && p.released(ref.Position) {
			l.replaced.note(ref.Topic)
		}
	}
}

// Stats implements [broker.Log].
func (l *Log) Stats() broker.LogStats {
	_, live := l.space.used()
	s := broker.LogStats{
		Store: l.fence.store, Durability: broker.DurabilityFsynced, Bytes: l.diskBytes.Load(), Limit: l.diskLimit.Load(),
		Free: l.diskFree.Load(), Live: live, Health: l.Health(), Pending: l.queue.pending(), Loads: true,
	}
	if full := l.isFull(); full != nil {
		s.Full = full
	}
	return s
}

// Health tells what is wrong: a disk that failed ([broker.ErrReadOnly]), damage ([*CorruptionError], with what to do about it), or a full disk
// ([broker.ErrFull]), which heals by itself. nil: nothing.
func (l *Log) Health() error {
	if l.guard.failed() != nil {
		return l.stoppedError()
	}
	if damage := l.damage.Load(); damage != nil {
		return l.advised(damage)
	}
	if full := l.full.Load(); full != nil {
		return full
	}
	return nil
}

// closeWait is how long a close waits for space on a full disk.
const closeWait = 3 * time.Second

// Close implements [broker.Log].
func (l *Log) Close() error { return l.CloseWith(nil) }

// CloseWith implements [broker.Keeper].
func (l *Log) CloseWith(tallies func() map[broker.TopicID]broker.Tally) error {
	if l.closed.Swap(true) {
		return errors.New("the log is closed already")
	}
	l.queue.close()
	l.tallies = tallies
	close(l.closing)
	ended := make(chan struct{})
	go func() {
		l.done.Wait()
		l.parts.Wait()
		close(ended)
	}()
	if err := l.await(ended); err != nil {
		return errors.Join(err, l.unlock())
	}
	var err error
	closed := make(chan struct{})
	go func() {
		err = l.closeStore()
		close(closed)
	}()
	if err := l.await(closed); err != nil {
		return errors.Join(err, l.unlock())
	}
	return errors.Join(err, l.unlock())
}
