package pebblelog

import (
	"github.com/cockroachdb/pebble/v2"

	"linger/broker"
)

// committers is how many goroutines take groups from the queue to their answers, a group at a time: while one waits for the
// disk, and one answers, another forms the next group. Handed from one to the other at each step, a group would wait for
// each of them to wake, and so would its publisher.
const committers = 3

// group is proposals that are committed in one batch.
type group struct {
	number   uint64 // 0: nothing is written
	items    []*chunk
	batch    *pebble.Batch
	content  bool // holds more than the time
	before   <-chan struct{}
	answered chan struct{} // closed when all of it is; before is that of the group before
}

// commitAll takes groups from the queue to their answers, until the queue is closed or the disk has failed. After a failure
// it may never come back from Pebble; then refuseAll answers.
func (l *Log) commitAll() {
	for {
		items := l.queue.take(l.guard.failed)
		if len(items) == 0 {
			return
		}
		g, err := l.write(items)
		if err == nil {
			l.queue.leave()
			err = l.onDisk(g)
		}
		if err != nil {
			l.guard.fail(err)
			return
		}
		l.finish(g)
	}
}

// write forms a group and hands it to Pebble. The caller has the queue's turn.
func (l *Log) write(items []*chunk) (*group, error) {
	g := l.writer.form(items)
	// Before anything is written, so that whoever waits is told if the writing never ends.
	if !l.underWay.add(g) {
		l.refuse(g, l.stoppedError())
		return nil, l.guard.failed()
	}
	if g.batch != nil {
		if err := l.db.ApplyNoSyncWait(g.batch, pebble.Sync); err != nil {
			return nil, err
		}
		l.writer.written()
	}
	return g, nil
}

// onDisk waits until a group is synced, and those before it are answered.
func (l *Log) onDisk(g *group) error {
	if g.batch != nil {
		if err := g.batch.SyncWait(); err != nil {
			return err
		}
		_ = g.batch.Close()
	}
	select {
	case <-g.before:
	case <-l.failing:
		return l.guard.failed()
	}
	if g.batch != nil {
		l.syncedGroup.Store(g.number)
		if g.content {
			l.content.Store(g.number)
		}
	}
	return nil
}

// finish tells the broker, then whoever proposed.
func (l *Log) finish(g *group) {
	if !l.underWay.removeFirst() {
		return // the disk failed since, and refuseAll has answered
	}
	for _, c := range g.items {
		for i := range c.items {
			it := &c.items[i]
			if it.err != nil {
				it.done(broker.Commit{}, it.err)
				continue
			}
			l.apply(it.Commit)
			it.done(it.Commit, nil)
		}
	}
	close(g.answered)
	l.queue.giveBack(g.items)
}

// refuse answers a group that is not known to be on disk. It may still be on its way there, so its memory is left alone.
func (l *Log) refuse(g *group, err error) {
	for _, c := range g.items {
		for i := range c.items {
			c.items[i].done(broker.Commit{}, err)
		}
	}
}

// refuseAll answers, after the disk has failed, what was on its way there, and what never will be.
func (l *Log) refuseAll() {
	for _, g := range l.underWay.close() {
		l.refuse(g, l.unknownError())
	}
	l.refuse(&group{items: l.queue.drain()}, l.stoppedError())
}
