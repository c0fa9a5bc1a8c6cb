package bench

import (
	"context"
	"fmt"
	"time"

	"linger/client"
)

// publish has publishers publish, and looks whether the server counts what it acknowledged.
func (b *Bench) publish(ctx context.Context, r *Result) error {
	if err := b.prepare(ctx); err != nil {
		return err
	}
	begun := b.clock.now()
	b.setPace(begun)
	b.phase.begin("publishing", b.acked, b.settings.Duration)
	b.phase.of(b.settings.Messages, b.publishers[0].acks)
	err := b.loading(ctx, b.settings.Duration)
	b.gather(r, false)
	b.publishRows(r, begun)
	b.finish(r)
	if err != nil {
		return err
	}
	return b.countPublished(ctx, r)
}

// prepare makes topics and publishers.
func (b *Bench) prepare(ctx context.Context) (err error) {
	s := b.settings
	if b.topics, err = b.makeTopics(ctx, s.TTL, b.names(s.Topics)...); err != nil {
		return err
	}
	b.phase.begin("connecting", nil, 0)
	return b.makePublishers(ctx)
}

// finish notes how long the load lasted and what its acknowledgements promised.
func (b *Bench) finish(r *Result) {
	for i := range r.Rows {
		r.Took = max(r.Took, r.Rows[i].Over)
	}
	for _, p := range b.publishers {
		if d := p.durability.Load(); d != 0 {
			r.Durability = client.Durability(d)
		}
	}
	b.notePace()
}

const (
	// So late at the end, and by such a share of the load, is not by chance.
	leastLate  = int64(100 * time.Millisecond)
	shareOfAll = 10
)

// notePace says so if publishers could not keep the rate: their times then tell how long the load lasted.
func (b *Bench) notePace() {
	var last, late int64
	for _, p := range b.publishers {
		last, late = max(last, p.lastSent), max(late, p.late)
	}
	took := last - b.paceBegun
	if late < max(leastLate, took/shareOfAll) {
		return
	}
	var handed uint64
	for _, t := range b.topics {
		handed += t.handed.Load()
	}
	b.note("the rate was not kept: %.0f messages a second of %d, the last one %s late, and all times count from when they were due; lower --rate",
		float64(handed)/time.Duration(took).Seconds(), b.settings.Rate, short(time.Duration(late).Round(time.Millisecond)))
}

// acked is how many messages were acknowledged so far.
func (b *Bench) acked() (sum uint64) {
	for _, t := range b.topics {
		sum += t.acked.Load()
	}
	return sum
}

// countPublished compares what the server counts as published with what it acknowledged.
func (b *Bench) countPublished(ctx context.Context, r *Result) error {
	for _, t := range b.topics {
		now, err := b.admin().GetTopic(ctx, t.name)
		if err != nil {
			return err
		}
		got, acked := now.Stats.Published-t.before, t.acked.Load()
		switch {
		case got < acked:
			r.Counts.Lost += acked - got
			r.Notes = append(r.Notes, fmt.Sprintf("%s counts %d messages as published; %d were acknowledged", t.name, got, acked))
		case got > acked+r.Counts.Unknown && !b.payloads.shared:
			r.Counts.Doubled += got - acked
			r.Notes = append(r.Notes, fmt.Sprintf("%s counts %d messages as published; only %d were acknowledged", t.name, got, acked))
		}
	}
	return nil
}
