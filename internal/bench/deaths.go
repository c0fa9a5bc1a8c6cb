package bench

import (
	"context"
	"errors"
	"slices"
	"sync"
	"time"

	"linger/client"
	pb "linger/proto/linger/v1"
)

// Deaths are what was seen of messages that died at one instant.
type Deaths struct {
	// Messages is how many.
	Messages uint64
	// OrdinaryP99 is the 99th percentile of publish → ack in an ordinary second, the median of those before the death;
	// WorstOrdinaryP99 the greatest of them; DeathP99 that of the second in which they died.
	OrdinaryP99, WorstOrdinaryP99, DeathP99 time.Duration
	// GoneFromCounts is how long after the deadline, by the server's clock, an answer first told that none is retained;
	// GoneIntoEnds that all have ended. Both as fine as the answers came, each 20 ms. -1: never.
	GoneFromCounts, GoneIntoEnds time.Duration
	// GoneFromMemory is how long after the deadline nine tenths of what they had taken of the server's memory were free again,
	// to half a second. -1: never; 0: they took too little to tell.
	GoneFromMemory time.Duration
	// MemoryFull and MemoryBefore are the server's memory in use before they died and before they were published, in bytes.
	MemoryBefore, MemoryFull uint64
	// Early were not counted any more before their deadline, or told as ended. Late were still counted at it or after.
	Early, Late uint64
	// Told is how long after their deadlines those who watch were told that messages had ended: of these, and of the load's.
	Told Times
	// Untold says that the server told the watch to be incomplete.
	Untold bool
}

const (
	countEvery  = 20 * time.Millisecond
	observeMost = 15 * time.Second // after the deadline
	tellingMem  = 32 << 20         // less is lost among what the load takes
)

// observe looks at counts and at the watch stream around the deadline. The function that it returns waits for the end of both;
// not for the deadline, if the load ended in vain.
func (d *deaths) observe(ctx context.Context) (observed func(inVain bool) error) {
	b := d.bench
	last := time.Duration(d.due-b.clock.now()) + observeMost
	looking, cancel := context.WithTimeout(ctx, last)
	var both sync.WaitGroup
	var countErr, watchErr error
	watchStops, stopWatch := context.WithCancel(looking)
	both.Go(func() { countErr = d.count(looking) })
	both.Go(func() { watchErr = d.watch(watchStops) })
	return func(inVain bool) error {
		defer cancel()
		if inVain {
			cancel()
		}
		stopWatch() // the load went on for long enough
		both.Wait()
		return errors.Join(countErr, watchErr)
	}
}

// count asks for the topics' counts until the dead are gone from them.
func (d *deaths) count(ctx context.Context) error {
	b := d.bench
	select {
	case <-time.After(time.Duration(d.due-b.clock.now()) - lookBefore):
	case <-ctx.Done():
		return nil
	}
	tick := time.NewTicker(countEvery)
	defer tick.Stop()
	for ctx.Err() == nil && (d.found.GoneFromCounts < 0 || d.found.GoneIntoEnds < 0) {
		if err := d.look(ctx); err != nil && ctx.Err() == nil {
			return err
		}
		select {
		case <-tick.C:
		case <-ctx.Done():
		}
	}
	return nil
}

// look asks for the counts once.
func (d *deaths) look(ctx context.Context) error {
	before, retained, ended, asked := false, uint64(0), uint64(0), time.Time{}
	if d.ended == nil {
		d.ended = map[string]uint64{}
	}
	by := map[string]uint64{}
	for _, t := range d.topics {
		by[t.name] = t.acked.Load()
	}
	var early, late uint64
	for t, err := range d.bench.admin().ListTopics(ctx, d.bench.base+".dying.*") {
		if err != nil {
			return err
		}
		n := by[t.Name]
		if t.ServerTime.Before(d.at) {
			before = true
			early += n - min(t.Stats.Retained, n)
			d.ended[t.Name] = t.Stats.Ended.Total()
		} else {
			late += t.Stats.Retained
			ended += t.Stats.Ended.Total() - d.ended[t.Name]
		}
		retained += t.Stats.Retained
		asked = t.ServerTime
	}
	d.found.Early, d.found.Late = max(d.found.Early, early), max(d.found.Late, late)
	if before {
		return nil
	}
	if d.found.GoneFromCounts < 0 && retained == 0 {
		d.found.GoneFromCounts = asked.Sub(d.at)
	}
	if d.found.GoneIntoEnds < 0 && ended >= d.found.Messages {
		d.found.GoneIntoEnds = asked.Sub(d.at)
	}
	return nil
}

// memory asks for the server's memory in use.
func (d *deaths) memory(ctx context.Context) (uint64, error) {
	ctx, cancel := context.WithTimeout(ctx, reachWithin)
	defer cancel()
	stream, err := pb.NewWatchServiceClient(d.bench.admin().Conn()).Watch(ctx, &pb.WatchRequest{Scopes: []string{d.bench.base}})
	for err == nil {
		var frame *pb.WatchResponse
		if frame, err = stream.Recv(); err == nil && frame.GetServer() != nil {
			return frame.GetServer().GetMemoryUsed(), nil
		}
	}
	return 0, d.bench.admin().Explain(err)
}

// toldRange are messages of the load that ended, and when that was told.
type toldRange struct {
	first, last uint64
	at          time.Time
}

// watch looks on as a dashboard does.
func (d *deaths) watch(ctx context.Context) error {
	request := &pb.WatchRequest{Scopes: []string{d.bench.base + ".>"}, PreviewsPerSecond: 1, PreviewBytes: 1}
	stream, err := pb.NewWatchServiceClient(d.bench.admin().Conn()).Watch(ctx, request)
	together := newTimes()
	for err == nil {
		var frame *pb.WatchResponse
		if frame, err = stream.Recv(); err == nil {
			d.frame(frame, together)
		}
	}
	d.tell(together)
	if ctx.Err() != nil {
		return nil
	}
	return d.bench.admin().Explain(err)
}

func (d *deaths) frame(frame *pb.WatchResponse, together *times) {
	now := frame.GetServerTime().AsTime()
	d.found.Untold = d.found.Untold || frame.GetIncomplete()
	for _, e := range frame.GetEnded() {
		if !d.isDying(e.GetTopic()) {
			d.told = append(d.told, toldRange{e.GetFirstSequence(), e.GetLastSequence(), now})
			continue
		}
		if !e.GetEndTime().AsTime().Before(d.at) || !now.Before(d.at) {
			together.mu.Lock()
			together.recordLocked(int64(now.Sub(d.at)), int64(e.GetLastSequence()-e.GetFirstSequence()+1))
			together.mu.Unlock()
		}
	}
	if frame.GetServer() != nil {
		d.remember(now, frame.GetServer().GetMemoryUsed())
	}
}

// remember notes how much memory the server uses: as much as before they died, which the load's messages share, or so much less
// that they are gone.
func (d *deaths) remember(now time.Time, used uint64) {
	share := d.memoryFull - min(d.memoryBefore, d.memoryFull)
	switch {
	case now.Before(d.at):
		d.memoryLast = used
	case d.found.GoneFromMemory >= 0:
	case share < tellingMem:
		d.found.GoneFromMemory = 0
	case used+share/10*9 <= d.memoryLast:
		d.found.GoneFromMemory = now.Sub(d.at)
	}
}

// tell compares when ends were told with the deadlines.
func (d *deaths) tell(together *times) {
	known := d.deadlines.sorted()
	for _, t := range d.told {
		for seq := t.first; seq <= t.last; seq++ {
			deadline, ok := known.of(seq)
			switch {
			case !ok:
			case t.at.Before(deadline):
				d.found.Early++
			default:
				together.record(int64(t.at.Sub(deadline)))
			}
		}
	}
	d.found.Told = together.sum()
}

// rows adds what was found to the result.
func (d *deaths) rows(r *Result) {
	d.found.MemoryBefore, d.found.MemoryFull = d.memoryBefore, d.memoryFull
	r.Expiry = &d.found
	told := d.found.Told
	r.Rows = append(r.Rows, Row{Name: "told", Label: "deadline → told", Messages: uint64(told.Count), Times: told})
}

// deadlines are those of the load's messages, as they were acknowledged.
type deadlines struct {
	mu   sync.Mutex // guards acks
	acks []granted
}

// granted are consecutive messages with one deadline.
type granted struct {
	first, count uint64
	deadline     time.Time
}

func (d *deadlines) add(ack client.Ack) {
	d.mu.Lock()
	d.acks = append(d.acks, granted{ack.Sequence, uint64(ack.Count), ack.ExpireTime})
	d.mu.Unlock()
}

type sortedDeadlines []granted

func (d *deadlines) sorted() sortedDeadlines {
	d.mu.Lock()
	defer d.mu.Unlock()
	acks := slices.Clone(d.acks)
	slices.SortFunc(acks, func(x, y granted) int { return int(int64(x.first) - int64(y.first)) })
	return acks
}

// of is the deadline of one message.
func (s sortedDeadlines) of(seq uint64) (time.Time, bool) {
	i, _ := slices.BinarySearchFunc(s, seq, func(g granted, seq uint64) int {
		if g.first+g.count <= seq {
			return -1
		}
		if g.first > seq {
			return 1
		}
		return 0
	})
	if i == len(s) || s[i].first > seq {
		return time.Time{}, false
	}
	return s[i].deadline, true
}
