package broker

// restore takes stored runs of one topic from a replay, as apply would take each as a commit. Nobody reads or watches yet.
func (l *lane) restore(id TopicID, runs []StoredRun) {
	b := l.broker
	newest := &runs[len(runs)-1]
	b.lastTime.Store(int64(newest.Time))
	b.clock.NotBefore(newest.Time)
	if t := b.lookupID(id); t != nil {
		b.restoreRuns(l, t, runs)
	}
	b.coolIfFull()
	l.wake(newest.Position)
}

func (b *Broker) restoreRuns(l *lane, t *topic, runs []StoredRun) {
	if t.lane != l { // see [Broker.store]
		for i := range runs {
			l.log.Release(Ref{Position: runs[i].Position, Topic: t.id})
		}
		return
	}
	n := int64(len(runs))
	b.used.Add(n * RunOverhead)
	if b.runs.Add(n) == n {
		b.wakeSweeper()
	}
	b.revisions.Add(1)
	t.mu.Lock()
	defer t.mu.Unlock()
	for i := range runs {
		s := &runs[i]
		t.appendLocked(run{
			first: s.First, position: s.Position, published: s.Time, deadline: s.Time.Add(s.TTL), count: uint32(s.Count), size: uint32(s.Size),
		})
	}
}
