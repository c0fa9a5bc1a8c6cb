package broker

import (
	"cmp"
	"context"
	"slices"
	"sync"
	"time"
)

// How a watch is paced.
const (
	frameEvery = 100 * time.Millisecond // at most one frame in this time
	statsEvery = 500 * time.Millisecond // and one with numbers at least this often
	rateOver   = 10 * time.Second       // the publish rate is told over this time

	MaxScopes         = 16 // of one watch
	PreviewsPerSecond = 30 // at most, and the default
	MaxRecent         = 100

	notesKept  = 4096 // ends, and changes, that a frame may hold
	birthsKept = 256  // published runs from which a frame's previews are chosen
)

// WatchOptions say what to look at.
type WatchOptions struct {
	Scopes            []string // topics or patterns, at most [MaxScopes]; none: everything
	PreviewsPerSecond int      // a scope; 0: [PreviewsPerSecond]
	Recent            int      // begin with so many of the last messages of each scope that are alive
}

// WatchFrame is what happened since the last one.
type WatchFrame struct {
	Now        Instant
	Previews   []Preview
	Ended      []Ended
	Changes    []LifetimeChange
	Stats      []ScopeStats // of every scope, each 500 ms; else nil
	Incomplete bool         // too much ended or changed to be told: look again
}

// Preview is a message as it was published.
type Preview struct {
	Scope         int // index in the options
	Message       Retained
	LeftOutBefore uint64 // messages of the scope between the last preview and this one
	Recent        bool   // published before the watch began
}

// ScopeStats are the numbers of one scope.
type ScopeStats struct {
	Revision       uint64 // another one whenever what is retained changed
	Counts         Counts
	Topics         int
	Subscriptions  int // each counted once a topic
	WorstLag       uint64
	NextDeadline   Instant
	LastPublish    Instant
	LastEnd        Instant
	PublishedSince uint64 // messages since the watch began
	LeftOut        uint64 // of these, not previewed (so far)
	Busiest        []BusyTopic
	PublishRate    float64 // messages a second
	Forecast       []Ending
}

// BusyTopic is a topic and what it retains.
type BusyTopic struct {
	Name     string
	Retained uint64
}

// Watcher looks on. Next belongs to one goroutine; Close may come from any.
type Watcher struct {
	broker    *Broker
	scopes    []*scope
	perSecond int
	lastFrame Instant
	lastStats Instant
	first     bool
	recent    int
	wake      chan struct{}

	// mu guards what publishing and clean-up write. It is taken inside topic.mu.
	mu         sync.Mutex
	ended      []Ended
	changes    []LifetimeChange
	incomplete bool
}

// scope is one of a watcher's scopes. Its counters and births are guarded by the watcher's mu.
type scope struct {
	pattern   pattern
	published uint64  // since the watch began
	shown     uint64  // of these, previewed
	births    []birth // since the last frame; every stride-th when there are many
	stride    uint64
	runs      uint64           // published since the last frame
	begun     [maxLanes]uint64 // position of the first run published since the watch began, by lane; 0: none was
	lastShown uint64           // value of published at the last preview
	pace      pace
	rates     []rate
	gone      Counts // of topics deleted while watching
}

// birth is a run that was published.
type birth struct {
	topic *topic
	run   run
	at    uint64 // the scope's published before it
}

// rate is how much had been published when.
type rate struct {
	at        Instant
	published uint64
}

// Watch begins to look on. Watching is no delivery. Errors: [ErrInvalid].
func (b *Broker) Watch(o WatchOptions) (*Watcher, error) {
	if len(o.Scopes) == 0 {
		o.Scopes = []string{">"}
	}
	if len(o.Scopes) > MaxScopes {
		return nil, &Error{Err: ErrInvalid, Field: "scopes", Detail: "at most 16 at once. Watch fewer, or a pattern that holds them."}
	}
	w := &Watcher{
		broker: b, perSecond: min(cmp.Or(o.PreviewsPerSecond, PreviewsPerSecond), PreviewsPerSecond),
		recent: min(o.Recent, MaxRecent), first: true, wake: make(chan struct{}, 1),
	}
	for _, s := range o.Scopes {
		p, err := parsePattern(s)
		if err != nil {
			return nil, err
		}
		w.scopes = append(w.scopes, &scope{pattern: p, stride: 1})
	}
	select {
	case <-b.closing:
		return nil, &Error{Err: ErrStopped, Detail: "the server is stopping."}
	default:
	}
	b.watchMu.Lock()
	b.watchers[w] = struct{}{}
	b.watching.Store(int32(len(b.watchers)))
	b.watchMu.Unlock()
	return w, nil
}

// Close ends the watch.
func (w *Watcher) Close() {
	b := w.broker
	b.watchMu.Lock()
	delete(b.watchers, w)
	b.watching.Store(int32(len(b.watchers)))
	b.watchMu.Unlock()
}

// Next waits for a frame: as soon as something happened, at most ten a second, and at least each 500 ms with the numbers.
// Errors: that of ctx; [ErrStopped].
func (w *Watcher) Next(ctx context.Context) (WatchFrame, error) {
	for !w.first {
		now := w.broker.clock.Now()
		due := w.lastStats.Add(statsEvery).Sub(now)
		wake := w.wake
		if rest := w.lastFrame.Add(frameEvery).Sub(now); rest > 0 {
			wake, due = nil, min(due, rest)
			if !w.pending() && due == rest {
				wake, due = w.wake, w.lastStats.Add(statsEvery).Sub(now)
			}
		} else if w.pending() {
			break
		}
		if due <= 0 {
			break
		}
		timer := time.NewTimer(due)
		select {
		case <-timer.C:
		case <-wake:
			timer.Stop()
		case <-ctx.Done():
			timer.Stop()
			return WatchFrame{}, ctx.Err()
		case <-w.broker.closing:
			timer.Stop()
			return WatchFrame{}, &Error{Err: ErrStopped, Detail: "server stopping"}
		}
	}
	select {
	case <-w.broker.closing:
		return WatchFrame{}, &Error{Err: ErrStopped, Detail: "server stopping"}
	default:
	}
	return w.frame(), nil
}

// pending tells whether something happened since the last frame.
func (w *Watcher) pending() bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	if len(w.ended) > 0 || len(w.changes) > 0 || w.incomplete {
		return true
	}
	return slices.ContainsFunc(w.scopes, func(s *scope) bool { return len(s.births) > 0 })
}

// frame puts together what happened.
func (w *Watcher) frame() WatchFrame {
	now := w.broker.clock.Now()
	w.broker.reclaim(now)
	f := WatchFrame{Now: now}
	w.mu.Lock()
	f.Ended, w.ended = w.ended, nil
	f.Changes, w.changes = w.changes, nil
	f.Incomplete, w.incomplete = w.incomplete, false
	births := make([][]birth, len(w.scopes))
	for i, s := range w.scopes {
		births[i], s.births = s.births, nil
		s.stride, s.runs = 1, 0
	}
	w.mu.Unlock()
	if w.first {
		f.Previews = w.recentPreviews(now)
	}
	for i, s := range w.scopes {
		before := len(f.Previews)
		f.Previews = w.previews(f.Previews, i, s, births[i], now)
		if len(births[i]) > 0 && len(f.Previews) == before {
			w.keepNewest(s, births[i][len(births[i])-1], now)
		}
	}
	if w.first || now.Sub(w.lastStats) >= statsEvery {
		f.Stats = w.numbers(now)
		w.lastStats = now
	}
	w.lastFrame, w.first = now, false
	return f
}

// previews chooses, evenly spread, as many of the messages published as the pace lets through.
func (w *Watcher) previews(out []Preview, index int, s *scope, births []birth, now Instant) []Preview {
	var messages uint64
	for i := range births {
		messages += uint64(births[i].run.count)
	}
	show, before := s.pace.allow(now, w.perSecond, messages), len(out)
	// The show-th of the messages is always the newest; the others lie at even steps before it.
	seen, next := uint64(0), uint64(1)
	for i := range births {
		e := &births[i]
		if now < e.run.until() {
			for ; next <= show; next++ {
				place := next*messages/show - 1
				if place >= seen+uint64(e.run.count) {
					break
				}
				out = append(out, w.preview(index, s, e, uint32(place-seen)))
			}
		}
		for seen += uint64(e.run.count); next <= show && next*messages/show-1 < seen; next++ {
			// dead already: left out
		}
	}
	s.pace.note(now, len(out)-before)
	return out
}

// keepNewest leaves the newest message of a frame that showed none to the next one: after a rush the last that came is
// shown, with what was left out before it.
func (w *Watcher) keepNewest(s *scope, e birth, now Instant) {
	if now >= e.run.until() {
		return
	}
	last := e.run.last()
	newest := birth{e.topic, e.run.cut(last, last), e.at + uint64(e.run.count) - 1}
	w.mu.Lock()
	defer w.mu.Unlock()
	s.births = append([]birth{newest}, s.births...)
}

// preview shows one message of a run.
func (w *Watcher) preview(index int, s *scope, e *birth, offset uint32) Preview {
	r := &e.run
	message, _ := frameAt(r.body[skipFrames(r.body, int(offset)):])
	at := e.at + uint64(offset)
	before := at - s.lastShown
	s.lastShown = at + 1
	w.mu.Lock()
	s.shown++
	w.mu.Unlock()
	return Preview{Scope: index, LeftOutBefore: before, Message: e.topic.retained(r, r.first+uint64(offset), message)}
}

// retained describes a message without counting deliveries.
func (t *topic) retained(r *run, sequence uint64, message []byte) Retained {
	t.mu.RLock()
	defer t.mu.RUnlock()
	one := t.retainedLocked(r)
	one.Sequence, one.Message = sequence, message
	return one
}

// recentPreviews shows the last messages of each scope that are alive.
func (w *Watcher) recentPreviews(now Instant) (out []Preview) {
	if w.recent == 0 {
		return nil
	}
	for index, s := range w.scopes {
		topics := w.broker.selected(s.pattern)
		newestFirst(topics)
		topics = topics[:min(len(topics), w.recent)] // the last messages are in the topics published to last
		var last []slice
		for _, t := range topics {
			t.mu.RLock()
			from := t.lastAliveLocked(uint64(w.recent), 0, now)
			for p := t.runs.seek(from); t.runs.at(p) != nil; p = t.runs.next(p) {
				if r := t.runs.at(p); !r.passing && r.alive(now) {
					last = append(last, slice{t, r.cut(max(from, r.first), r.last())})
				}
			}
			t.mu.RUnlock()
		}
		w.mu.Lock()
		begun := s.begun // as of now: what is in last and was published since the watch began, it knows
		w.mu.Unlock()
		last = slices.DeleteFunc(last, func(l slice) bool {
			first := begun[l.topic.lane.index]
			return first != 0 && l.run.position >= first
		})
		slices.SortFunc(last, slice.byAge)
		var found []Preview
		for _, l := range last {
			body, err := w.broker.load(context.Background(), l.topic, &l.run)
			if err != nil {
				continue // it ended, or whoever reads it will be told
			}
			for sequence := l.run.first; sequence <= l.run.last(); sequence++ {
				var message []byte
				message, body = frameAt(body)
				found = append(found, Preview{Scope: index, Recent: true, Message: l.topic.retained(&l.run, sequence, message)})
			}
		}
		out = append(out, found[max(0, len(found)-w.recent):]...)
	}
	return out
}

// byAge orders parts of runs by when they were published, and within one lane as they were committed.
func (s slice) byAge(o slice) int {
	return cmp.Or(
		cmp.Compare(s.run.published, o.run.published), cmp.Compare(s.topic.lane.index, o.topic.lane.index),
		cmp.Compare(s.run.position, o.run.position), cmp.Compare(s.run.index, o.run.index))
}

// newestFirst orders topics by when they were last published to.
func newestFirst(topics []*topic) {
	type newest struct {
		*topic
		at   Instant
		lane int
		last uint64
	}
	all := make([]newest, len(topics))
	for i, t := range topics {
		t.mu.RLock()
		all[i] = newest{t, t.lastPublish, t.lane.index, t.lastPosition}
		t.mu.RUnlock()
	}
	slices.SortFunc(all, func(x, y newest) int {
		return -cmp.Or(cmp.Compare(x.at, y.at), cmp.Compare(x.lane, y.lane), cmp.Compare(x.last, y.last))
	})
	for i := range all {
		topics[i] = all[i].topic
	}
}

// busiestShown is how many topics are named.
const busiestShown = 6

// numbers adds up each scope.
func (w *Watcher) numbers(now Instant) []ScopeStats {
	stats := make([]ScopeStats, len(w.scopes))
	for i, s := range w.scopes {
		stats[i] = s.numbers(w.broker, now)
		w.mu.Lock()
		stats[i].PublishedSince, stats[i].LeftOut = s.published, s.published-s.shown
		stats[i].Counts.add(s.gone)
		s.rates = append(s.rates, rate{now, s.published})
		w.mu.Unlock()
		for len(s.rates) > 2 && now.Sub(s.rates[0].at) > rateOver {
			s.rates = s.rates[1:]
		}
		if first := s.rates[0]; now > first.at {
			stats[i].PublishRate = float64(stats[i].PublishedSince-first.published) / now.Sub(first.at).Seconds()
		}
	}
	return stats
}

func (s *scope) numbers(b *Broker, now Instant) ScopeStats {
	var sum ScopeStats
	type busy struct {
		BusyTopic
		activity float64
	}
	var all []busy
	ends := b.newEndings(now)
	for _, t := range b.selected(s.pattern) {
		i := s.look(t, &ends)
		sum.Counts.add(i.Counts)
		sum.Topics++
		sum.Subscriptions += i.Subscriptions
		sum.WorstLag = max(sum.WorstLag, i.WorstLag)
		sum.LastPublish = max(sum.LastPublish, i.LastPublish)
		sum.LastEnd = max(sum.LastEnd, i.LastEnd)
		if i.NextDeadline != 0 && (sum.NextDeadline == 0 || i.NextDeadline < sum.NextDeadline) {
			sum.NextDeadline = i.NextDeadline
		}
		all = append(all, busy{BusyTopic{i.Name, i.Counts.Retained}, i.activity})
	}
	sum.Forecast = ends.all
	if s.all() {
		sum.Forecast = b.endings(now)
	}
	sum.Revision = b.revisions.Load()
	slices.SortFunc(all, func(x, y busy) int {
		return cmp.Or(-cmp.Compare(x.activity, y.activity), cmp.Compare(x.Name, y.Name))
	})
	for _, t := range all[:min(len(all), busiestShown)] {
		sum.Busiest = append(sum.Busiest, t.BusyTopic)
	}
	return sum
}

// look adds what ends when in a topic of the scope, and shows the topic at the same moment.
func (s *scope) look(t *topic, ends *endings) TopicInfo {
	t.mu.RLock()
	defer t.mu.RUnlock()
	if !s.all() { // which is kept up as a whole
		t.forecastLocked(ends)
	}
	return t.infoLocked(ends.now)
}

func (s *scope) all() bool { return s.pattern.text == everything }
