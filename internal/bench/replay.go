package bench

import (
	"context"
	"time"

	"linger/client"
)

// replay publishes, and then has subscribers come, who read what is retained.
func (b *Bench) replay(ctx context.Context, r *Result) error {
	if err := b.prepare(ctx); err != nil {
		return err
	}
	filling := b.clock.now()
	b.phase.begin("publishing what is to be read", b.acked, 0)
	b.phase.of(b.settings.Messages, nil)
	err := b.loading(ctx, b.settings.Duration)
	b.publishRows(r, filling)
	r.Rows[len(r.Rows)-1].Label = "publish → ack, before"
	if err == nil {
		err = b.makeReaders(ctx, client.FromAll())
	}
	if err != nil {
		b.gather(r, false)
		b.finish(r)
		return err
	}
	begun := b.clock.now()
	b.phase.begin("reading", b.delivered, b.settings.Duration)
	b.phase.of(int(b.acked())*len(b.readers)/len(b.topics), nil)
	stop, err := b.startReaders(ctx)
	if err != nil {
		b.gather(r, false)
		b.finish(r)
		return err
	}
	whole := b.drain(ctx)
	stop()
	b.gather(r, whole)
	b.replayRows(r, begun)
	b.finish(r)
	return b.failure()
}

// replayRows are how fast the readers read, and how long each waited for the first message and for the last.
func (b *Bench) replayRows(r *Result, begun int64) {
	row := Row{Name: "replay", Label: "replay"}
	first, whole := newTimes(), newTimes()
	var last int64
	for _, reader := range b.readers {
		row.Messages += reader.total(false).Delivered
		row.Bytes += reader.bytes.Load()
		last = max(last, reader.latest.Load())
		if at := reader.first.Load(); at > 0 {
			first.record(at - begun)
		}
		if at := reader.caughtUp.Load(); at > 0 {
			whole.record(at - begun)
		}
	}
	row.Over = time.Duration(max(last-begun, 0))
	readers := uint64(len(b.readers))
	r.Rows = append(r.Rows, row,
		Row{Name: "first_message", Label: "until the first message", Messages: readers, Times: first.sum()},
		Row{Name: "caught_up", Label: "until caught up", Messages: readers, Times: whole.sum()})
}
