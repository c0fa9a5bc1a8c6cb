package broker

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"time"
)

// Retained is one message as it is kept.
type Retained struct {
	Topic                 string
	Incarnation, Sequence uint64
	PublishTime, Deadline Instant
	MaxDeadline           Instant       // the latest deadline that it may be given
	Granted               time.Duration // the lifetime that it was published with
	Deliveries            uint32        // subscriptions that it was handed to so far
	Message               []byte        // what is inside its frame; must not be changed
}

// ListPosition names the last message of a page.
type ListPosition struct {
	Topic     string
	Sequence  uint64
	Deadline  Instant // where the list is by deadline
	Published Instant // where it begins with the newest
}

// ListOptions say which messages to list.
type ListOptions struct {
	Pattern                  string  // a topic or a pattern
	ByDeadline               bool    // next to expire first; otherwise, unless Newest, by topic name and sequence
	Newest                   bool    // last published first, of one time by topic name and sequence, backwards
	MinSequence, MaxSequence uint64  // both included; 0: no bound
	MinDeadline, MaxDeadline Instant // the first included, the second not; 0: no bound
	MinPublish, MaxPublish   Instant // as these, of when they were published
	Limit                    int     // messages in the page, 1 or more
	Bytes                    int     // end the page behind so many bytes of messages; 0: no bound
	After                    *ListPosition
}

// ListPage is a page of messages.
type ListPage struct {
	Messages                []Retained
	More                    bool
	Now                     Instant // none of them had reached its deadline
	Retained, RetainedBytes uint64  // of all that matches the pattern, bounds aside
	RetainedWithin          uint64  // of Retained, how many were published within the bounds of that; 0 without such bounds

	bytes int // of Messages
}

// List shows messages alive. Listing is no delivery. Errors: [ErrTopicNotFound] for a name without wildcards,
// [ErrInvalid].
func (b *Broker) List(o ListOptions) (ListPage, error) {
	topics, err := b.topicsNamed(o.Pattern)
	if err != nil {
		return ListPage{}, err
	}
	if p, _ := parsePattern(o.Pattern); p.wild && (o.MinSequence != 0 || o.MaxSequence != 0) {
		return ListPage{}, &Error{Err: ErrInvalid, Field: "min_sequence", Detail: "sequences belong to one topic; name a single topic without wildcards."}
	}
	now := b.reclaimed()
	page := ListPage{Now: now}
	for _, t := range topics {
		t.mu.RLock()
		page.Retained += t.counts.Retained
		page.RetainedBytes += t.counts.RetainedBytes
		page.RetainedWithin += t.publishedWithinLocked(o.MinPublish, o.MaxPublish, now)
		t.mu.RUnlock()
	}
	for {
		var found []slice
		switch {
		case o.ByDeadline:
			found = soonest(topics, &o, now)
		case o.Newest:
			found = newest(topics, &o, now)
		default:
			found = inOrder(topics, &o, now)
		}
		if err := b.fill(&page, found, &o); err != nil || page.More || messagesIn(found) <= o.Limit {
			return page, err
		}
		// There was more than a page, but some of it ended before it was loaded: what follows belongs on the page, too.
		last := &found[len(found)-1]
		o.After = &ListPosition{Topic: last.topic.name, Sequence: last.run.last(), Deadline: last.run.deadline, Published: last.run.published}
		if o.Newest {
			o.After.Sequence = last.run.first
		}
	}
}

// slice is part of a run that belongs on a page.
type slice struct {
	topic *topic
	run   run
}

func messagesIn(found []slice) (n int) {
	for i := range found {
		n += int(found[i].run.count)
	}
	return n
}

// within cuts r to what the bounds and the page's beginning leave of it.
func (o *ListOptions) within(t *topic, r *run, now Instant) (slice, bool) {
	from, last := max(r.first, o.MinSequence), r.last()
	if o.MaxSequence != 0 {
		last = min(last, o.MaxSequence)
	}
	switch {
	case r.passing, !r.alive(now), o.MinDeadline != 0 && r.deadline < o.MinDeadline, o.MaxDeadline != 0 && r.deadline >= o.MaxDeadline:
		return slice{}, false
	case !r.publishedWithin(o.MinPublish, o.MaxPublish):
		return slice{}, false
	}
	if a := o.After; a != nil && o.Newest {
		switch before := cmp.Or(cmp.Compare(r.published, a.Published), cmp.Compare(t.name, a.Topic)); {
		case before > 0:
			return slice{}, false
		case before == 0:
			last = min(last, a.Sequence-1)
		}
	} else if a != nil {
		before := cmp.Compare(t.name, a.Topic)
		if o.ByDeadline {
			before = cmp.Or(cmp.Compare(r.deadline, a.Deadline), before)
		}
		switch {
		case before < 0:
			return slice{}, false
		case before == 0:
			from = max(from, a.Sequence+1)
		}
	}
	if from > last {
		return slice{}, false
	}
	s := slice{t, *r}
	if from != r.first || last != r.last() {
		s.run = r.cut(from, last)
	}
	return s, true
}

// inOrder collects by topic and sequence, a page and one message more.
func inOrder(topics []*topic, o *ListOptions, now Instant) (found []slice) {
	messages := 0
	for _, t := range topics {
		if messages > o.Limit {
			break
		}
		if o.After != nil && t.name < o.After.Topic {
			continue
		}
		t.mu.RLock()
		from := o.MinSequence
		if o.After != nil && o.After.Topic == t.name {
			from = max(from, o.After.Sequence+1)
		}
		for p := t.runs.seek(from); messages <= o.Limit; p = t.runs.next(p) {
			r := t.runs.at(p)
			if r == nil {
				break
			}
			if s, ok := o.within(t, r, now); ok {
				found = append(found, s)
				messages += int(s.run.count)
			}
		}
		t.mu.RUnlock()
	}
	return found
}

// fill turns runs into the page's messages.
func (b *Broker) fill(p *ListPage, found []slice, o *ListOptions) error {
	for i := range found {
		body, err := b.loadInTurn(context.Background(), found[i].topic, &found[i].run)
		switch {
		case errors.Is(err, errGone):
			continue
		case err != nil:
			return err
		}
		if p.More = !p.add(&found[i], body, o); p.More {
			return nil
		}
	}
	return nil
}

// add adds the messages of a run; false: not all of them belong on the page.
func (p *ListPage) add(s *slice, body []byte, o *ListOptions) bool {
	s.topic.mu.RLock()
	defer s.topic.mu.RUnlock()
	begin := len(p.Messages)
	one, until := s.topic.retainedLocked(&s.run), uint64(0)
	for ; one.Sequence <= s.run.last(); one.Sequence++ {
		one.Message, body = frameAt(body)
		if !o.Newest && p.full(&one, o) {
			return false
		}
		if one.Sequence > until {
			one.Deliveries, until = s.topic.deliveriesLocked(one.Sequence, false)
		}
		p.bytes += len(one.Message)
		p.Messages = append(p.Messages, one)
	}
	if o.Newest {
		return p.turn(begin, o)
	}
	return true
}

// full tells whether one more message does not belong on the page.
func (p *ListPage) full(m *Retained, o *ListOptions) bool {
	return len(p.Messages) >= o.Limit || (o.Bytes > 0 && p.bytes > 0 && p.bytes+len(m.Message) > o.Bytes)
}

// retainedLocked describes the first message of a run, but for the message itself and its deliveries.
func (t *topic) retainedLocked(r *run) Retained {
	return Retained{
		Topic: t.name, Incarnation: t.incarnation, Sequence: r.first, PublishTime: r.published, Deadline: r.deadline,
		MaxDeadline: t.maxDeadlineLocked(r), Granted: t.grantedLocked(r),
	}
}

// Get shows one message, or how it ended; Reason NotEnded says that this is no longer remembered. Errors:
// [ErrTopicNotFound], [ErrNoMessage].
func (b *Broker) Get(name string, sequence uint64) (Retained, *Ended, error) {
	t := b.lookup(name)
	if t == nil {
		return Retained{}, nil, topicNotFound(name)
	}
	now := b.clock.Now()
	t.mu.RLock()
	r, err := t.aliveLocked(sequence, now)
	if err != nil {
		t.mu.RUnlock()
		var e *Error
		if errors.As(err, &e) && e.Ended != nil {
			return Retained{}, e.Ended, nil
		}
		return Retained{}, nil, err
	}
	one := r.cut(sequence, sequence)
	found := t.retainedLocked(&one)
	found.Deliveries, _ = t.deliveriesLocked(sequence, false)
	t.mu.RUnlock()
	body, err := b.loadInTurn(context.Background(), t, &one)
	if errors.Is(err, errGone) {
		t.mu.RLock()
		defer t.mu.RUnlock()
		return Retained{}, t.endedLocked(sequence), nil
	}
	if err != nil {
		return Retained{}, nil, err
	}
	found.Message, _ = frameAt(body)
	return found, nil, nil
}

// endedLocked tells how a message that is not alive ended.
func (t *topic) endedLocked(sequence uint64) *Ended {
	e := &Ended{Topic: t.name, Incarnation: t.incarnation, First: sequence, Last: sequence}
	if r, _ := t.runs.find(sequence); r != nil { // passing, or due to be reclaimed
		e.PublishTime, e.EndTime = r.published, r.deadline
		e.Deliveries, _ = t.deliveriesLocked(sequence, r.passing)
		e.Reason = ExpiredUndelivered
		if e.Deliveries > 0 {
			e.Reason = ExpiredDelivered
		}
		return e
	}
	if known, ok := t.ends.find(sequence); ok {
		e.Reason, e.PublishTime, e.EndTime, e.Deliveries = known.Reason, known.PublishTime, known.EndTime, known.Deliveries
	}
	return e
}

// String is a clause for people.
func (e *Ended) String() string {
	at := e.EndTime.Time().Format("2006-01-02 15:04:05.000Z07:00")
	switch e.Reason {
	case ExpiredDelivered:
		return fmt.Sprintf("expired at %s, delivered to %d", at, e.Deliveries)
	case ExpiredUndelivered:
		return fmt.Sprintf("expired at %s, undelivered", at)
	case ExpiredUnknown:
		return fmt.Sprintf("expired at %s", at)
	case Evicted:
		return fmt.Sprintf("evicted at %s", at)
	case Deleted:
		return fmt.Sprintf("deleted at %s", at)
	case Lost:
		return "lost in a crash"
	}
	return "how is no longer remembered"
}
