package bench

import (
	"time"

	"linger/client"
)

// Result is what a workload found.
type Result struct {
	// Settings are what it was told.
	Settings Settings
	// Started is when it began, by this machine's clock.
	Started time.Time
	// Took is how long the load lasted.
	Took time.Duration
	// Durability is what the acknowledgements promised.
	Durability client.Durability
	// Interrupted says that it was ended before its time.
	Interrupted bool
	// Rows are what was measured.
	Rows []Row
	// Counts are what became of the messages.
	Counts Counts
	// Expiry is what only that workload finds. Nil: another one.
	Expiry *Deaths
	// Notes are sentences that belong beside the figures.
	Notes []string
}

// Row is one thing measured. Its name is stable.
type Row struct {
	// Name names it for programs: "sent", "ack", "delivery", …
	Name string
	// Label names it for people.
	Label string
	// Messages is how many it is about, Bytes their data.
	Messages, Bytes uint64
	// Over is how long these took; 0: there is no rate.
	Over time.Duration
	// Times is how long each took; zero: not measured.
	Times Times
}

// Rate is messages a second; 0: there is none.
func (r *Row) Rate() float64 {
	if r.Over <= 0 {
		return 0
	}
	return float64(r.Messages) / r.Over.Seconds()
}

// Counts are what became of messages. Those of readers are summed over all of them.
type Counts struct {
	// Published were acknowledged.
	Published uint64
	// Refused were refused by the server, Unknown sent and not answered.
	Refused, Unknown uint64
	// Delivered were given to a reader.
	Delivered uint64
	// Lost were acknowledged, and not given to a reader who should have had them, without a reason told.
	Lost uint64
	// Doubled came twice, OutOfOrder after a later one, Damaged with another content.
	Doubled, OutOfOrder, Damaged uint64
	// DeadOnArrival reached their deadline on the way, and were not handed out.
	DeadOnArrival uint64
	// Expired, Evicted, Deleted and Forgotten ended before they came, as the server told in gaps.
	Expired, Evicted, Deleted, Forgotten uint64
	// Foreign are somebody else's, in a topic that was named.
	Foreign uint64
	// Outages is how often a connection was lost.
	Outages int
}

func (c *Counts) add(o Counts) {
	c.Delivered += o.Delivered
	c.Lost += o.Lost
	c.Doubled += o.Doubled
	c.OutOfOrder += o.OutOfOrder
	c.Damaged += o.Damaged
	c.DeadOnArrival += o.DeadOnArrival
	c.Expired += o.Expired
	c.Evicted += o.Evicted
	c.Deleted += o.Deleted
	c.Forgotten += o.Forgotten
	c.Foreign += o.Foreign
}

// Wrong is how many messages were not treated as they should have been.
func (r *Result) Wrong() uint64 {
	wrong := r.Counts.Lost + r.Counts.Doubled + r.Counts.OutOfOrder + r.Counts.Damaged
	if r.Expiry != nil {
		wrong += r.Expiry.Early + r.Expiry.Late
	}
	return wrong
}

// gather sums up what publishers and readers counted. whole says that readers were given all the time that they needed.
func (b *Bench) gather(r *Result, whole bool) {
	for _, p := range b.publishers {
		r.Counts.Published += p.acked.Load()
		r.Counts.Refused += p.refused.Load()
		r.Counts.Unknown += p.unknown.Load()
	}
	for _, reader := range b.readers {
		r.Counts.add(reader.total(whole))
	}
}

// recordedOnly makes a row one of those messages alone whose times were recorded.
func (b *Bench) recordedOnly(row *Row) {
	if b.settings.Workload == Latency {
		row.Messages = uint64(row.Times.Count)
		row.Bytes = row.Messages * uint64(b.settings.Size)
	}
}

// publishRows are what publishers measured since begun.
func (b *Bench) publishRows(r *Result, begun int64) {
	sent, acks := newTimes(), newTimes()
	var last int64
	var acked uint64
	for _, p := range b.publishers {
		sent.add(p.sent)
		acks.add(p.acks)
		acked += p.acked.Load()
		last = max(last, p.lastAck.Load())
	}
	if paced := sent.sum(); paced.Count > 0 {
		r.Rows = append(r.Rows, Row{Name: "sent", Label: "due → sent", Messages: uint64(paced.Count), Times: paced})
	}
	row := Row{
		Name: "ack", Label: "publish → ack", Messages: acked, Bytes: acked * uint64(b.settings.Size),
		Over: time.Duration(max(last-begun, 0)), Times: acks.sum(),
	}
	b.recordedOnly(&row)
	r.Rows = append(r.Rows, row)
}

// readRows are what readers measured since begun: all of them, and the slowest.
func (b *Bench) readRows(r *Result, begun int64) {
	if len(b.readers) == 0 {
		return
	}
	all, slowest := newTimes(), b.readers[0]
	row := Row{Name: "delivery", Label: "publish → delivery"}
	var last int64
	for _, reader := range b.readers {
		all.add(reader.times)
		row.Messages += reader.total(false).Delivered
		row.Bytes += reader.bytes.Load()
		last = max(last, reader.latest.Load())
		if reader.times.quantile(99) > slowest.times.quantile(99) {
			slowest = reader
		}
	}
	row.Over, row.Times = time.Duration(max(last-begun, 0)), all.sum()
	b.recordedOnly(&row)
	r.Rows = append(r.Rows, row)
	if len(b.readers) > 1 {
		row = Row{
			Name: "slowest_reader", Label: "slowest reader", Messages: slowest.total(false).Delivered, Bytes: slowest.bytes.Load(),
			Over: time.Duration(max(slowest.latest.Load()-begun, 0)), Times: slowest.times.sum(),
		}
		b.recordedOnly(&row)
		r.Rows = append(r.Rows, row)
	}
}
