package bench

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"linger/client"
)

const (
	// The first second of the load is not counted among the ordinary ones, what comes after the death is looked at for so long.
	settle    = 500 * time.Millisecond
	leastLeft = 2500 * time.Millisecond
	afterward = 3 * time.Second
	// How many messages are published to see how fast that goes, and how long these live.
	trialShare = 10
	mostTrial  = 20_000
	trialTTL   = 2 * time.Second
	// The observers begin so long before the deadline.
	lookBefore = time.Second
)

// expiry has many messages die at one instant while others are published at a rate. It compares what a publish takes then with
// what it takes in an ordinary second, and looks how soon the dead are gone from every count.
func (b *Bench) expiry(ctx context.Context, r *Result) error {
	s := b.settings
	dying, err := b.makeExpiryTopics(ctx)
	if err != nil {
		return err
	}
	b.phase.begin("connecting", nil, 0)
	if err := b.makePublishers(ctx); err != nil {
		return err
	}
	if err := b.makeReaders(ctx, client.FromNew()); err != nil {
		return err
	}
	never := Deaths{Messages: uint64(s.Messages), GoneFromCounts: -1, GoneIntoEnds: -1, GoneFromMemory: -1}
	d := &deaths{bench: b, topics: dying, found: never}
	if err := d.fill(ctx); err != nil {
		return err
	}
	stop, err := b.startReaders(ctx)
	if err != nil {
		return err
	}
	defer stop()
	seconds := newSeconds(d.due)
	for _, p := range b.publishers {
		p.onAck = func(ack client.Ack, batch []handedOver, now int64) {
			seconds.record(batch, now)
			d.deadlines.add(ack)
		}
	}
	begun := b.clock.now()
	b.setPace(begun)
	lasts := time.Duration(d.due-begun) + afterward
	b.phase.begin("publishing until and after they die", b.acked, lasts)
	b.phase.of(0, b.publishers[0].acks)
	observed := d.observe(ctx)
	err = b.loading(ctx, lasts)
	r.Took = time.Duration(b.clock.now() - begun)
	seenErr := observed(err != nil)
	b.readOut(ctx, r, begun, stop)
	seconds.rows(r, begun, &d.found)
	d.rows(r)
	b.finish(r)
	if err == nil {
		err = errors.Join(seenErr, b.failure())
	}
	return err
}

// makeExpiryTopics makes the topic of the load, and those whose messages die.
func (b *Bench) makeExpiryTopics(ctx context.Context) (dying []*topic, err error) {
	s := b.settings
	if b.topics, err = b.makeTopics(ctx, s.TTL, b.base+".load"); err != nil {
		return nil, err
	}
	names := make([]string, s.Topics)
	for i := range names {
		names[i] = fmt.Sprintf("%s.dying.%d", b.base, i)
	}
	return b.makeTopics(ctx, s.Duration+settle, names...)
}

// deaths are the messages that die at one instant, and what is seen of that.
type deaths struct {
	bench  *Bench
	topics []*topic
	at     time.Time // the deadline, by the server's clock
	due    int64     // the same by the run's

	memoryBefore, memoryFull uint64 // before and after they were published
	memoryLast               uint64 // when it was told last before the deadline
	deadlines                deadlines
	told                     []toldRange
	ended                    map[string]uint64 // by topic, before the deadline
	found                    Deaths
}

// fill publishes the messages, after a trial that shows how long that takes.
func (d *deaths) fill(ctx context.Context) error {
	b, s := d.bench, d.bench.settings
	server, err := b.serverClock(ctx)
	if err != nil {
		return err
	}
	if d.memoryBefore, err = d.memory(ctx); err != nil {
		return err
	}
	b.phase.begin("trying how fast that goes", b.ackedBy(d.topics), 0)
	trial, begun := max(min(s.Messages/trialShare, mostTrial), 1), b.clock.now()
	if err := d.publish(ctx, trial, server(begun).Add(trialTTL).Truncate(time.Millisecond)); err != nil {
		return err
	}
	each := float64(b.clock.now()-begun) / float64(trial)
	for _, t := range d.topics {
		t.acked.Store(0)
	}
	// The trial may have been lucky: what is left over makes the ordinary load longer.
	takes := time.Duration(each*2*float64(s.Messages)) + time.Second
	d.at = server(b.clock.now()).Add(takes + settle + s.Duration).Truncate(time.Millisecond)
	d.due = d.at.UnixNano() - server(0).UnixNano()
	b.phase.begin("publishing what is to die", b.ackedBy(d.topics), 0)
	b.phase.of(s.Messages, nil)
	if err := d.publish(ctx, s.Messages, d.at); err != nil {
		return err
	}
	select {
	case <-time.After(settle):
	case <-ctx.Done():
		return ctx.Err()
	}
	if left := time.Duration(d.due - b.clock.now()); left < leastLeft {
		return fmt.Errorf("publishing %d messages took so long that only %s were left until they die; use fewer --messages or a longer --duration",
			s.Messages, max(left, 0).Round(time.Millisecond))
	}
	if d.memoryFull, err = d.memory(ctx); err != nil {
		return err
	}
	return nil
}

// publish publishes n messages that die at deadline, so many together as Batch says.
func (d *deaths) publish(ctx context.Context, n int, deadline time.Time) error {
	b := d.bench
	filling, stop := context.WithCancelCause(ctx)
	defer stop(nil)
	byName := map[string]*topic{}
	for _, t := range d.topics {
		byName[t.name] = t
	}
	stream := b.admin().NewPublisher(client.PublisherOptions{RetryFor: retryFor, OnBatch: func(o client.Outcome) {
		if o.Err == nil && !o.Ack.ExpireTime.Equal(deadline) {
			o.Err = fmt.Errorf("%s keeps messages until %s where %s was asked; let its policy allow more (linger serve --ttl-max)",
				o.Topic, o.Ack.ExpireTime, deadline)
		}
		if o.Err != nil {
			stop(o.Err)
			return
		}
		byName[o.Topic].acked.Add(uint64(o.Count))
	}})
	together := b.settings.Batch
	if together == 0 {
		together = (n + len(d.topics) - 1) / len(d.topics)
	}
	data := b.payloads.blank()
	var err error
	for i := 0; i < n && err == nil; i++ {
		b.payloads.write(data, stamp{stream: 1 << 31, number: uint64(i)})
		err = stream.Restore(filling, d.topics[i/together%len(d.topics)].name, client.Restored{ExpireTime: deadline}, client.Message{Data: data})
	}
	closing, release := outlasting(filling, answersWithin)
	defer release()
	closeErr := stream.Close(closing)
	if filling.Err() != nil { // why it was ended
		return context.Cause(filling)
	}
	return errors.Join(err, closeErr)
}

// ackedBy counts what topics' publishers had acknowledged.
func (b *Bench) ackedBy(topics []*topic) func() uint64 {
	return func() (sum uint64) {
		for _, t := range topics {
			sum += t.acked.Load()
		}
		return sum
	}
}

// clockTries is how often the server is asked for its time; the quickest answer counts.
const clockTries = 5

// serverClock returns what turns times of the run's clock into the server's. It is off by half of a round trip at most.
func (b *Bench) serverClock(ctx context.Context) (func(int64) time.Time, error) {
	var origin time.Time // the server's time when the run's clock stood at 0
	best := int64(-1)
	for range clockTries {
		before := b.clock.now()
		t, err := b.admin().ServerTime(ctx)
		if err != nil {
			return nil, err
		}
		if took := b.clock.now() - before; best < 0 || took < best {
			best, origin = took, t.Add(-time.Duration(before+took/2))
		}
	}
	return func(at int64) time.Time { return origin.Add(time.Duration(at)) }, nil
}

// isDying says whether a topic is one of those whose messages die together.
func (d *deaths) isDying(name string) bool { return strings.HasPrefix(name, d.bench.base+".dying.") }
